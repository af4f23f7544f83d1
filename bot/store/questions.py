"""Questions for articles, kept for staff: what nobody could answer, and what many ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.dialogue.effects import Asked
from bot.dialogue.masking import masked_text
from bot.store.base import Base, BigId

LONGEST = 200
"""Characters of a question that are kept."""


class Question(Base):
    __tablename__ = "questions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(sa.String(64), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
    answered: Mapped[bool]
    shown: Mapped[list[int]] = mapped_column(default=list)
    at: Mapped[datetime] = mapped_column(index=True)


def ask(session: Session, openid: str, asked: Asked, at: datetime) -> None:
    ask_all(session, [(openid, asked, at)])


def ask_all(session: Session, asked: Sequence[tuple[str, Asked, datetime]]) -> None:
    """Who asked what when; numbers that may be somebody's phone are covered."""
    rows = [
        {"openid": openid, "text": _kept(one.text), "answered": one.answered, "shown": list(one.shown), "at": at}
        for openid, one, at in asked
    ]
    if rows:
        session.execute(sa.insert(Question), rows)


def _kept(text: str) -> str:
    return masked_text(text[:LONGEST])


def forget(session: Session, openid: str) -> None:
    session.execute(sa.delete(Question).where(Question.openid == openid))


def prune(session: Session, before: datetime) -> int:
    return len(session.scalars(sa.delete(Question).where(Question.at < before).returning(Question.at)).all())
