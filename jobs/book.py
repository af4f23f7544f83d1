"""Writes down how sending news went, and that the next begins, with one commit for all senders that wait for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.adapters.wechat.errors import (
    BadRequest,
    Busy,
    NeedsOperator,
    NoRight,
    PlatformError,
    QuotaUsed,
    RecipientLost,
    TokenRefused,
    Unsure,
)
from bot.adapters.wechat.quota import next_day
from bot.store import claims, consents, deliveries, erasures
from bot.store.deliveries import Delivery
from jobs.courier import LEASE, Courier, Packet, when_database_answers

TRIES = 8
"""Each after twice as long as the one before, from two seconds on."""
HELD = timedelta(minutes=10)
"""How long a channel rests that needs a person."""
SHUT = "the window is shut or full: it waits for their next message"
STOPPED = "stopped before it"


@dataclass(frozen=True, slots=True)
class Outcome:
    """error: None where it went out. unsent: why it was not even tried, as SHUT or STOPPED."""

    packet: Packet
    error: PlatformError | None = None
    msg_id: str = ""
    unsent: str = ""


@dataclass
class _Entry:
    """What one hand has to write: how its last went, and what it is about to begin; then what came of it."""

    done: Sequence[Outcome]
    ready: Sequence[Packet]
    sent: int = 0
    begun: list[Packet] = field(default_factory=list)
    written: bool = False
    trouble: Exception | None = None


@dataclass
class Book:
    """One hand writes for all that wait, with one commit; meanwhile the next ones gather."""

    courier: Courier
    _waiting: deque[_Entry] = field(default_factory=deque)
    _pen: threading.Lock = field(default_factory=threading.Lock)

    def write(self, done: Sequence[Outcome], ready: Sequence[Packet]) -> tuple[int, list[Packet]]:
        """How many went out, and who begins now. Raises DBAPIError where the database stays away."""
        mine = _Entry(done, ready)
        self._waiting.append(mine)
        with self._pen:
            if not mine.written:
                self._write([self._waiting.popleft() for _ in range(len(self._waiting))])
        if mine.trouble is not None:
            raise mine.trouble
        return mine.sent, mine.begun

    def _write(self, entries: Sequence[_Entry]) -> None:
        done = [outcome for entry in entries for outcome in entry.done]
        ready = [packet for entry in entries for packet in entry.ready]
        try:
            sent, begun = when_database_answers(lambda: _written(self.courier, done, ready))
        except Exception as error:  # noqa: BLE001 - everybody who waits for it raises it
            for entry in entries:
                entry.written, entry.trouble = True, error
            return
        for entry in entries:
            entry.sent = sum(outcome.packet.row.id in sent for outcome in entry.done)
            entry.begun = [packet for packet in entry.ready if packet.row.id in begun]
            entry.written = True


def _written(courier: Courier, done: Sequence[Outcome], ready: Sequence[Packet]) -> tuple[set[int], set[int]]:
    """Which went out, and which begin now."""
    with courier.sessions.begin() as session:
        return _settle(session, courier, done), _begun(session, courier, ready)


def _begun(session: Session, courier: Courier, ready: Sequence[Packet]) -> set[int]:
    """From this commit on they may have gone out. Left out: what is no longer ours, and who did not agree after all."""
    if not ready:
        return set()
    agreed = _begun_before(session, courier, ready)
    started = claims.start_many(session, [one.row.id for one in ready], courier.worker, courier.now(), LEASE)
    mine = [one.row for one in ready if one.row.id in started]
    return {row.id for row in mine if row.id in agreed or _agreed(session, courier, row)}


def _begun_before(session: Session, courier: Courier, ready: Sequence[Packet]) -> set[int]:
    """Notices that an earlier try began, by a commit whose answer was lost: their yes is used up already."""
    notices = [one.row.id for one in ready if one.row.channel == "notice"]
    return claims.begun(session, notices, courier.worker) if notices else set()


def _agreed(session: Session, courier: Courier, row: Delivery) -> bool:
    """A yes to a subscription notice is used up by it; other channels need none."""
    if row.channel != "notice" or consents.use(session, row.openid, _template_id(courier, row)):
        return True
    _by_another_or(session, courier, row, "dropped", "no consent left")
    return False


def _settle(session: Session, courier: Courier, outcomes: Iterable[Outcome]) -> set[int]:
    """Which went out."""
    sent: dict[int, str] = {}
    for each in outcomes:
        row = each.packet.row
        if each.unsent == SHUT:
            _by_another_or(session, courier, row, "dropped", SHUT)
        elif each.unsent:
            _keep_consent(session, courier, row)
            claims.put_back(session, row.id, courier.worker, courier.now(), each.unsent)
        elif each.error is not None:
            _settle_failure(session, courier, row, each.error)
        else:
            sent[row.id] = each.msg_id
    return claims.settle_many(session, courier.worker, sent, courier.now()) if sent else set()


def _by_another_or(session: Session, courier: Courier, row: Delivery, state: str, why: str) -> None:
    """Surely not sent: planned again for the next best channel; where there is none, the articles are free."""
    others = courier.channels[courier.channels.index(row.channel) + 1 :]
    if others:
        claims.reroute(session, row.id, courier.worker, others[0], courier.now())
    else:
        claims.unsent(session, row.id, courier.worker, state, courier.now(), error=why)


def _settle_failure(session: Session, courier: Courier, row: Delivery, error: PlatformError) -> None:
    """By what to do next; see the tree in bot.adapters.wechat.errors."""
    now = courier.now()
    if isinstance(error, Unsure):
        _unsure(session, courier, row, error)
        return
    _keep_consent(session, courier, row)
    match error:
        case RecipientLost(why=why):
            _lost(session, courier, row, error, why)
        case QuotaUsed():
            due = courier.habits.wakes(next_day(now))
            claims.put_back(session, row.id, courier.worker, due, str(error))
        case Busy() if row.attempts < TRIES:
            due = now + max(error.wait, timedelta(seconds=2**row.attempts))
            claims.put_back(session, row.id, courier.worker, due, str(error))
        case TokenRefused() | NeedsOperator() if row.attempts < TRIES and not isinstance(error, NoRight):
            claims.put_back(session, row.id, courier.worker, now + HELD, str(error))
        case BadRequest() | _:
            claims.unsent(session, row.id, courier.worker, "failed", now, error=str(error))


def _unsure(session: Session, courier: Courier, row: Delivery, error: Unsure) -> None:
    """A template message is sent again: the platform knows its client_msg_id. The others are left to staff."""
    now = courier.now()
    if row.channel == "template" and now - (row.begun_at or now) < claims.TEMPLATE_KNOWN and row.attempts < TRIES:
        claims.ask_again(session, row.id, courier.worker, now + timedelta(seconds=2**row.attempts), str(error))
    else:
        claims.unknown(session, row.id, courier.worker, now, str(error))


def _lost(session: Session, courier: Courier, row: Delivery, error: PlatformError, why: str) -> None:
    """Who cannot be reached by this channel may be by another; who left or blocked us by none."""
    if why in ("window", "consent"):
        _by_another_or(session, courier, row, "failed", str(error))
    else:
        claims.unsent(session, row.id, courier.worker, "failed", courier.now(), error=str(error))
    if why == "consent":
        consents.clear(session, row.openid, _template_id(courier, row))
    if why == "blocked":
        deliveries.blocked(session, row.openid, courier.now())
    if why == "unfollowed":
        erasures.forget_follower(session, row.openid)


def _keep_consent(session: Session, courier: Courier, row: Delivery) -> None:
    """Surely not sent: the yes to a subscription notice, used up as it began, still stands. Once, before it is settled."""
    if row.channel == "notice" and claims.begun(session, [row.id], courier.worker):
        consents.give_back(session, row.openid, _template_id(courier, row))


def _template_id(courier: Courier, row: Delivery) -> str:
    template = courier.wording.templates.get(row.channel)
    return template.id if template else ""
