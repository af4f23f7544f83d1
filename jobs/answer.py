"""Sends what staff answered from the desk, while the follower's window is open."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.adapters.redis_scripts import TROUBLE
from bot.adapters.wechat.errors import Busy, PlatformError, Unsure
from bot.adapters.wechat.trouble import word
from bot.store import talks
from bot.store.base import Sessions
from bot.store.secrets import Secrets
from bot.store.talks import Line, Talk

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
TRIES = 5
"""While the platform is busy; with growing waits that is about half a minute."""


class Sender(Protocol):
    """Raises PlatformError."""

    def send_text(self, openid: str, text: str) -> None: ...


class Ledger(Protocol):
    """What the follower's open windows still hold; bot.adapters.wechat.quota.Ledger."""

    def spend(self, openid: str, now: datetime) -> str: ...
    def give_back(self, openid: str, kind: str) -> None: ...
    def correct(self, openid: str, error: PlatformError) -> None: ...


@dataclass(frozen=True)
class Postman:
    """Everything one run needs; `worker` names it in the rows it holds."""

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
    postman = Postman(sessions, secrets, sender, ledger, now, uuid.uuid4().hex)
    with sessions.begin() as session:
        talks.recover(session, now())
    sent = 0
    while True:
        with sessions.begin() as session:
            taken = talks.claim(session, secrets, postman.worker, now(), LEASE)
        if taken is None:
            return sent
        sent += _send(postman, *taken)


def _send(postman: Postman, row: Talk, line: Line) -> bool:
    try:
        window = postman.ledger.spend(row.openid, postman.now())
    except TROUBLE as trouble:
        log.warning("an answer waits for Redis: %s", type(trouble).__name__)
        _settle(postman, row, *_outcome(postman, row, Busy(None, "Redis is away")))
        return False
    if not window:
        _settle(postman, row, "failed", "window")
        return False
    try:
        postman.sender.send_text(row.openid, line.text)
    except PlatformError as error:
        log.warning("an answer was not sent, or nobody knows: %s", error)
        if not isinstance(error, Unsure):
            _give_back(postman, row, window, error)
        _settle(postman, row, *_outcome(postman, row, error))
        return False
    _settle(postman, row, "sent")
    return True


def _give_back(postman: Postman, row: Talk, window: str, error: PlatformError) -> None:
    """Surely not sent. Where Redis is away the window holds one less than there is, and no harm done."""
    with suppress(*TROUBLE):
        postman.ledger.give_back(row.openid, window)
        postman.ledger.correct(row.openid, error)


def _outcome(postman: Postman, row: Talk, error: PlatformError) -> tuple[str, str, datetime | None]:
    """State, what staff are told of it, and when it is tried again."""
    if isinstance(error, Unsure):
        return "unsure", "unsure", None
    if isinstance(error, Busy) and row.attempts < TRIES:
        return "waiting", "busy", postman.now() + max(error.wait, timedelta(seconds=2**row.attempts))
    return "failed", word(error), None


def _settle(postman: Postman, row: Talk, state: str, error: str = "", due: datetime | None = None) -> None:
    with postman.sessions.begin() as session:
        talks.settle(session, row.id, postman.worker, state, error, due)
