"""Every return code of the platform, produced by the simulator in the middle of a push, has its reaction."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from bot.adapters.redis_scripts import connected
from bot.adapters.wechat.errors import NeedsOperator, PlatformError, QuotaUsed, error_from, reaction_to
from bot.adapters.wechat.windows import MESSAGE
from bot.store import reply_news
from bot.store.base import Sessions
from bot.store.deliveries import Delivery, Reach
from bot.store.followers import Follower
from jobs import deliver, digest
from jobs.courier import Courier
from tests.bench.push import put_people
from tests.jobs.shelf import MINUTE
from tests.jobs.test_against_simulator import World, world
from tests.jobs.test_push import WORDS

__all__ = ["world"]
REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "wechat-errcodes.yaml"
SEND = "/cgi-bin/message/custom/send"


def codes() -> list[int]:
    """Those of the reference where it is at hand, else those the simulator knows."""
    if REFERENCE.exists():
        return [int(code) for code in re.findall(r"^- code: (-?\d+)$", REFERENCE.read_text("utf-8"), re.M)]
    text = resources.files("bot.simulator").joinpath("errcodes.json").read_text("utf-8")
    return [int(code) for code in json.loads(text)]


class Push:
    """One message to one follower after the other, each meeting one code."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, world.shelf.store
        self.redis = connected(world.redis_url)
        self.told: list[PlatformError] = []
        world.shelf.put(1, "chips")
        self.openids = world.post("followers", count=200, windows=True)["openids"]
        put_people(self.store, self.openids)
        (self.broadcast,) = digest.plan(self.store, ("chips",), datetime.now(UTC), reach=Reach(()))

    def follower(self) -> tuple[str, int]:
        openid, now = self.openids.pop(), self.world.shelf.clock()
        self.world.ledger.note_inbound(openid, MESSAGE, now)
        with self.store.begin() as session:
            row = Delivery(broadcast_id=self.broadcast, channel="service", openid=openid, due_at=now)
            session.add(row)
            session.flush()
            return openid, row.id

    def run(self) -> int:
        self.told.clear()
        self.world.ledger.let_go("service")
        self.redis.delete(f"wx:{{{self.world.account.app_id}}}:token:forced")  # one forced token in half a minute
        shelf = self.world.shelf
        return deliver.run(
            Courier(self.store, self.world.platform, self.world.ledger, WORDS, shelf.clock, "w", alarm=self.told.append)
        )

    def row(self, number: int) -> Delivery | None:
        with self.store() as session:
            return session.get(Delivery, number)

    def settle(self, number: int) -> None:
        """Out of the way of the next code."""
        with self.store.begin() as session:
            if row := session.get(Delivery, number):
                row.state = "dropped"


def met(push: Push, code: int) -> str:
    """What became of a message whose call was answered with this code, in a word."""
    push.world.shelf.clock.now = datetime.now(UTC)
    openid, number = push.follower()
    if reaction_to(code).does == "refresh_token_and_retry":
        push.world.post("clock", move=31)  # the platform, too, forces a token only once in half a minute
    push.world.post("faults", kind="error", path=SEND, code=code, times=1)
    push.run()
    row = push.row(number)
    result = "forgotten" if row is None else _word(push, openid, row, code)
    push.settle(number)
    return result


def _word(push: Push, openid: str, row: Delivery, code: int) -> str:
    if row.state == "planned":
        later = row.due_at > push.world.shelf.clock()
        assert later
        return "told" if push.told and push.world.ledger.is_held("service") else "again"
    if row.state == "failed":
        with push.store() as session:
            assert reply_news.waiting(session, openid, push.world.shelf.clock()).articles == (1,)
        assert str(code) in row.error
        return "told" if push.told else "left to the next reply"
    return str(row.state)


EXPECTED = {
    "ok": {"sent"},
    "ignore": {"sent"},
    "treat_as_done": {"sent"},
    "retry_now": {"again"},
    "refresh_token_and_retry": {"sent"},
    "drop_recipient": {"left to the next reply", "forgotten"},
    "fix_request": {"left to the next reply"},
    "alert_operator": {"told"},
}


def wanted(code: int) -> set[str]:
    """By the reaction of the reference; what waits for a person, or for another day, is also told."""
    reaction = reaction_to(code)
    if reaction.does == "back_off":
        error = error_from({"errcode": code, "errmsg": "x"}, SEND)
        return {"told"} if isinstance(error, QuotaUsed | NeedsOperator) else {"again"}
    return EXPECTED[reaction.does]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_every_code_has_its_reaction_in_a_push(world: World, store: Sessions) -> None:
    push = Push(world)
    every = codes()
    assert len(every) > 150
    wrong = {code: result for code in every if (result := met(push, code)) not in wanted(code)}
    assert wrong == {}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_after_a_busy_answer_the_message_comes_once(world: World, store: Sessions) -> None:
    push = Push(world)
    openid, _ = push.follower()
    world.post("faults", kind="error", path=SEND, code=-1, times=1)
    assert push.run() == 0
    world.shelf.clock.move(MINUTE)
    assert push.run() == 1
    assert world.received(1) == {openid: 1}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_does_not_follow_any_more_is_forgotten(world: World, store: Sessions) -> None:
    push = Push(world)
    openid, _ = push.follower()
    world.post("faults", kind="error", path=SEND, code=43004, times=1)
    push.run()
    with store() as session:
        assert session.get(Follower, openid) is None
