"""Notices to staff that must not get lost: written with what they tell of, sent by a worker afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from bot.store.base import Base, BigId, add_missing, chosen
from bot.store.leads import Lead

NOWHERE = ""
"""The channel of a notice for which no channel is set up: it is dead at once, and visible."""


WORDS = "words"
"""Purpose of the seal around a follower's own words in a notice."""

FARTHEST = timedelta(hours=2)
"""No try waits and no worker holds a row as long: what says so was written by a machine whose clock was wrong."""

TOGETHER = ("lead", "revised", "remind", "next", "manager", "contact")
"""Kinds of notices that may come as one list when a robot is near its limit."""


class Outbox(Base):
    """kind: a notice of config/staff.toml. state: waiting, sending, delivered, dead, dropped.

    key: lead:seq:channel, or what else makes the notice one of its kind. sealed: words of the follower, if any.
    lease_until: a worker that died gives the row back then. worker: who holds it.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    channel: Mapped[str] = mapped_column(sa.String(32))
    key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    lead_id: Mapped[int | None] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    openid: Mapped[str] = mapped_column(sa.String(64), default="", index=True)
    sealed: Mapped[bytes | None]
    note: Mapped[str] = mapped_column(sa.Text, default="")
    state: Mapped[str] = mapped_column(sa.String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str] = mapped_column(sa.String(64), default="")
    error: Mapped[str] = mapped_column(sa.Text, default="")
    settled_at: Mapped[datetime | None]

    __table_args__ = (sa.Index("ix_outbox_state_due_at", "state", "due_at"),)


@dataclass(frozen=True, slots=True)
class Notice:
    """What staff are to be told. `note` holds facts that are nobody's personal data, like a lead's number."""

    kind: str
    key: str
    lead_id: int | None = None
    openid: str = ""
    sealed: bytes | None = None
    note: str = ""


def add(session: Session, notice: Notice, channels: Iterable[str], at: datetime) -> tuple[int, ...]:
    """One row for each channel; a notice that is there already is not added again."""
    rows = [_row(notice, channel, at) for channel in channels] or [_row(notice, NOWHERE, at)]
    return tuple(row["id"] for row in add_missing(session, Outbox, rows))


def claim(
    session: Session,
    worker: str,
    now: datetime,
    lease: timedelta,
    limit: int = 20,
    only: sa.ColumnElement[bool] | None = None,
) -> Sequence[Outbox]:
    """Up to `limit` due rows for this worker alone, oldest first; commit before sending."""
    due = (
        sa.select(Outbox.id)
        .where(_is_due(now), sa.true() if only is None else only)
        .order_by(Outbox.due_at, Outbox.id)
        .limit(limit)
    )
    taken = (
        sa.update(Outbox)
        .where(Outbox.id.in_(chosen(due)), _is_due(now))
        .values(state="sending", worker=worker, lease_until=now + lease, attempts=Outbox.attempts + 1)
        .returning(Outbox)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return sorted(session.scalars(taken).all(), key=lambda row: row.id)


def crowded(session: Session, now: datetime, span: timedelta, most: int) -> str:
    """A channel that told `most` within `span` and has several more to tell; "" for none."""
    lately = sa.select(Outbox.channel).where(Outbox.state == "delivered", Outbox.settled_at > now - span)
    busy = lately.group_by(Outbox.channel).having(sa.func.count() >= most)
    waiting = sa.select(Outbox.channel).where(together(), _is_due(now), Outbox.channel.in_(busy))
    return session.scalar(waiting.group_by(Outbox.channel).having(sa.func.count() > 1).limit(1)) or ""


def together() -> sa.ColumnElement[bool]:
    """Notices that may share one message; of the most promising leads each has its own."""
    promising = sa.select(Lead.id).where(Lead.grade == "A")
    return sa.and_(Outbox.kind.in_(TOGETHER), sa.or_(Outbox.lead_id.is_(None), Outbox.lead_id.not_in(promising)))


def is_known(session: Session, key: str) -> bool:
    """Whether a notice of this key was made, on whatever channel."""
    return (
        session.scalar(sa.select(Outbox.id).where(Outbox.key.startswith(f"{key}:", autoescape=True)).limit(1))
        is not None
    )


def delivered(session: Session, row_id: int, worker: str, now: datetime) -> bool:
    return _settle(session, row_id, worker, state="delivered", settled_at=now, error="")


def retry(session: Session, row_id: int, worker: str, due: datetime, error: str) -> bool:
    return _settle(session, row_id, worker, state="waiting", due_at=due, error=error)


def bury(session: Session, row_id: int, worker: str, now: datetime, error: str) -> bool:
    """A dead letter: kept, shown, and told of elsewhere."""
    return _settle(session, row_id, worker, state="dead", settled_at=now, error=error)


def revive(session: Session, now: datetime, channels: Sequence[str] = ()) -> int:
    """Dead letters get another day of tries; those from before there was a channel go to the first one. How many."""
    if channels:
        _readdress(session, channels[0])
    dead = sa.and_(Outbox.state == "dead", Outbox.channel != NOWHERE)
    again = {"state": "waiting", "due_at": now, "created_at": now, "attempts": 0, "settled_at": None}
    return len(session.scalars(sa.update(Outbox).where(dead).values(**again).returning(Outbox.id)).all())


def _readdress(session: Session, channel: str) -> None:
    """A key ends with its channel, and so with nothing where there was none."""
    other = aliased(Outbox)
    told = sa.exists().where(other.key == Outbox.key + channel)
    lost = sa.and_(Outbox.state == "dead", Outbox.channel == NOWHERE, ~told)
    again = {"channel": channel, "key": Outbox.key + channel, "error": ""}
    session.execute(sa.update(Outbox).where(lost).values(**again).execution_options(synchronize_session=False))


def drop_for_lead(session: Session, lead_ids: Iterable[int], now: datetime) -> None:
    """Consent is gone: what was not sent yet stays unsent."""
    pending = sa.and_(Outbox.lead_id.in_(list(lead_ids)), Outbox.state.in_(("waiting", "sending", "dead")))
    session.execute(sa.update(Outbox).where(pending).values(state="dropped", settled_at=now))


def was_told(session: Session, lead_id: int) -> bool:
    """Staff heard, or may have heard, of this lead."""
    told = sa.select(Outbox.id).where(Outbox.lead_id == lead_id, Outbox.state.in_(("sending", "delivered")))
    return session.scalar(told.limit(1)) is not None


def is_recent(session: Session, kind: str, openid: str, since: datetime) -> bool:
    same = sa.select(Outbox.id).where(Outbox.openid == openid, Outbox.kind == kind, Outbox.created_at > since)
    return session.scalar(same.limit(1)) is not None


def erase(session: Session, openid: str) -> None:
    session.execute(sa.delete(Outbox).where(Outbox.openid == openid))


def prune(session: Session, before: datetime) -> int:
    done = sa.and_(Outbox.state.in_(("delivered", "dropped")), Outbox.settled_at < before)
    return len(session.scalars(sa.delete(Outbox).where(done).returning(Outbox.id)).all())


def next_due(session: Session) -> datetime | None:
    """When the next row wants a worker: its due time, or the end of a lease."""
    waiting = sa.select(sa.func.min(Outbox.due_at)).where(Outbox.state == "waiting")
    leased = sa.select(sa.func.min(Outbox.lease_until)).where(Outbox.state == "sending")
    return min((moment for moment in (session.scalar(waiting), session.scalar(leased)) if moment), default=None)


def oldest_undelivered(session: Session) -> datetime | None:
    """For the alarm: since when somebody has been waiting to be told."""
    pending = Outbox.state.in_(("waiting", "sending"))
    return session.scalar(sa.select(sa.func.min(Outbox.created_at)).where(pending))


def listing(session: Session, states: Iterable[str]) -> Sequence[Outbox]:
    return session.scalars(sa.select(Outbox).where(Outbox.state.in_(list(states))).order_by(Outbox.id)).all()


def counts(session: Session) -> dict[str, int]:
    counted = sa.select(Outbox.state, sa.func.count()).group_by(Outbox.state)
    return dict(session.execute(counted).all())


def _row(notice: Notice, channel: str, at: datetime) -> dict[str, object]:
    return {
        "kind": notice.kind,
        "channel": channel,
        "key": f"{notice.key}:{channel}",
        "lead_id": notice.lead_id,
        "openid": notice.openid,
        "sealed": notice.sealed,
        "note": notice.note,
        "state": "waiting" if channel else "dead",
        "attempts": 0,
        "created_at": at,
        "due_at": at,
        "worker": "",
        "error": "" if channel else "no staff channel is set up",
        "settled_at": None if channel else at,
    }


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    far = now + FARTHEST
    return sa.or_(
        sa.and_(Outbox.state == "waiting", sa.or_(Outbox.due_at <= now, Outbox.due_at > far)),
        sa.and_(Outbox.state == "sending", sa.or_(Outbox.lease_until <= now, Outbox.lease_until > far)),
    )


def _settle(session: Session, row_id: int, worker: str, **values: object) -> bool:
    """Only the worker that holds the row may settle it: a slow one comes too late and changes nothing."""
    held = sa.and_(Outbox.id == row_id, Outbox.worker == worker, Outbox.state == "sending")
    done = sa.update(Outbox).where(held).values(worker="", lease_until=None, **values).returning(Outbox.id)
    return session.scalar(done) is not None
