"""News of a topic: which articles, planned once, and how sending it went as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId, add_missing


class Broadcast(Base):
    """kind: news (what is new in a topic, for every channel) or mass (one send of a draft to the topic's tag).

    key: makes a plan happen once whatever restarts. state: open, done, failed, unsure.
    total .. failed: the platform's figures of a mass send.
    """

    __tablename__ = "broadcasts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    topic: Mapped[str] = mapped_column(sa.String(64))
    key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    articles: Mapped[list[int]]
    state: Mapped[str] = mapped_column(sa.String(16), default="open")
    created_at: Mapped[datetime]
    total: Mapped[int | None]
    filtered: Mapped[int | None]
    sent: Mapped[int | None]
    failed: Mapped[int | None]


def plan(session: Session, kind: str, topic: str, key: str, articles: Sequence[int], at: datetime) -> Broadcast | None:
    """A new broadcast, or None where this one was planned before."""
    row = {"kind": kind, "topic": topic, "key": key, "articles": list(articles), "state": "open", "created_at": at}
    added = add_missing(session, Broadcast, [row])
    return session.get(Broadcast, added[0]["id"]) if added else None


def latest_news(session: Session) -> int:
    """Number of the newest broadcast of news; 0 = none yet."""
    return session.scalar(sa.select(sa.func.max(Broadcast.id)).where(Broadcast.kind == "news")) or 0


def has_mass_since(session: Session, moment: datetime) -> bool:
    """A mass send was planned after this moment, and did not fail."""
    lately = sa.select(Broadcast.id).where(Broadcast.kind == "mass", Broadcast.created_at > moment)
    return session.scalar(lately.where(Broadcast.state != "failed").limit(1)) is not None


def listing(session: Session, limit: int = 50) -> Sequence[Broadcast]:
    return session.scalars(sa.select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)).all()
