"""Several senders share one supply and one book: whatever dies or is away, nothing is lost and nobody told twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.wechat.errors import NoRight, PlatformError
from bot.store import claims, received
from bot.store.deliveries import Delivery
from bot.store.received import Received
from jobs import book, deliver
from jobs import courier as couriers
from jobs import supply as supplies
from jobs.courier import LEASE, Speed
from jobs.habits import Habits
from jobs.supply import Supply
from tests.jobs.shelf import HOUR, MINUTE, Account, Shelf
from tests.jobs.test_channels import by_openid, courier, plan, send, waiting


class Killed(BaseException):
    pass


def writers(shelf: Shelf, count: int) -> list[str]:
    openids = [f"o{number}" for number in range(count)]
    for openid in openids:
        shelf.subscribe(openid, "chips")
        shelf.writes(openid)
    shelf.put(1, "chips")
    plan(shelf)
    return openids


def states(shelf: Shelf) -> Counter[str]:
    return Counter(row.state for row in by_openid(shelf).values())


def dies_at(number: int) -> Callable[[str], PlatformError | None]:
    left = iter(range(number - 1))

    def call(_: str) -> PlatformError | None:
        if next(left, None) is None:
            raise Killed
        return None

    return call


def test_a_dying_sender_leaves_unsure_only_what_was_on_its_way(shelf: Shelf, account: Account) -> None:
    writers(shelf, 20)
    account.fails = dies_at(4)
    with pytest.raises(Killed):
        send(shelf, account)
    assert states(shelf)["sent"] == 3
    account.fails = lambda _: None
    shelf.clock.move(2 * MINUTE)
    assert send(shelf, account) == 16
    assert states(shelf) == {"sent": 19, "unsure": 1}
    assert {len(got) for got in account.phones.values()} == {1}


def test_what_a_dead_worker_had_made_ready_is_free_again_and_no_cap_counts_it(shelf: Shelf, account: Account) -> None:
    writers(shelf, 3)
    account.fails = dies_at(1)
    with pytest.raises(Killed):
        send(shelf, account)
    # As if no hand had been left to give it back.
    with shelf.store.begin() as session:
        rows = claims.claim(session, ("service",), "dead", shelf.clock(), LEASE, 9)
        received.receive_many(session, {row.id: (row.openid, [1]) for row in rows}, shelf.clock())
    assert len(rows) == 2
    account.fails = lambda _: None
    shelf.clock.move(2 * MINUTE)
    assert send(shelf, account, habits=Habits(a_day=1)) == 2


def test_a_run_that_ends_early_gives_back_what_it_had_made_ready(shelf: Shelf, account: Account) -> None:
    writers(shelf, 20)
    account.fails = dies_at(1)
    with pytest.raises(Killed):
        send(shelf, account)
    assert states(shelf) == {"sending": 1, "planned": 19}
    with shelf.store() as session:
        assert len(session.scalars(sa.select(Received)).all()) == 1


def commits_and_cuts(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """The database does the commit and dies before it says so, every third time."""
    commit, count, cut = Session.commit, iter(range(10_000)), []
    guard = threading.Lock()

    def wrapped(session: Session) -> None:
        commit(session)
        with guard:
            number = next(count)
            if number % 3 == 2 and len(cut) < times:
                cut.append(number)
                raise sa.exc.OperationalError("COMMIT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(book, "_written", _committing(book._written, wrapped))
    monkeypatch.setattr(couriers, "PAUSE_S", 0.01)
    return cut


def _committing(write: Any, committed: Callable[[Session], None]) -> Any:
    def again(courier: Any, done: Any, ready: Any) -> Any:
        answer = write(courier, done, ready)
        with courier.sessions() as session:
            committed(session)
        return answer

    return again


def test_a_commit_whose_answer_was_lost_leaves_nobody_out(
    shelf: Shelf, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    openids = writers(shelf, 30)
    cut = commits_and_cuts(monkeypatch, times=5)
    send(shelf, account, speed=Speed(at_once=3))
    assert len(cut) == 5
    assert {openid: len(account.phones[openid]) for openid in openids} == dict.fromkeys(openids, 1)
    assert states(shelf) == {"sent": 30}


def test_no_more_than_allowed_are_on_their_way_at_once(shelf: Shelf, account: Account) -> None:
    writers(shelf, 40)
    now, most, guard, full = [0], [0], threading.Lock(), threading.Event()

    def call(_: str) -> PlatformError | None:
        with guard:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] > 4:
                full.set()
        full.wait(0.05)
        with guard:
            now[0] -= 1
        return None

    account.fails = call
    assert send(shelf, account, speed=Speed(at_once=4)) == 40
    assert most[0] == 4


def test_two_messages_to_one_follower_in_one_go_are_counted_one_after_the_other(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips", "cars")
    shelf.writes("oA")
    shelf.put(1, "chips")
    shelf.put(2, "cars")
    plan(shelf)
    assert send(shelf, account, habits=Habits(a_day=1)) == 1
    assert len(account.phones["oA"]) == 1


def test_a_channel_that_is_refused_gives_back_all_that_was_ready(shelf: Shelf, account: Account) -> None:
    openids = writers(shelf, 20)
    account.fails = lambda call: NoRight(48001, "api unauthorized")
    assert send(shelf, account) == 0
    assert account.calls.count("send") == 1
    assert states(shelf)["planned"] == 19
    assert {waiting(shelf, openid).articles for openid in openids} == {(1,)}
    assert {shelf.ledger.may_send(openid, shelf.clock()) for openid in openids} == {5}


def test_who_has_no_room_in_the_window_left_is_reached_by_the_next_channel_with_many_senders(
    shelf: Shelf, account: Account
) -> None:
    openids = writers(shelf, 20)
    for openid in openids[::2]:
        for _ in range(4):
            assert shelf.ledger.spend(openid, shelf.clock())
    assert send(shelf, account, speed=Speed(at_once=3)) == 20
    assert Counter(row.channel for row in by_openid(shelf).values()) == {"service": 10, "template": 10}


def test_redis_that_goes_away_costs_nobody_their_news(shelf: Shelf, account: Account) -> None:
    import redis

    openids, real = writers(shelf, 12), shelf.ledger

    class Failing:
        """Away for the third to fifth question."""

        def __init__(self) -> None:
            self.asked = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def spend(self, *args: Any, **more: Any) -> str:
            self.asked += 1
            if 3 <= self.asked <= 5:
                raise redis.ConnectionError("away")
            return real.spend(*args, **more)

    shelf_courier = courier(shelf, account)
    object.__setattr__(shelf_courier, "ledger", Failing())
    assert deliver.run(shelf_courier) == 9
    shelf.clock.move(HOUR)
    assert send(shelf, account) == 3
    assert {len(account.phones[openid]) for openid in openids} == {1}
    with shelf.store() as session:
        assert {row.state for row in session.scalars(sa.select(Delivery))} == {"sent"}


def test_a_sender_that_fails_to_write_down_holds_up_nobody(shelf: Shelf, account: Account) -> None:
    """It dies just when it was about to take in more."""
    writers(shelf, 3)

    def away() -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("away"))

    supply = Supply(courier(shelf, account))
    with pytest.raises(sa.exc.OperationalError):
        supply.take(away)
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(supply.take, lambda: None)
        wait([taken], timeout=20)
        if not taken.done():  # let the test end, too
            supply._fetching = False
            with supply._change:
                supply._change.notify_all()
            pytest.fail("it waits for somebody who is gone")
        assert len(taken.result()) == 1


def test_a_template_message_the_platform_has_forgotten_is_not_sent_again_by_a_long_run(
    shelf: Shelf, account: Account
) -> None:
    """It was begun by somebody who died; this run goes on for hours."""
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    mine = courier(shelf, account)
    supply = Supply(mine)
    supply._tidied = time.monotonic()
    with shelf.store.begin() as session:
        (row,) = session.scalars(sa.select(Delivery))
        row.begun_at = shelf.clock()
    shelf.clock.move(10 * MINUTE)
    assert supply.take(lambda: None) == []
    assert send(shelf, account) == 0
    assert states(shelf) == {"unsure": 1}


def test_what_dead_workers_left_comes_first_and_while_a_push_goes_on(
    shelf: Shelf, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supplies, "TIDIED", 0.0)
    openids = writers(shelf, 30)
    with shelf.store.begin() as session:
        rows = claims.claim(session, ("service",), "dead", shelf.clock(), LEASE, 2)
    supply = Supply(courier(shelf, account))
    first = supply.take(lambda: None)
    shelf.clock.move(2 * MINUTE)
    taken = [packet for _ in range(12) for packet in supply.take(lambda: None)]
    order = [packet.row.openid for packet in first + taken]
    assert {row.openid for row in rows} <= set(order)
    assert len(openids) > len(order)
