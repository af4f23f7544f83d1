"""What nobody knows of is asked for where the account keeps a record that proves itself; else it is left to staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.wechat.client import ChatRecord, Platform
from bot.adapters.wechat.errors import NeedsOperator
from bot.store import received, reply_news
from bot.store.deliveries import Delivery, Reach
from jobs import book, deliver, digest, doubts
from tests.jobs.courier import WORDS
from tests.jobs.shelf import HOUR, MINUTE
from tests.jobs.test_against_simulator import World, world

__all__ = ["world"]
SEND = "/cgi-bin/message/custom/send"


def run(world: World) -> int:
    return deliver.deliver_due(world.shelf.store, world.platform, world.ledger, WORDS, world.shelf.clock)


def asked(world: World) -> int:
    return doubts.settle(world.shelf.store, world.platform, world.ledger, world.shelf.clock)


def later(world: World, by: timedelta = 6 * MINUTE) -> None:
    world.shelf.clock.move(by)
    world.post("clock", move=by.total_seconds())


def states(world: World) -> dict[str, str]:
    with world.shelf.store() as session:
        return {row.openid: row.state for row in session.scalars(sa.select(Delivery))}


def two_in_doubt(world: World, count: int = 8) -> tuple[list[str], str, str]:
    """All got it but for the last; of it and the one before it nobody knows. Returns all, who got it, and who not."""
    openids = world.followers(count, writing=True)
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], world.shelf.clock(), reach=Reach())
    got, missed = openids[-2], openids[-1]
    with world.shelf.store.begin() as session:
        rows = {row.openid: row for row in session.scalars(sa.select(Delivery))}
        rows[missed].due_at += 10 * HOUR
    world.post("faults", kind="cut", path=SEND, skip=count - 2, times=1)
    assert run(world) == count - 2
    with world.shelf.store.begin() as session:
        cut = session.scalars(sa.select(Delivery).where(Delivery.state == "unsure")).one()
        got = cut.openid
        row = session.scalars(sa.select(Delivery).where(Delivery.openid == missed)).one()
        row.state, row.begun_at, row.settled_at = "unsure", world.shelf.clock(), world.shelf.clock()
        received.receive(session, missed, [1], row.id, world.shelf.clock())
    return openids, got, missed


def test_who_got_it_is_known_and_who_did_not_gets_it_once(world: World) -> None:
    world.post("knobs", chat_record="all")
    openids, got, missed = two_in_doubt(world)
    assert asked(world) == 0  # too early: it may be on its way
    later(world)
    assert asked(world) == 2
    assert (states(world)[got], states(world)[missed]) == ("sent", "planned")
    assert run(world) == 1
    assert world.received(1) == dict.fromkeys(openids, 1)
    assert set(states(world).values()) == {"sent"}
    assert asked(world) == 0


@pytest.mark.parametrize("record", ["off", "agents"])
def test_a_record_that_proves_nothing_leaves_them_to_staff(world: World, record: str) -> None:
    world.post("knobs", chat_record=record)
    _, got, missed = two_in_doubt(world)
    later(world)
    assert asked(world) == 0
    assert (states(world)[got], states(world)[missed]) == ("unsure", "unsure")
    with world.shelf.store() as session:
        assert reply_news.waiting(session, missed, world.shelf.clock()).articles == ()


def test_with_too_few_witnesses_nothing_is_believed(world: World) -> None:
    world.post("knobs", chat_record="all")
    two_in_doubt(world, count=4)
    later(world)
    assert asked(world) == 0


class Gaps:
    """A record that lacks one of those who surely got it."""

    def __init__(self, platform: Platform, lacking: str) -> None:
        self.platform, self.lacking = platform, lacking

    def chat_records(self, start: datetime, end: datetime) -> list[ChatRecord]:
        return [one for one in self.platform.chat_records(start, end) if one.openid != self.lacking]


def test_a_record_with_gaps_is_not_believed(world: World) -> None:
    world.post("knobs", chat_record="all")
    openids, got, missed = two_in_doubt(world)
    sent = next(one for one in openids if one not in (got, missed))
    later(world)
    assert doubts.settle(world.shelf.store, Gaps(world.platform, sent), world.ledger, world.shelf.clock) == 0


def test_an_account_without_the_record_is_asked_once_a_day(world: World) -> None:
    two_in_doubt(world)
    calls: list[int] = []

    class Shut:
        def chat_records(self, start: datetime, end: datetime) -> Any:
            calls.append(1)
            raise NeedsOperator(65400, "off")

    for _ in range(3):
        later(world)
        doubts.settle(world.shelf.store, Shut(), world.ledger, world.shelf.clock)
    assert calls == [1]


def test_the_record_is_read_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.wechat.client.RECORDS_AT_ONCE", 3)
    world.post("knobs", chat_record="all")
    openids = world.followers(7, writing=True)
    for openid in openids:
        world.platform.send_text(openid, "x")
    now = datetime.now(UTC)
    found = [one.openid for one in world.platform.chat_records(now - HOUR, now + MINUTE) if one.by_us]
    assert sorted(found) == sorted(openids)


def test_a_machine_that_slept_after_it_began_sends_nothing_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.followers(1, writing=True)
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], world.shelf.clock(), reach=Reach())
    write: Callable[..., Any] = book.Book.write

    def slept(book: Any, done: Any, ready: Any) -> Any:
        answer = write(book, done, ready)
        if ready:
            world.shelf.clock.move(HOUR)
        return answer

    monkeypatch.setattr(book.Book, "write", slept)
    with pytest.MonkeyPatch.context() as once:
        once.setattr(deliver, "_send", lambda courier, packet: pytest.fail("it was sent"))
        with pytest.raises(RuntimeError, match="enough"):
            _until(world)


def _until(world: World, turns: int = 2) -> None:
    """Each try is put back and begun again, for the clock sleeps every time: stopped after a few."""
    left = [turns]
    real = book.claims.put_back

    def counted(*args: Any, **more: Any) -> bool:
        left[0] -= 1
        if not left[0]:
            raise RuntimeError("enough")
        return real(*args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book.claims, "put_back", counted)
        run(world)
