"""Publishes a broadcast's articles on the account's own page when staff ask for it; that brings nobody a message."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.adapters.wechat.client import Published
from bot.adapters.wechat.errors import Busy, PlatformError, QuotaUsed, Unsure
from bot.adapters.wechat.quota import next_day
from bot.layout import titled
from bot.store import broadcasts, claims, deliveries, reports
from bot.store.base import Sessions, reading
from bot.store.deliveries import PUBLISH, Delivery
from jobs.drafts import Draftsman, Layout, make

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
TRIES = 6
PAUSE = timedelta(minutes=1)
UNTOLD = timedelta(minutes=3)
"""How long the platform's own word is waited for before it is asked, and between two questions."""
GIVEN_UP = timedelta(days=2)
"""After so long without an answer staff have to look."""
RUNNING = 1
"""The platform's publish_status of what is still under way; 0 is done."""


class Publisher(Draftsman, Protocol):
    """Raises PlatformError."""

    def publish(self, media_id: str) -> str: ...
    def published(self, publish_id: str) -> Published: ...


@dataclass(frozen=True)
class Office:
    """Everything one run needs; `worker` names it in the rows it holds."""

    sessions: Sessions
    platform: Publisher
    layout: Layout
    now: Callable[[], datetime]
    worker: str


def publish_due(
    sessions: Sessions,
    platform: Publisher,
    layout: Layout,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Hand in what staff asked to publish, and ask how earlier ones went. Returns how many were handed in."""
    office = Office(sessions, platform, layout, now, uuid.uuid4().hex)
    with sessions.begin() as session:
        claims.recover(session, now())
    handed_in = 0
    while rows := _claim(office):
        handed_in += sum(_hand_in(office, row) for row in rows)
    _ask(office)
    return handed_in


def _claim(office: Office) -> Sequence[Delivery]:
    with office.sessions.begin() as session:
        return claims.claim(session, (PUBLISH,), office.worker, office.now(), LEASE, 1)


def _hand_in(office: Office, row: Delivery) -> bool:
    try:
        media_id = row.media_id or _draft(office, row)
        if not media_id:
            return _settle(office, row, "failed", error="none of its articles is left")
        with office.sessions.begin() as session:
            if not claims.start(session, row.id, office.worker, office.now(), LEASE):
                return False
        return _settle(office, row, "sent", msg_id=office.platform.publish(media_id))
    except PlatformError as error:
        _refused(office, row, error)
    return False


def _draft(office: Office, row: Delivery) -> str:
    """Empty where there is nothing to publish. A draft made twice is only a draft too many."""
    with reading(office.sessions) as session:
        preview = broadcasts.show(session, row.broadcast_id)
    if preview is None or not preview.stories:
        return ""
    media_id = make(office.platform, office.sessions, titled(preview.stories, preview.broadcast.title), office.layout)
    with office.sessions.begin() as session:
        claims.drafted(session, row.id, office.worker, media_id)
    return media_id


def _settle(office: Office, row: Delivery, state: str, *, error: str = "", msg_id: str = "") -> bool:
    """True where it was handed in."""
    with office.sessions.begin() as session:
        claims.settle(session, row.id, office.worker, state, office.now(), error=error, msg_id=msg_id)
    return state == "sent"


def _refused(office: Office, row: Delivery, error: PlatformError) -> None:
    """A call that was cut off is never repeated: the platform's event tells, or staff look."""
    log.warning("broadcast %s was not published: %s", row.broadcast_id, error)
    now = office.now()
    wait = next_day(now) - now if isinstance(error, QuotaUsed) else getattr(error, "wait", timedelta(0))
    if isinstance(error, Unsure):
        _settle(office, row, "unsure", error=str(error))
    elif isinstance(error, Busy | QuotaUsed) and row.attempts < TRIES:
        with office.sessions.begin() as session:
            claims.put_back(session, row.id, office.worker, now + max(wait, PAUSE), str(error))
    else:
        _settle(office, row, "failed", error=str(error))


def _ask(office: Office) -> None:
    """The event of a publication may have been lost: the platform also answers when it is asked."""
    with office.sessions.begin() as session:
        untold = reports.untold(session, (PUBLISH,), office.now() - UNTOLD, office.now())
    for row in untold:
        try:
            answer = office.platform.published(row.msg_id)
        except PlatformError as error:
            log.warning("nobody tells how broadcast %s was published: %s", row.broadcast_id, error)
            _doubt_if_late(office, row, str(error))
        else:
            _told(office, row, answer)


def _doubt_if_late(office: Office, row: Delivery, why: str) -> None:
    if office.now() - row.due_at > GIVEN_UP:
        with office.sessions.begin() as session:
            reports.doubted(session, row.id, why)


def _told(office: Office, row: Delivery, answer: Published) -> None:
    if answer.status == RUNNING:
        _doubt_if_late(office, row, "the platform is still publishing it")
        return
    ok = answer.status == 0
    url, why = next(iter(answer.urls), ""), "" if ok else f"{deliveries.PUBLISH_STATUS}{answer.status}"
    with office.sessions.begin() as session:
        reports.published(session, row.msg_id, ok=ok, url=url, error=why, at=office.now())
