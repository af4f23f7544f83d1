"""Accounts that may not mass send get a finished draft a day, and staff hear of it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.adapters.wechat.errors import Busy, NoRight, PlatformError, Unsure
from bot.layout import page
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Reach
from bot.store.outbox import Outbox
from jobs import digest, handmade
from jobs.drafts import Layout
from jobs.handmade import Told
from tests.jobs.shelf import DAY, MINUTE, Account, Shelf, once

LAYOUT, NOTE = Layout("原文：{url}"), Told("{count}篇", "{count}篇，第{number}号没有做成：{error}")


def go(shelf: Shelf, account: Account) -> int:
    return handmade.deliver_due(shelf.store, account, LAYOUT, NOTE, ("wecom",), shelf.clock)


def planned(shelf: Shelf) -> int:
    for number in (1, 2):
        shelf.put(number, "chips", "cars")
    digest.plan(shelf.store, ("chips", "cars"), shelf.clock(), reach=Reach(()))
    return handmade.plan(shelf.store, shelf.clock())


def test_what_is_new_in_any_topic_becomes_one_draft_and_staff_are_told(shelf: Shelf, account: Account) -> None:
    assert planned(shelf)
    assert handmade.plan(shelf.store, shelf.clock()) == 0
    assert go(shelf, account) == 1
    ((first, second),) = account.drafts.values()
    assert {first.title, second.title} == {"文章1", "文章2"}
    with shelf.store() as session:
        assert [row.kind for row in session.scalars(sa.select(Outbox))] == ["draft"]
        assert session.scalar(sa.select(Broadcast.state).where(Broadcast.kind == "draft")) == "done"
    shelf.clock.move(DAY)
    assert handmade.plan(shelf.store, shelf.clock()) == 0


@pytest.mark.parametrize("error", [Busy(-1, "busy"), Unsure(None, "timeout")], ids=["busy", "cut"])
def test_a_draft_that_was_not_made_for_now_is_made_soon(shelf: Shelf, account: Account, error: PlatformError) -> None:
    planned(shelf)
    account.cut = once("draft", error)
    assert go(shelf, account) == 0
    shelf.clock.move(2 * MINUTE)
    assert go(shelf, account) == 1


@pytest.mark.parametrize("error", [NoRight(48001, "no right")])
def test_without_the_right_staff_get_the_html(shelf: Shelf, account: Account, error: PlatformError) -> None:
    number = planned(shelf)
    account.fails = once("draft", error)
    assert go(shelf, account) == 0
    with shelf.store() as session:
        note = session.scalar(sa.select(Outbox.note)) or ""
        stories = handmade.broadcasts.show(session, number)
    assert note.startswith(f"2篇，第{number}号没有做成：48001")
    assert stories is not None
    text = page(stories.stories, "原文：{url}")
    assert "<h2>文章1</h2>" in text
    assert "<p>原文：https://site.example/1</p>" in text


def test_of_articles_that_were_all_taken_down_no_draft_is_told(shelf: Shelf, account: Account) -> None:
    planned(shelf)
    for number in (1, 2):
        shelf.gone(number)
    assert go(shelf, account) == 0
    assert account.drafts == {}
    with shelf.store() as session:
        assert session.scalars(sa.select(Outbox)).all() == []
        assert session.scalar(sa.select(Broadcast.state).where(Broadcast.kind == "draft")) == "failed"
