"""What was said between followers and the account, sealed; answers of staff wait here for a worker."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.dialogue.masking import masked_text
from bot.store.base import Base, BigId, chosen
from bot.store.leads import Lead, LeadAlias
from bot.store.secrets import Secrets

FOLLOWER, BOT = "follower", "bot"
LONGEST = 2000
"""Characters of one message that are kept."""

PENDING = ("waiting", "sending")
TALK = "talk"


class Talk(Base):
    """who: follower, bot, or the member of staff who answered.

    state: "" for what was simply said; of an answer of staff: waiting, sending, sent, failed, unsure, dropped.
    """

    __tablename__ = "talks"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(sa.String(64), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(sa.String(64))
    sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(sa.String(16), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str] = mapped_column(sa.String(64), default="")
    error: Mapped[str] = mapped_column(sa.Text, default="")

    __table_args__ = (sa.Index("ix_talks_state_due_at", "state", "due_at"),)


@dataclass(frozen=True, slots=True)
class Line:
    """kind: text, or what else was sent: image, voice, card, follow, …; then `text` says more about it, if anything."""

    openid: str
    at: datetime
    who: str
    kind: str
    text: str = ""


def keep(session: Session, secrets: Secrets, lines: Iterable[Line]) -> None:
    """Phones and other long numbers are covered: what staff may see of them is in the lead.

    One statement past the ORM, which would cost as much for each line as understanding it did.
    """
    rows = [{"openid": line.openid, "at": line.at, "who": line.who, "sealed": _seal(secrets, line)} for line in lines]
    if rows:
        session.execute(sa.insert(Talk.__table__), rows)  # type: ignore[arg-type]


def of(session: Session, secrets: Secrets, openids: Sequence[str], limit: int = 200) -> list[tuple[Talk, Line]]:
    """The latest lines of these followers, oldest first."""
    mine = sa.select(Talk).where(Talk.openid.in_(openids)).order_by(Talk.at.desc(), Talk.id.desc()).limit(limit)
    return [(row, _open(secrets, row)) for row in reversed(session.scalars(mine).all())]


def spoke_last(session: Session, openids: Sequence[str]) -> dict[str, datetime]:
    """When each of these followers said something last; nobody who said nothing that was kept."""
    theirs = sa.and_(Talk.openid.in_(openids), Talk.who == FOLLOWER)
    return dict(session.execute(sa.select(Talk.openid, sa.func.max(Talk.at)).where(theirs).group_by(Talk.openid)).all())


def forget(session: Session, openid: str) -> None:
    session.execute(sa.delete(Talk).where(Talk.openid == openid))


def prune(session: Session, before: datetime) -> int:
    """Old talk of those who left no inquiry: without one there is no consent to keep it any longer."""
    with_lead = sa.union(sa.select(Lead.openid), sa.select(LeadAlias.openid))
    gone = sa.and_(Talk.at < before, Talk.openid.not_in(with_lead), Talk.state.not_in(PENDING))
    return len(session.scalars(sa.delete(Talk).where(gone).returning(Talk.id)).all())


# Answers of staff


def answer(session: Session, secrets: Secrets, line: Line) -> Talk:
    """An answer that a worker is to send. It is kept as it was written: it is our own words."""
    row = Talk(openid=line.openid, at=line.at, who=line.who, sealed=_seal(secrets, line, covered=False))
    row.state, row.due_at = "waiting", line.at
    session.add(row)
    session.flush()
    return row


def claim(session: Session, secrets: Secrets, worker: str, now: datetime, lease: timedelta) -> tuple[Talk, Line] | None:
    """The oldest answer that is due, for this worker alone; commit before sending."""
    due = sa.and_(Talk.state == "waiting", Talk.due_at <= now)
    first = sa.select(Talk.id).where(due).order_by(Talk.due_at, Talk.id).limit(1)
    taken = (
        sa.update(Talk)
        .where(Talk.id.in_(chosen(first)), due)
        .values(state="sending", worker=worker, lease_until=now + lease, attempts=Talk.attempts + 1)
        .returning(Talk)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    row = session.scalars(taken).one_or_none()
    return (row, _open(secrets, row)) if row else None


def settle(
    session: Session, row_id: int, worker: str, state: str, error: str = "", due: datetime | None = None
) -> bool:
    """Only the worker that holds the row may."""
    held = sa.and_(Talk.id == row_id, Talk.worker == worker, Talk.state == "sending")
    values = {"state": state, "error": error, "worker": "", "lease_until": None, "due_at": due}
    return session.scalar(sa.update(Talk).where(held).values(**values).returning(Talk.id)) is not None


def recover(session: Session, now: datetime) -> int:
    """Whoever sent these died over it: nobody knows whether they arrived, and twice would be worse than not at all."""
    dead = sa.and_(Talk.state == "sending", Talk.lease_until <= now)
    lost = {"state": "unsure", "worker": "", "lease_until": None}
    return len(session.scalars(sa.update(Talk).where(dead).values(**lost).returning(Talk.id)).all())


def drop_pending(session: Session, *openids: str) -> None:
    """Consent is gone: what was not sent stays unsent."""
    waiting = sa.and_(Talk.openid.in_(openids), Talk.state == "waiting")
    session.execute(sa.update(Talk).where(waiting).values(state="dropped"))


def _seal(secrets: Secrets, line: Line, *, covered: bool = True) -> bytes:
    text = line.text[:LONGEST]
    facts = [line.kind, masked_text(text) if covered else text]
    return secrets.seal(json.dumps(facts, ensure_ascii=False).encode(), TALK)


def _open(secrets: Secrets, row: Talk) -> Line:
    kind, text = json.loads(secrets.open(row.sealed, TALK))
    return Line(row.openid, row.at, row.who, kind, text)
