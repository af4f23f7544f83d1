"""Which articles followers opened by the links they were given; staff see it beside their lead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId, add_missing
from bot.store.followers import Follower


class Reading(Base):
    """at: when they opened it first."""

    __tablename__ = "readings"

    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    article_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


def note_all(session: Session, read: Sequence[tuple[str, int, datetime]]) -> None:
    """Who read which article when. Links outlive those they were given to: who follows no more is not noted."""
    known = set(session.scalars(sa.select(Follower.openid).where(Follower.openid.in_({one[0] for one in read}))))
    rows = [{"openid": who, "article_id": article, "at": at} for who, article, at in read if who in known]
    add_missing(session, Reading, rows)


def of(session: Session, openids: Sequence[str], limit: int = 20) -> Sequence[Reading]:
    """What these followers opened, the newest first."""
    theirs = sa.select(Reading).where(Reading.openid.in_(openids))
    return session.scalars(theirs.order_by(Reading.at.desc(), Reading.article_id).limit(limit)).all()


def forget(session: Session, openid: str) -> None:
    session.execute(sa.delete(Reading).where(Reading.openid == openid))


def prune(session: Session, before: datetime) -> int:
    return len(session.scalars(sa.delete(Reading).where(Reading.at < before).returning(Reading.article_id)).all())
