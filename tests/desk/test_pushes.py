"""Decisions about pushes at the desk: each once, logged, refused when too late or not theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import articles, broadcasts
from bot.store.articles import Content
from bot.store.base import Sessions, reading
from bot.store.broadcasts import Broadcast
from tests.desk.people import Browser, Clock, Office


@pytest.fixture
def waiting(store: Sessions, clock: Clock) -> int:
    with store.begin() as session:
        ids = [
            articles.upsert(session, Content(f"https://site.example/{n}.html", f"文章 {n}", f"x{n}", clock()), clock())[
                0
            ]
            for n in range(2)
        ]
        made = broadcasts.plan(session, "news", "robot", "key", ids, clock(), timedelta(minutes=30))
        assert made is not None
        return made.id


def row(store: Sessions, number: int) -> Broadcast:
    with reading(store) as session:
        return session.get_one(Broadcast, number)


def test_a_push_is_looked_at_changed_and_approved(waiting: int, wang: Browser, store: Sessions, office: Office) -> None:
    assert "自动发出" in wang.see("/pushes") and "文章 1" in wang.see("/pushes")
    wang.post(f"/pushes/{waiting}/retitle", title="本周\n要闻")
    wang.post(f"/pushes/{waiting}/drop_article", article=row(store, waiting).articles[0])
    wang.post(f"/pushes/{waiting}/approve")
    after = row(store, waiting)
    assert (after.state, after.title, len(after.articles), after.decided_by) == ("approved", "本周 要闻", 1, "wang")
    assert [one.act for one in office.log() if one.act.startswith("push")] == [
        "push retitle",
        "push drop",
        "push approve",
    ]
    wang.post(f"/pushes/{waiting}/cancel")
    assert "来不及了" in wang.see("/pushes")
    assert row(store, waiting).state == "approved"


@pytest.mark.parametrize(("act", "state"), [("hold", "held"), ("cancel", "cancelled")])
def test_a_push_is_held_or_cancelled(waiting: int, wang: Browser, store: Sessions, act: str, state: str) -> None:
    wang.post(f"/pushes/{waiting}/{act}")
    assert row(store, waiting).state == state
    wang.see("/pushes")


def test_a_preview_is_asked_for_somebody(waiting: int, wang: Browser, store: Sessions) -> None:
    wang.post(f"/pushes/{waiting}/preview", to=" ")
    assert row(store, waiting).preview_to == ""
    wang.post(f"/pushes/{waiting}/preview", to="wangxm2026")
    assert row(store, waiting).preview_to == "wangxm2026"
    assert wang.post("/pushes/99/preview", to="x").status_code == 404


def test_an_agent_only_looks(waiting: int, li: Browser, store: Sessions) -> None:
    assert "批准，发出" not in li.see("/pushes")
    assert li.post(f"/pushes/{waiting}/approve").status_code == 403
    assert row(store, waiting).state == "waiting"
