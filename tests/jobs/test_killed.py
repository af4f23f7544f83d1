"""kill -9 in the middle: what was committed is told, and told again at most once for each kill."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.dialogue.message import Message, Text
from bot.store.base import Sessions
from bot.store.effects import commit
from bot.store.outbox import Outbox
from tests.staff.conftest import Robot, robot
from tests.store.say import inquiry
from tests.waiting import eventually

__all__ = ["robot"]
LEADS, KILLS = 40, 4
LEASE = timedelta(seconds=30)


def submit(store: Sessions, secrets: Vault, n: int) -> None:
    message = Message(f"o{n}", "gh_1", datetime.now(UTC), f"key{n}", Text("确认"))
    commit(store, secrets, message, (inquiry(f"L-{n}", f"+861380000{n:04}"),), ("wecom",))


def notifier(url: str, robot: Robot) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("notifier.py")
    root = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, str(script), url, robot.url], cwd=root, env={"PYTHONPATH": str(root)})


def undelivered(store: Sessions) -> int:
    with store() as session:
        return session.scalar(sa.select(sa.func.count()).where(Outbox.state != "delivered")) or 0


def hurry(store: Sessions) -> None:
    """Let the leases of dead workers end now instead of in 30 seconds."""
    with store.begin() as session:
        sending = sa.update(Outbox).where(Outbox.state == "sending")
        session.execute(sending.values(lease_until=datetime.now(UTC) - LEASE))


def test_a_killed_notifier_loses_no_lead(store: Sessions, secrets: Vault, url: str, robot: Robot) -> None:
    for n in range(LEADS):
        submit(store, secrets, n)
    for _ in range(KILLS):
        process = notifier(url, robot)
        before = len(robot.got)
        assert eventually(lambda: len(robot.got) >= before + 3 or not undelivered(store))  # noqa: B023
        time.sleep(random.random() * 0.05)
        process.kill()
        process.wait()
        hurry(store)
    last = notifier(url, robot)
    eventually(lambda: not undelivered(store))
    last.kill()
    last.wait()
    messages = [body["text"]["content"].replace("（重发）", "").split() for _, body in robot.got]
    told = Counter(number for message in messages for number in message)
    assert set(told) == {f"L-{n}" for n in range(LEADS)}
    known: set[str] = set()
    repeats = 0
    for message in messages:
        repeats += not known.isdisjoint(message)
        known.update(message)
    assert repeats <= KILLS
