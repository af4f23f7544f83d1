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
from jobs.drafts import DRAFT_ARTICLES, Draftsman, Layout, make
from jobs.habits import Habits
from jobs.release import release

log = logging.getLogger(__name__)

RECENT = timedelta(days=3)
"""What came out before is not taken into a draft any more."""
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
    return [article for article in session.scalars(newest_first) if article not in known][:DRAFT_ARTICLES]


@dataclass(frozen=True)
class Studio:
    """Everything one run needs. channels: those on which staff are told. worker: its name in the rows it holds."""

    sessions: Sessions
    platform: Draftsman
    layout: Layout
    told: Told
    channels: tuple[str, ...]
    now: Callable[[], datetime]
    worker: str


def deliver_due(
    sessions: Sessions,
    platform: Draftsman,
    layout: Layout,
    told: Told,
    channels: Iterable[str],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Make a draft that is due and tell staff. Returns how many were made: one at most."""
    studio = Studio(sessions, platform, layout, told, tuple(channels), now, uuid.uuid4().hex)
    with sessions.begin() as session:
        claims.recover(session, now())
        rows = claims.claim(session, ("draft",), studio.worker, now(), LEASE, 1)
    return sum(_deliver(studio, row) for row in rows)


def _deliver(studio: Studio, row: Delivery) -> bool:
    with reading(studio.sessions) as session:
        preview = broadcasts.show(session, row.broadcast_id)
    if preview is None or not preview.stories:
        return _settle(studio, row, "dropped", "none of its articles is left")
    try:
        make(studio.platform, studio.sessions, titled(preview.stories, preview.broadcast.title), studio.layout)
    except PlatformError as error:
        log.warning("the draft of broadcast %s was not made: %s", row.broadcast_id, error)
        if isinstance(error, Busy) and row.attempts < TRIES:
            return _put_back(studio, row, error)
        return _settle(studio, row, "failed", str(error), studio.told.failed)
    return _settle(studio, row, "sent", "", studio.told.drafted)


def _put_back(studio: Studio, row: Delivery, error: Busy) -> bool:
    with studio.sessions.begin() as session:
        claims.put_back(session, row.id, studio.worker, studio.now() + max(error.wait, PAUSE), str(error))
    return False


def _settle(studio: Studio, row: Delivery, state: str, error: str, words: str = "") -> bool:
    """words: what staff are told, if anything. True where the draft was made, and is this worker's."""
    now = studio.now()
    with studio.sessions.begin() as session:
        if not claims.settle(session, row.id, studio.worker, state, now, error=error):
            return False
        broadcast = session.get_one(Broadcast, row.broadcast_id)
        broadcast.state = "done" if state == "sent" else "failed"
        if words and studio.channels:
            note = words.format(count=len(broadcast.articles), number=broadcast.id, error=error)
            outbox.add(session, Notice("draft", f"draft:{broadcast.id}", note=note), studio.channels, now)
    return state == "sent"
