"""How many a mass send would reach is told without looking at a million subscribers."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store import issues
from bot.store.base import Sessions
from bot.store.issues import Issue
from bot.store.received import receive
from bot.store.subscriptions import Subscription
from tests.store.say import NOON

BEFORE = NOON - timedelta(hours=1)


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pages of four; the openids behind which one was asked for."""
    asked: list[str] = []
    page = issues._page

    def counted(session: Session, issue: Issue, *rest: object) -> tuple[int, int, str]:
        asked.append(str(rest[-1]))
        return page(session, issue, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(issues, "PAGE", 4)
    monkeypatch.setattr(issues, "_page", counted)
    return asked


def subscribed(store: Sessions, count: int, *, received: int = 0, topic: str = "chips") -> None:
    """The first of them have article 1 already."""
    openids = [f"o{number:02}" for number in range(count)]
    with store.begin() as session:
        rows = [{"openid": one, "topic": topic, "since": BEFORE, "pace": ""} for one in openids]
        session.execute(sa.insert(Subscription), rows)
        for openid in openids[:received]:
            receive(session, openid, [1], None, NOON)


def asked(store: Sessions, **more: int) -> int:
    with store() as session:
        return issues.recipients(session, Issue("chips", (1,), NOON), NOON, **more)


def test_all_who_want_it_and_have_it_not_are_counted(store: Sessions, questions: list[str]) -> None:
    subscribed(store, 10, received=3)
    subscribed(store, 10, topic="cars")
    assert asked(store) == 7
    assert questions == ["", "o03", "o07"]


def test_counting_ends_where_it_is_enough(store: Sessions, questions: list[str]) -> None:
    subscribed(store, 40)
    assert asked(store, most=5) == 5
    assert len(questions) == 2


def test_after_a_look_at_some_those_found_will_do(store: Sessions, questions: list[str]) -> None:
    subscribed(store, 40, received=6)
    assert asked(store, enough=8) == 2
    assert len(questions) == 2


def test_where_the_first_have_it_all_somebody_is_still_found(store: Sessions, questions: list[str]) -> None:
    subscribed(store, 40, received=39)
    assert asked(store, enough=8) == 1


def test_nobody_is_nobody(store: Sessions, questions: list[str]) -> None:
    assert asked(store, enough=8) == 0
    subscribed(store, 8, received=8)
    assert asked(store, enough=8) == 0
