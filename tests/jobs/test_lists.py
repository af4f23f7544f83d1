"""Mass sends to followers by list, through the real client to the simulated platform, which counts who got what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.redis_scripts import connected
from bot.adapters.vault import Vault
from bot.dialogue.effects import Reported
from bot.dialogue.message import Receipt
from bot.store import erasures, received, reply_news
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.effects import commit
from bot.store.subscriptions import WEEKLY
from jobs import digest, mass
from jobs.drafts import Layout
from jobs.mass import Lists
from tests.jobs.courier import WORDS
from tests.jobs.shelf import DAY, HOUR, MINUTE
from tests.jobs.test_against_simulator import World, world
from tests.store.say import message

__all__ = ["world"]

THREE = Lists(below=100, most=3)
SEND = "/cgi-bin/message/mass/send"


def plan(world: World, lists: Lists = THREE) -> int:
    digest.plan(world.shelf.store, ["chips"], datetime.now(UTC), reach=Reach(()))
    return mass.plan(world.shelf.store, ["chips"], world.ledger, datetime.now(UTC), lists=lists)


def send(world: World, lists: Lists = THREE, later: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    return mass.deliver_due(
        world.shelf.store, world.platform, world.ledger, WORDS.names, Layout("原文：{url}"), later, lists=lists
    )


def lists_of(world: World) -> list[Delivery]:
    return sorted((row for row in world.rows() if row.channel == "list"), key=lambda row: row.batch)


def state(world: World) -> Broadcast:
    with world.shelf.store() as session:
        return session.query(Broadcast).filter_by(kind="mass").one()


@pytest.mark.parametrize(("count", "batches"), [(2, 1), (3, 1), (4, 2), (7, 3), (8, 4)])
def test_everybody_gets_it_once_in_lists_of_two_at_least(world: World, count: int, batches: int) -> None:
    openids = world.followers(count, writing=False)
    world.shelf.put(1, "chips")
    assert plan(world)
    assert send(world) == batches
    world.post("settle")
    assert world.received(1) == dict.fromkeys(openids, 1)
    rows = lists_of(world)
    assert [(row.batch, row.state) for row in rows] == [(n, "sent") for n in range(batches)]
    assert len({row.clientmsgid for row in rows}) == len({row.msg_id for row in rows}) == batches
    assert send(world) == 0
    assert WORDS.names["chips"] not in {tag.name for tag in world.platform.tags()}


def test_only_subscribers_whose_time_it_is_and_who_have_not_got_it(world: World) -> None:
    first, second, left, got, weekly, late = world.followers(6, writing=False)
    world.shelf.put(2, "cars", ago=2 * HOUR)
    world.shelf.put(1, "chips")
    world.shelf.subscribe(weekly, "chips", "cars", pace=WEEKLY)
    now = datetime.now(UTC)
    with world.shelf.store.begin() as session:
        erasures.forget_follower(session, left)
        erasures.forget_follower(session, late)
        received.receive(session, got, [1], None, now)
        received.receive(session, weekly, [2], None, now - DAY)
    world.shelf.subscribe(late, "chips", "cars", ago=MINUTE)
    plan(world)
    assert send(world) == 1
    world.post("settle")
    assert world.received(1) == {first: 1, second: 1}


def test_a_list_whose_answer_is_cut_off_is_done_once(world: World) -> None:
    openids = world.followers(5, writing=False)
    world.shelf.put(1, "chips")
    plan(world)
    world.post("faults", kind="cut", path=SEND, times=1)
    assert send(world) == 0
    later = datetime.now(UTC) + 2 * MINUTE
    assert send(world, later=lambda: later) == 2
    world.post("settle")
    assert world.received(1) == dict.fromkeys(openids, 1)
    assert [row.state for row in lists_of(world)] == ["sent", "sent"]


def test_who_leaves_before_the_repeat_does_not_make_it_look_unsent(world: World) -> None:
    first, second = world.followers(2, writing=False)
    world.shelf.put(1, "chips")
    plan(world)
    world.post("faults", kind="cut", path=SEND, times=1)
    assert send(world) == 0
    with world.shelf.store.begin() as session:
        erasures.forget_follower(session, second)
    later = datetime.now(UTC) + 2 * MINUTE
    assert send(world, later=lambda: later) == 0
    assert [row.state for row in lists_of(world)] == ["planned"]
    later += DAY
    send(world, later=lambda: later)
    assert [row.state for row in lists_of(world)] == ["unsure"]
    world.post("settle")
    assert world.received(1)[first] == 1


def test_who_had_the_month_s_sends_is_left_out_and_the_others_are_not(world: World) -> None:
    openids = sorted(world.followers(5, writing=False))
    world.shelf.put(1, "chips")
    for _ in range(4):
        world.ledger.spend_each(openids[:2], datetime.now(UTC))
    assert plan(world)
    assert send(world) == 1
    world.post("settle")
    assert set(world.received(1)) == set(openids[2:])


def test_nothing_is_planned_once_all_had_the_month_s_sends(world: World) -> None:
    """Not every day a send that fails; in the next month it goes on."""
    openids, now = world.followers(5, writing=False), datetime.now(UTC)
    world.shelf.put(1, "chips")
    for _ in range(4):
        world.ledger.spend_each(openids[1:], now)
    assert plan(world) == 0
    world.ledger.give_back_each(openids[1:2], now)
    assert plan(world)


def test_what_redis_lost_of_the_month_s_sends_the_rows_still_know(world: World) -> None:
    openids, now = sorted(world.followers(4, writing=False)), datetime.now(UTC)
    world.shelf.put(1, "chips")
    plan(world, Lists(below=100, most=10))
    send(world)
    connected(world.redis_url).flushall()
    assert world.ledger.mass_left("any", now) == 4
    send(world)
    assert world.ledger.mass_left("any", now) == 3
    assert world.ledger.lists_left(now) == 4
    assert [len(world.ledger.spend_each(openids, now)) for _ in range(4)] == [4, 4, 4, 0]


def test_a_send_to_a_tag_is_remembered_without_redis_too(world: World) -> None:
    world.followers(4, writing=False)
    world.shelf.put(1, "chips")
    few, now = Lists(below=2), datetime.now(UTC)
    plan(world, few)
    send(world, few)
    connected(world.redis_url).flushall()
    send(world, few)
    assert world.ledger.mass_left("any", now) == 3
    send(world, few)
    assert world.ledger.mass_left("any", now) == 3


@pytest.mark.parametrize(("code", "left"), [(45009, 4), (45028, 0)])
def test_only_the_month_s_own_code_ends_the_month(world: World, code: int, left: int) -> None:
    """45009 is about the day's calls."""
    world.followers(3, writing=False)
    world.shelf.put(1, "chips")
    plan(world)
    world.post("faults", kind="error", path=SEND, code=code, times=1)
    assert send(world) == 0
    assert world.ledger.lists_left(datetime.now(UTC)) == left


