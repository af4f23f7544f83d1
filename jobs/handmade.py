"""For accounts that may not mass send: once a day a finished draft of what is new, for staff to publish by hand."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.wechat.errors import Busy, PlatformError
from bot.layout import titled
from bot.store import base, broadcasts, claims, outbox
from bot.store.base import Sessions, reading
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.news import SHANGHAI, News
from bot.store.outbox import Notice
from jobs.drafts import Draftsman, Layout, make
from jobs.habits import Habits
from jobs.release import release

log = logging.getLogger(__name__)

RECENT = timedelta(days=3)
MOST = 8
LEASE = timedelta(minutes=5)
TRIES = 6
PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What staff hear, with {count} of articles, {number} of the broadcast, and {error} where no draft was made."""

    drafted: str
    failed: str


def plan(sessions: Sessions, now: datetime) -> int:
    """Plans today's draft of all that came out and lies in no draft yet. 0: nothing new, or it is planned already."""
    with sessions.begin() as session:
        base.lock(session, "draft")
        articles = _new(session, now)
        key = f"draft:{now.astimezone(SHANGHAI):%Y-%m-%d}"
        made = broadcasts.plan(session, "draft", "", key, articles, now) if articles else None
        if made is None:
            return 0
        release(session, made, Reach(()), Habits(), now)  # a draft is itself what staff look at
        return made.id


def _new(session: Session, now: datetime) -> list[int]:
    since = sa.select(News.article_id).where(News.fresh_at > now - RECENT, News.released_at.is_not(None))
    newest_first = since.group_by(News.article_id).order_by(sa.func.max(News.fresh_at).desc(), News.article_id.desc())
    earlier = sa.select(Broadcast.articles).where(Broadcast.kind == "draft", Broadcast.created_at > now - 2 * RECENT)
    known = {article for articles in session.scalars(earlier) for article in articles}
    return [article for article in session.scalars(newest_first) if article not in known][:MOST]


def deliver_due(
    sessions: Sessions,
    platform: Draftsman,
    layout: Layout,
    told: Told,
    channels: Iterable[str],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Make the drafts that are due and tell staff. Made twice after a crash it is only a draft too many."""
    worker = uuid.uuid4().hex
    with sessions.begin() as session:
        claims.recover(session, now())
        rows = claims.claim(session, ("draft",), worker, now(), LEASE, 1)
    return sum(_deliver(sessions, platform, row, layout, told, tuple(channels), now) for row in rows)


def _deliver(
    sessions: Sessions,
    platform: Draftsman,
    row: Delivery,
    layout: Layout,
    told: Told,
    channels: tuple[str, ...],
    now: Callable[[], datetime],
) -> bool:
    with reading(sessions) as session:
        preview = broadcasts.show(session, row.broadcast_id)
    error: PlatformError | None = None
    try:
        if preview is not None and preview.stories:
            make(platform, sessions, titled(preview.stories, preview.broadcast.title), layout)
    except PlatformError as trouble:
        error = trouble
        log.warning("the draft of broadcast %s was not made: %s", row.broadcast_id, trouble)
    with sessions.begin() as session:
        return _settle(session, row, error, told, channels, now())


def _settle(
    session: Session, row: Delivery, error: PlatformError | None, told: Told, channels: tuple[str, ...], now: datetime
) -> bool:
    broadcast = session.get_one(Broadcast, row.broadcast_id)
    if isinstance(error, Busy) and row.attempts < TRIES:
        claims.put_back(session, row.id, row.worker, now + max(error.wait, PAUSE), str(error))
        return False
    state, words = ("failed", told.failed) if error else ("sent", told.drafted)
    if not claims.settle(session, row.id, row.worker, state, now, error=str(error or "")):
        return False
    broadcast.state = "failed" if error else "done"
    if channels:
        note = words.format(count=len(broadcast.articles), number=broadcast.id, error=error)
        outbox.add(session, Notice("draft", f"draft:{broadcast.id}", note=note), channels, now)
    return error is None
