"""Which articles are news: for a topic, for a follower, for a tag."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.articles import SHOWN, Article, ArticleTopic, remembered
from bot.store.base import Base, BigId

SHANGHAI = ZoneInfo("Asia/Shanghai")


RESTORED = "restored"
"""Name of the note that a backup was restored, and when (see bot.store.restored)."""


class News(Base):
    """An article became news in a topic: once, ever. fresh_at: when it counts as having come out.

    released_at: since when followers may hear of it; empty while staff look at its broadcast, or if they dropped it.
    """

    __tablename__ = "news"

    topic: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    article_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    broadcast_id: Mapped[int] = mapped_column(sa.ForeignKey("broadcasts.id"), index=True)
    fresh_at: Mapped[datetime] = mapped_column(index=True)
    released_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be pushed. evidence: how sure the topic must be. backfill: articles that were older than this when
    they were first seen are not news. recent: nor is what came out longer ago than this. most: in one broadcast."""

    evidence: float = 0.9
    backfill: timedelta = timedelta(days=3)
    recent: timedelta = timedelta(days=7)
    most: int = 8


USUAL = Rules()


@dataclass(frozen=True, slots=True)
class Fresh:
    article_id: int
    fresh_at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """An article as a push needs it."""

    id: int
    title: str
    summary: str
    url: str
    picture: str
    body: str = ""
    author: str = ""
    html: str = ""


def candidates(session: Session, topic: str, rules: Rules, now: datetime) -> list[Fresh]:
    """Articles that came out lately, surely belong to the topic and were not news in it before; newest first."""
    a, t = Article, ArticleTopic
    restored = _restored_at(session)
    wanted = (
        sa.select(a.id, a.published_at, a.published_precision, a.first_seen_at)
        .join(t, t.article_id == a.id)
        .where(t.topic == topic, sa.or_(t.score >= rules.evidence, sa.and_(t.by_staff.is_(True), t.score > 0)))
        .where(SHOWN, a.duplicate_of.is_(None), a.published_at <= now)
        .where(sa.or_(a.published_at > now - rules.recent, a.first_seen_at > now - rules.recent))
        .where(~sa.exists().where(News.topic == topic, News.article_id == a.id))
    )
    found = [
        Fresh(row.id, fresh_at(row.published_at, row.published_precision, row.first_seen_at))
        for row in session.execute(wanted)
        if row.first_seen_at - row.published_at <= rules.backfill and row.published_at > restored
    ]
    return sorted(found, key=lambda one: (one.fresh_at, one.article_id), reverse=True)[: rules.most]


def _restored_at(session: Session) -> datetime:
    """What came out before that may have been pushed already, and nobody knows."""
    at = remembered(session, RESTORED).get("at")
    return datetime.fromisoformat(at) if at else datetime.min.replace(tzinfo=UTC)


def fresh_at(published: datetime, precision: str, first_seen: datetime) -> datetime:
    """When it came out. A site that gives only the day gives midnight: then the moment we saw it that day is nearer."""
    same_day = published.astimezone(SHANGHAI).date() == first_seen.astimezone(SHANGHAI).date()
    return max(published, first_seen) if precision == "day" and same_day else published


def release(session: Session, topic: str, articles: Sequence[int], at: datetime) -> None:
    """From now on followers may hear of these."""
    held = sa.and_(News.topic == topic, News.article_id.in_(list(articles)), News.released_at.is_(None))
    session.execute(sa.update(News).where(held).values(released_at=at))


def of_articles(session: Session, topic: str, articles: Sequence[int]) -> list[Fresh]:
    """When these came out as news of the topic, newest first."""
    wanted = sa.select(News.article_id, News.fresh_at).where(News.topic == topic, News.article_id.in_(list(articles)))
    newest_first = wanted.order_by(News.fresh_at.desc(), News.article_id.desc())
    return [Fresh(article_id, fresh) for article_id, fresh in session.execute(newest_first)]


def recent_of(session: Session, topic: str, since: datetime, most: int) -> list[News]:
    """What came out in a topic and may be heard of, newest first."""
    wanted = sa.select(News).where(News.topic == topic, News.fresh_at > since, News.released_at.is_not(None))
    return list(session.scalars(wanted.order_by(News.fresh_at.desc(), News.article_id.desc()).limit(most)))


def stories(session: Session, ids: Iterable[int]) -> Sequence[Story]:
    """Those of the articles that are still at the site and not hidden, in the order asked for."""
    order = list(ids)
    a = Article
    wanted = sa.select(a.id, a.title, a.summary, a.url, a.picture, a.body, a.author, a.html)
    rows = session.execute(wanted.where(a.id.in_(order), SHOWN))
    found = {row.id: Story(row.id, *(value or "" for value in row[1:])) for row in rows}
    return [found[one] for one in order if one in found]