def test_where_the_account_has_all_its_tags_a_list_does_as_well(world: World) -> None:
    """Everybody is too many for a list: only because there is no tag it is one."""
    openids = world.followers(5, writing=False)
    for number in range(100):
        world.platform.create_tag(f"别的{number}")
    world.shelf.put(1, "chips")
    few = Lists(below=2, most=10)
    plan(world, few)
    assert send(world, few) == 1
    world.post("settle")
    assert world.received(1) == dict.fromkeys(openids, 1)


def test_many_go_to_the_tag_and_so_do_all_where_lists_are_not_allowed(world: World) -> None:
    openids = world.followers(3, writing=False)
    world.shelf.put(1, "chips")
    plan(world, Lists(below=3))
    assert send(world, Lists(below=3)) == 1
    world.post("settle")
    assert world.received(1) == dict.fromkeys(openids, 1)
    assert lists_of(world) == []


def told(world: World, secrets: Vault, row: Delivery, **figures: Any) -> None:
    fields = {"MsgID": row.msg_id, "Status": "send success", **figures}
    receipt = message(f"r{row.msg_id}", "oHelper", content=Receipt("MASSSENDJOBFINISH", fields))
    commit(world.shelf.store, secrets, receipt, (Reported("MASSSENDJOBFINISH", fields),), ())


def test_the_reports_of_all_lists_are_summed(world: World, secrets: Vault) -> None:
    world.followers(5, writing=False)
    world.shelf.put(1, "chips")
    plan(world)
    send(world)
    first, second = lists_of(world)
    told(world, secrets, first, TotalCount=2, FilterCount=2, SentCount=2, ErrorCount=0)
    assert state(world).state == "open"
    told(world, secrets, second, TotalCount=3, FilterCount=3, SentCount=2, ErrorCount=1)
    done = state(world)
    assert (done.state, done.total, done.sent, done.failed) == ("done", 5, 4, 1)


@pytest.mark.parametrize(("status", "ended"), [("send success", "done"), ("err(20013)", "failed")])
def test_a_report_that_was_lost_is_asked_for(world: World, status: str, ended: str) -> None:
    openids = world.followers(2, writing=False)
    world.shelf.put(1, "chips")
    world.post("knobs", mass_status=status)
    plan(world)
    send(world)
    world.post("settle")
    send(world)
    assert state(world).state == "open", "the platform's own word is waited for"
    later = datetime.now(UTC) + 16 * MINUTE
    send(world, later=lambda: later)
    assert state(world).state == ended
    with world.shelf.store() as session:
        left = reply_news.waiting(session, openids[0], later).articles
    assert left == (() if ended == "done" else (1,))


@pytest.mark.parametrize("silent", [False, True], ids=["still sending", "no answer"])
def test_a_send_whose_end_nobody_tells_is_left_to_staff_after_two_days(world: World, silent: bool) -> None:
    world.followers(2, writing=False)
    world.shelf.put(1, "chips")
    plan(world)
    send(world)
    for later, ended in ((47, "open"), (49, "unsure")):
        if silent:
            world.post("faults", path="/cgi-bin/message/mass/get", times=1, kind="error", code=48001)
        moment = datetime.now(UTC) + later * HOUR
        send(world, later=lambda: moment)  # noqa: B023
        assert state(world).state == ended


def test_a_list_that_is_refused_ends_it_and_gives_back_what_it_took(world: World) -> None:
    openids = sorted(world.followers(5, writing=False))
    world.shelf.put(1, "chips")
    plan(world)
    world.post("faults", kind="error", code=40008, path=SEND, times=2)
    assert send(world) == 0
    assert [row.state for row in lists_of(world)] == ["failed"]
    assert state(world).state == "failed"
    now = datetime.now(UTC)
    assert world.ledger.mass_left("any", now) == 4
    assert [world.ledger.spend_each(openids, now) == openids for _ in range(5)] == [True] * 4 + [False]
    with world.shelf.store() as session:
        assert reply_news.waiting(session, openids[0], now).articles == (1,)


def test_a_busy_platform_is_asked_again_with_the_same_id(world: World) -> None:
    openids = world.followers(5, writing=False)
    world.shelf.put(1, "chips")
    plan(world)
    world.post("faults", kind="error", code=45066, path=SEND, times=1)
    assert send(world) == 0
    later = datetime.now(UTC) + 5 * MINUTE
    assert send(world, later=lambda: later) == 2
    world.post("settle")
    assert world.received(1) == dict.fromkeys(openids, 1)
