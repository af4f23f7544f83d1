"""Each inquiry that is begun is counted once, in the chat or on the page, with its source and nothing of who it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from bot import wiring
from bot.adapters import asked
from bot.store.base import reading
from bot.store.beginnings import Beginning
from bot.store.followers import Follower as Row
from jobs.asked import take_down
from tests.form.conftest import SITE, Follower
from tests.form.test_form import ALL


@pytest.fixture(autouse=True)
def none_yet(front: wiring.Front, wang: Follower) -> Iterator[None]:
    front.made.redis.delete(asked.ASKED)
    with front.made.sessions.begin() as session:
        session.execute(sa.delete(Beginning))
    yield


def opens(front: wiring.Front, follower: Follower) -> None:
    """The page, without a word in the chat."""
    follower.opens(wiring.links_of(front.made).to(follower.openid, datetime.now(UTC)).removeprefix(SITE))


def begun(front: wiring.Front) -> list[tuple[str, list[int]]]:
    """What a worker makes rows of."""
    made = front.made
    take_down(made.sessions, made.vault, partial(asked.waiting, made.redis, made.vault))
    with reading(made.sessions) as session:
        return [(row.scene, row.shown) for row in session.scalars(sa.select(Beginning).order_by(Beginning.id))]


def test_in_the_chat_it_counts_at_its_first_message_only(front: wiring.Front, wang: Follower) -> None:
    wang.chat.event("subscribe", EventKey="qrscene_expo")
    assert begun(front) == []
    wang.say("我要找厂房土地")
    wang.say("租")
    wang.say("重填")
    assert begun(front) == [("expo", [])]


def test_what_is_given_up_and_begun_again_counts_again_but_what_is_taken_back_does_not(
    front: wiring.Front, wang: Follower
) -> None:
    wang.say("想在昆山租3000平厂房")
    wang.say("取消")
    wang.say("确认取消")
    wang.say("恢复")
    assert len(begun(front)) == 1
    wang.say("取消")
    wang.say("确认取消")
    wang.say("我要找厂房土地")
    assert len(begun(front)) == 2


def test_talk_of_other_things_begins_nothing(front: wiring.Front, wang: Follower) -> None:
    for text in ("你好", "光模块", "帮助", "查看", "转人工"):
        wang.say(text)
    assert begun(front) == []


def test_the_page_begins_one_and_goes_on_with_that_of_the_chat(front: wiring.Front, wang: Follower) -> None:
    opens(front, wang)
    assert begun(front) == [], "to look is not to begin"
    wang.types("deal", "1")
    wang.types("asset", "1")
    assert len(begun(front)) == 1
    wang.say("昆山")
    assert len(begun(front)) == 1


def test_two_people_who_begin_on_the_page_are_two(front: wiring.Front, app: Flask, wang: Follower) -> None:
    for one in (wang, Follower(front, app, "oForm_li_00000000000000001")):
        opens(front, one)
        one.types("deal", "1")
    assert len(begun(front)) == 2


def test_a_page_sent_at_once_and_its_later_changes_are_one(front: wiring.Front, wang: Follower) -> None:
    opens(front, wang)
    assert wang.submits(**ALL, agree="1").status_code == 303
    assert len(begun(front)) == 1
    wang.types("area", "8000平", was="3000㎡")
    wang.say("面积改成9000平")
    assert len(begun(front)) == 1


def test_a_page_does_not_open_the_hours_in_which_the_account_may_write(front: wiring.Front, wang: Follower) -> None:
    opens(front, wang)
    wang.types("deal", "1")
    assert len(begun(front)) == 1
    with reading(front.made.sessions) as session:
        row = session.get(Row, wang.openid)
    assert row is None or row.heard_at is None


def test_nothing_of_the_person_is_in_the_row(front: wiring.Front, wang: Follower) -> None:
    wang.say("想在昆山租3000平厂房，王小明 13800001234")
    assert len(begun(front)) == 1
    with reading(front.made.sessions) as session:
        told = str(session.execute(sa.select(sa.text("*")).select_from(Beginning)).all())
    assert not any(word in told for word in (wang.openid, "1380000", "王小明", "昆山"))


def test_they_are_kept_for_two_years(front: wiring.Front, wang: Follower) -> None:
    from jobs.housekeeping import tidy

    wang.say("我要找厂房土地")
    assert len(begun(front)) == 1
    made = front.made
    assert tidy(made.sessions, made.vault, datetime.now(UTC) + timedelta(days=720))["beginnings"] == 0
    assert tidy(made.sessions, made.vault, datetime.now(UTC) + timedelta(days=740))["beginnings"] == 1
