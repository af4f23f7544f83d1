"""Sends what staff answered from the desk, while the follower's window is open."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.adapters.wechat.errors import Busy, PlatformError, Unsure
from bot.adapters.wechat.trouble import word
from bot.store import talks
from bot.store.base import Sessions
from bot.store.secrets import Secrets
from bot.store.talks import Line, Talk

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
TRIES = 5


class Sender(Protocol):
    """Raises PlatformError."""

    def send_text(self, openid: str, text: str) -> None: ...


class Ledger(Protocol):
    """What the follower's open windows still hold; bot.adapters.wechat.quota.Ledger."""

    def spend(self, openid: str, now: datetime) -> str: ...
    def give_back(self, openid: str, kind: str) -> None: ...
    def correct(self, openid: str, error: PlatformError) -> None: ...


@dataclass(frozen=True)
class Courier:
    sessions: Sessions
    secrets: Secrets
    sender: Sender
    ledger: Ledger
    now: Callable[[], datetime]
    worker: str


def answer_due(
    sessions: Sessions,
    secrets: Secrets,
    sender: Sender,
    ledger: Ledger,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Send every answer that is due. Returns how many arrived at the platform."""
    courier = Courier(sessions, secrets, sender, ledger, now, uuid.uuid4().hex)
    with sessions.begin() as session:
        talks.recover(session, now())
    sent = 0
    while True:
        with sessions.begin() as session:
            taken = talks.claim(session, secrets, courier.worker, now(), LEASE)
        if taken is None:
            return sent
        sent += _send(courier, *taken)


def _send(courier: Courier, row: Talk, line: Line) -> bool:
    window = courier.ledger.spend(row.openid, courier.now())
    if not window:
        _settle(courier, row, "failed", "window")
        return False
    try:
        courier.sender.send_text(row.openid, line.text)
    except PlatformError as error:
        log.warning("an answer was not sent: %s", error)
        if not isinstance(error, Unsure):
            courier.ledger.give_back(row.openid, window)
            courier.ledger.correct(row.openid, error)
        _settle(courier, row, *_outcome(courier, row, error))
        return False
    _settle(courier, row, "sent")
    return True


def _outcome(courier: Courier, row: Talk, error: PlatformError) -> tuple[str, str, datetime | None]:
    """State, what staff are told of it, and when it is tried again."""
    if isinstance(error, Unsure):
        return "unsure", "unsure", None
    if isinstance(error, Busy) and row.attempts < TRIES:
        return "waiting", "busy", courier.now() + max(error.wait, timedelta(seconds=2**row.attempts))
    return "failed", word(error), None


def _settle(courier: Courier, row: Talk, state: str, error: str = "", due: datetime | None = None) -> None:
    with courier.sessions.begin() as session:
        talks.settle(session, row.id, courier.worker, state, error, due)
