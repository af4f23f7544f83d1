"""What happened to a lead, one row after another; nothing here is ever changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId


class LeadEvent(Base):
    """seq: the lead's version that this event made. changed: names of the slots that got new values, never the values.

    who: "follower", "system" or a member of staff. kind: submitted, revised, moved, merged, withdrawn,
    or parted, when one of several followers took back what they gave.
    """

    __tablename__ = "lead_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"))
    seq: Mapped[int]
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(16))
    before: Mapped[str] = mapped_column(sa.String(16), default="")
    after: Mapped[str] = mapped_column(sa.String(16))
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    changed: Mapped[list[str]] = mapped_column(default=list)

    __table_args__ = (sa.UniqueConstraint("lead_id", "seq"),)


def of(session: Session, lead_id: int) -> Sequence[LeadEvent]:
    return session.scalars(sa.select(LeadEvent).where(LeadEvent.lead_id == lead_id).order_by(LeadEvent.seq)).all()


def projected(events: Sequence[LeadEvent]) -> str:
    """The state that the events lead to; equal to the lead's own `state` at any time."""
    return events[-1].after if events else ""
