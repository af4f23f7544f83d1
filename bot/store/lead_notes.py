"""What staff wrote down about leads; sealed, since it is about people."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId
from bot.store.secrets import Secrets

NOTE = "note"


class Note(Base):
    """One note of one of the staff."""

    __tablename__ = "lead_notes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(sa.String(64))
    sealed: Mapped[bytes]


def write(session: Session, secrets: Secrets, lead_id: int, who: str, at: datetime, text: str) -> None:
    session.add(Note(lead_id=lead_id, at=at, who=who, sealed=secrets.seal(text.encode(), NOTE)))


def of(session: Session, secrets: Secrets, lead_id: int) -> list[tuple[Note, str]]:
    rows = session.scalars(sa.select(Note).where(Note.lead_id == lead_id).order_by(Note.id))
    return [(note, secrets.open(note.sealed, NOTE).decode()) for note in rows]


def forget_since(session: Session, lead_id: int, since: datetime) -> None:
    """Nobody knows of which of a lead's followers a note speaks, so all go that may speak of one who is erased."""
    session.execute(sa.delete(Note).where(Note.lead_id == lead_id, Note.at >= since))
