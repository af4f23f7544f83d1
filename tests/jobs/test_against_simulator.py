"""Pushing through the real client to the simulated platform, which counts who received what how often."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from bot.adapters.redis_scripts import connected
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.quota import Ledger
from bot.simulator.account import Account
from bot.simulator.app import Simulator, serving
from bot.store.base import Sessions
from bot.store.deliveries import Delivery, Reach
from jobs import deliver, digest, mass
from jobs.drafts import Layout
from jobs.housekeeping import DAY
from tests.jobs.courier import WORDS, platform_of
from tests.jobs.shelf import MINUTE, Clock, Shelf
from tests.waiting import eventually

KILLS = 4


class World:
    """The platform, followers on it, and our database full of them."""

    def __init__(self, url: str, account: Account, store: Sessions, redis_url: str) -> None:
        self.url, self.account, self.redis_url = url, account, redis_url
        self.ledger = Ledger(connected(redis_url), account.app_id, is_service="service" in account.kind)
        self.shelf = Shelf(store, self.ledger, Clock(datetime.now(UTC)))

    @property
    def platform(self) -> Platform:
        return platform_of(self.redis_url, self.url, self.account.app_id, self.account.app_secret)

    def post(self, where: str, /, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/sim/{where}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def followers(self, count: int, *, writing: bool) -> list[str]:
        openids: list[str] = self.post("followers", count=count, windows=writing)["openids"]
        for openid in openids:
            self.shelf.subscribe(openid, "chips")
            if writing:
                self.shelf.writes(openid, ago=MINUTE)
        return openids

    def received(self, article: int) -> dict[str, int]:
        answer = requests.get(f"{self.url}/sim/received", params={"prefix": "article:"}, timeout=10).json()
        times: dict[str, int] = {}
        for what, who in answer["received"].items():
            if what.endswith(f"/{article}"):
                times |= who
        return times

    def rows(self) -> list[Delivery]:
        with self.shelf.store() as session:
            return list(session.scalars(sa.select(Delivery)))


@pytest.fixture
def world(request: pytest.FixtureRequest, store: Sessions, redis_url: str) -> Iterator[World]:
    account = Account(kind=getattr(request, "param", "service"), callback_url="http://127.0.0.1:1/wechat")
    simulator = Simulator(account)
    simulator.knobs.settings.push_jobs = False
    with serving(simulator) as url:
        yield World(url, account, store, redis_url)


@pytest.mark.parametrize("world", ["subscription", "service"], indirect=True)
def test_news_reaches_those_who_write_at_once_and_the_others_by_tag(world: World) -> None:
    writers, others = world.followers(3, writing=True), world.followers(4, writing=False)
    world.shelf.put(1, "chips")
    now = datetime.now(UTC)
    digest.plan(world.shelf.store, ["chips"], now, reach=Reach())
    assert deliver.deliver_due(world.shelf.store, world.platform, world.ledger, WORDS) == 3
    assert mass.plan(world.shelf.store, ["chips"], world.ledger, now)
    assert mass.deliver_due(world.shelf.store, world.platform, world.ledger, WORDS.names, Layout("原文：{url}")) == 1
    world.post("settle")
    assert world.received(1) == dict.fromkeys([*writers, *others], 1)


def test_a_mass_send_whose_answer_is_cut_off_is_done_once(world: World) -> None:
    openids = world.followers(3, writing=False)
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], datetime.now(UTC), reach=Reach(()))
    mass.plan(world.shelf.store, ["chips"], world.ledger, datetime.now(UTC))
    world.post("faults", kind="cut", path="/cgi-bin/message/mass/sendall", times=1)
    send = (world.shelf.store, world.platform, world.ledger, WORDS.names, Layout("原文：{url}"))
    assert mass.deliver_due(*send) == 0
    later = datetime.now(UTC) + 2 * MINUTE
    assert mass.deliver_due(*send, lambda: later) == 1
    world.post("settle")
    assert world.received(1) == dict.fromkeys(openids, 1)


def test_a_message_whose_answer_is_cut_off_is_left_to_staff(world: World) -> None:
    (openid,) = world.followers(1, writing=True)
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], datetime.now(UTC), reach=Reach())
    world.post("faults", kind="cut", path="/cgi-bin/message/custom/send", times=1)
    for later in (0, 1, 2):
        deliver.deliver_due(
            world.shelf.store, world.platform, world.ledger, WORDS, lambda d=later: datetime.now(UTC) + d * DAY
        )
    assert world.received(1) == {openid: 1}
    assert [row.state for row in world.rows()] == ["unsure"]


def courier(world: World, url: str) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    script = root / "tests" / "jobs" / "courier.py"
    arguments = [url, world.redis_url, world.url, world.account.app_id, world.account.app_secret]
    return subprocess.Popen([sys.executable, str(script), *arguments], cwd=root, env={"PYTHONPATH": str(root)})


def pending(world: World) -> int:
    return sum(row.state not in {"sent", "unsure"} for row in world.rows())


def hurry(world: World) -> None:
    """Let the leases of dead couriers end now instead of in a minute."""
    with world.shelf.store.begin() as session:
        held = sa.update(Delivery).where(Delivery.state.in_(("claimed", "sending")))
        session.execute(held.values(lease_until=datetime.now(UTC) - MINUTE))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_killed_couriers_bring_nothing_twice_and_leave_at_most_one_unsure_a_kill(world: World, url: str) -> None:
    world.followers(60, writing=True)
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], datetime.now(UTC), reach=Reach())
    world.post("knobs", latency=0.02)
    for _ in range(KILLS):
        process = courier(world, url)
        before = len(world.received(1))
        assert eventually(lambda: len(world.received(1)) >= before + 4 or not pending(world))  # noqa: B023
        time.sleep(random.random() * 0.03)
        process.kill()
        process.wait()
        hurry(world)
    last = courier(world, url)
    eventually(lambda: not pending(world), 30)
    last.kill()
    last.wait()
    got, states = world.received(1), {row.openid: row.state for row in world.rows()}
    assert set(got.values()) == {1}
    assert set(states.values()) <= {"sent", "unsure"}
    assert {openid for openid, state in states.items() if state == "sent"} <= set(got)
    assert sum(state == "unsure" for state in states.values()) <= KILLS
