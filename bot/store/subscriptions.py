"""Who wants news of which topic, since when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, add_missing


class Subscription(Base):
    """since: only articles that are newer than this are news to the follower."""

    __tablename__ = "subscriptions"

    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    topic: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    since: Mapped[datetime]

    __table_args__ = (sa.Index("ix_subscriptions_topic_openid", "topic", "openid"),)


def topics_of(session: Session, openid: str) -> tuple[str, ...]:
    chosen = sa.select(Subscription.topic).where(Subscription.openid == openid)
    return tuple(session.scalars(chosen.order_by(Subscription.since, Subscription.topic)))


def choose(session: Session, openid: str, topics: Iterable[str], at: datetime) -> None:
    """The whole set from now on; topics that were chosen before keep their date."""
    wanted = list(dict.fromkeys(topics))
    mine = Subscription.openid == openid
    session.execute(sa.delete(Subscription).where(mine, Subscription.topic.not_in(wanted)))
    add_missing(session, Subscription, [{"openid": openid, "topic": topic, "since": at} for topic in wanted])


def forget(session: Session, openid: str) -> None:
    session.execute(sa.delete(Subscription).where(Subscription.openid == openid))


def counts(session: Session) -> dict[str, int]:
    """Subscribers by topic."""
    counted = sa.select(Subscription.topic, sa.func.count()).group_by(Subscription.topic)
    return dict(session.execute(counted).all())
