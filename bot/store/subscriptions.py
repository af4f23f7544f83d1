"""Who wants news of which topic, since when, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, add_missing

AT_ONCE, DAILY, WEEKLY = "", "daily", "weekly"
PACES = (AT_ONCE, DAILY, WEEKLY)
APART = {DAILY: timedelta(hours=20), WEEKLY: timedelta(days=6, hours=12)}
"""Who wants news daily or weekly hears nothing for this long after the last time; a little less than the whole, for
the clock does not come at the same second every day."""


class Subscription(Base):
    """since: articles from before it are no news to the follower; a whole second, for sites give their publish times
    so, and what comes out in the very second of the subscription is news. pace: one of PACES."""

    __tablename__ = "subscriptions"

    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    topic: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    since: Mapped[datetime]
    pace: Mapped[str] = mapped_column(sa.String(8), default=AT_ONCE)

    __table_args__ = (sa.Index("ix_subscriptions_topic_openid", "topic", "openid"),)


def pace_of(session: Session, openid: str) -> str:
    """How often they want to hear: the same for all their topics."""
    return session.scalar(sa.select(Subscription.pace).where(Subscription.openid == openid).limit(1)) or AT_ONCE


def choose(session: Session, openid: str, topics: Iterable[str], at: datetime, pace: str = AT_ONCE) -> None:
    """The whole set and its pace from now on; topics that were chosen before keep their date."""
    wanted = list(dict.fromkeys(topics))
    mine = Subscription.openid == openid
    session.execute(sa.delete(Subscription).where(mine, Subscription.topic.not_in(wanted)))
    rows = [{"openid": openid, "topic": topic, "since": at.replace(microsecond=0), "pace": pace} for topic in wanted]
    add_missing(session, Subscription, rows)
    session.execute(sa.update(Subscription).where(mine, Subscription.pace != pace).values(pace=pace))


def has_any(session: Session, topic: str, pace: str) -> bool:
    wanted = sa.select(Subscription.openid).where(Subscription.topic == topic, Subscription.pace == pace)
    return session.scalar(wanted.limit(1)) is not None


def forget(session: Session, openid: str) -> None:
    session.execute(sa.delete(Subscription).where(Subscription.openid == openid))


def counts(session: Session) -> dict[str, int]:
    """Subscribers by topic."""
    counted = sa.select(Subscription.topic, sa.func.count()).group_by(Subscription.topic)
    return dict(session.execute(counted).all())
