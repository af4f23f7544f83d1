"""Inquiries that were begun, whether or not anything came of them: when, from which source, after which articles.

Drafts live in Redis only and are forgotten; this is what stays of them, with nothing that leads to a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.dialogue.effects import InquiryBegun
from bot.store.base import Base, BigId


class Beginning(Base):
    """scene, shown: as of a lead, to be counted beside them."""

    __tablename__ = "inquiries_begun"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    scene: Mapped[str] = mapped_column(sa.String(64), default="")
    shown: Mapped[list[int]] = mapped_column("read", default=list)


def note_all(session: Session, begun: Sequence[tuple[InquiryBegun, datetime]]) -> None:
    """In one statement; none where nothing was begun."""
    rows = [{"at": at, "scene": one.scene[:64], "shown": list(one.shown)} for one, at in begun]
    if rows:
        session.execute(sa.insert(Beginning), rows)


def prune(session: Session, before: datetime) -> int:
    return len(session.scalars(sa.delete(Beginning).where(Beginning.at < before).returning(Beginning.id)).all())
