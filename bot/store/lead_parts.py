"""What each follower gave to a lead that several of them made: they are shown no more than that, and it goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId
from bot.store.lead_content import Given, opened, seal
from bot.store.secrets import Secrets


class LeadPart(Base):
    """Made for every follower of a lead when the second one joins; until then the whole lead is the first one's.

    number: the one this follower was told. at: when they joined.
    rank: whoever gave something last has the highest, and is believed first.
    """

    __tablename__ = "lead_parts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"))
    openid: Mapped[str] = mapped_column(sa.String(64), index=True)
    number: Mapped[str] = mapped_column(sa.String(32))
    at: Mapped[datetime]
    rank: Mapped[int]
    sealed: Mapped[bytes]
    scene: Mapped[str] = mapped_column(sa.String(64), default="")
    consents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    shown: Mapped[list[int]] = mapped_column("read", default=list)

    __table_args__ = (sa.UniqueConstraint("lead_id", "openid"),)


def of(session: Session, lead_id: int) -> Sequence[LeadPart]:
    """Whoever is believed first in front."""
    mine = sa.select(LeadPart).where(LeadPart.lead_id == lead_id)
    return session.scalars(mine.order_by(LeadPart.rank.desc(), LeadPart.id)).all()


def given(secrets: Secrets, part: LeadPart) -> Given:
    return Given(opened(secrets, part.sealed), part.consents, part.shown)


def write(session: Session, secrets: Secrets, part: LeadPart, now: Given) -> None:
    """A new part, or one that has new contents."""
    part.sealed, part.consents, part.shown = seal(secrets, now.content), dict(now.consents), list(now.shown)
    session.add(part)
    session.flush()


def forget(session: Session, lead_id: int, openid: str | None = None) -> None:
    """Without an openid those of everybody."""
    mine = sa.and_(LeadPart.lead_id == lead_id, sa.true() if openid is None else LeadPart.openid == openid)
    session.execute(sa.delete(LeadPart).where(mine))
