"""Settles customer-service messages of which nobody knows whether they arrived; they have no id to ask the platform by.

The account's chat record tells who was written to when. No page says whether it holds what is sent by API, so that it is
believed only where it proves itself: messages of the same broadcast that surely went out are in it. Then one that is in
it arrived, and one that is not did not, and goes again. Where it proves nothing, staff look, as before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.adapters.wechat.client import ChatRecord
from bot.adapters.wechat.errors import NeedsOperator, PlatformError
from bot.store import deliveries, reports
from bot.store.base import Sessions, reading
from bot.store.deliveries import Delivery

log = logging.getLogger(__name__)

RECORD = "record"
"""The name under which asking rests."""
AFTER = timedelta(minutes=2)
"""So long the record may lag behind, and a call be on its way."""
WITHIN = timedelta(hours=23)
"""One question is about 24 hours at most."""
ASKED_AGAIN, SHUT = timedelta(minutes=5), timedelta(days=1)
SLACK = timedelta(seconds=90)
"""Between the moment it began here and the one in the record: both clocks, and a slow call."""
WITNESSES = 3
"""Messages that surely went out about then and must all be in the record, before it is believed."""


class Record(Protocol):
    """Raises PlatformError."""

    def chat_records(self, start: datetime, end: datetime) -> Iterable[ChatRecord]: ...


class Ledger(Protocol):
    """What rests for a while; bot.adapters.wechat.quota.Ledger."""

    def hold(self, name: str, wait: timedelta) -> None: ...
    def is_held(self, name: str) -> bool: ...


def settle(
    sessions: Sessions, platform: Record, ledger: Ledger, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int:
    """Asks at most every five minutes. Returns how many are known of now."""
    with reading(sessions) as session:
        doubts = deliveries.in_doubt(session, now() - WITHIN, now() - AFTER)
    if not doubts or ledger.is_held(RECORD):
        return 0
    ledger.hold(RECORD, ASKED_AGAIN)
    try:
        written = _written(platform, min(_began(one) for one in doubts) - SLACK, now())
    except PlatformError as error:
        log.info("the chat record cannot be asked for %s messages: %s", len(doubts), error)
        if isinstance(error, NeedsOperator):
            ledger.hold(RECORD, SHUT)
        return 0
    return sum(_settled(sessions, doubt, written, now()) for doubt in doubts)


def _began(row: Delivery) -> datetime:
    return row.begun_at or row.due_at


def _written(platform: Record, start: datetime, end: datetime) -> dict[str, list[datetime]]:
    """When we wrote to whom."""
    found: dict[str, list[datetime]] = {}
    for record in platform.chat_records(start, end):
        if record.by_us:
            found.setdefault(record.openid, []).append(record.at)
    return found


def _settled(sessions: Sessions, doubt: Delivery, written: dict[str, list[datetime]], now: datetime) -> bool:
    with sessions.begin() as session:
        witnesses = deliveries.sent_around(session, doubt, SLACK * 10)
        if not _is_proven(witnesses, written):
            return False
        if _is_in(doubt, written):
            return reports.settle_by_staff(session, doubt.id, arrived=True, at=now)
        return reports.again_after_all(session, doubt.id, now)


def _is_proven(witnesses: Sequence[Delivery], written: dict[str, list[datetime]]) -> bool:
    """Every single one must be in it: a record with gaps says nothing about what is missing in it."""
    return len(witnesses) >= WITNESSES and all(_is_in(one, written) for one in witnesses)


def _is_in(row: Delivery, written: dict[str, list[datetime]]) -> bool:
    """Whatever we wrote to them about then counts as this one: better one that is missed than one that comes twice."""
    return any(abs(at - _began(row)) <= SLACK for at in written.get(row.openid, ()))
