"""Leave no trace of a person but a keyed tombstone, which also erases them again after a restored backup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store import consents, deliveries, followers, leads, outbox, questions, readings, subscriptions, tags, talks
from bot.store.base import Base, add_missing
from bot.store.followers import Follower
from bot.store.lead_events import LeadEvent
from bot.store.lead_parts import LeadPart
from bot.store.leads import Lead, LeadPhone
from bot.store.secrets import Secrets

_OPENID = "openid"
_LEFT = "left"
"""Purposes of a stone's hash: erased with everything, or only left, which leads outlive."""


class Erasure(Base):
    """tombstone: keyed hash of an openid or a phone. Nothing leads back from it to the person."""

    __tablename__ = "erasures"

    tombstone: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Gone:
    """numbers: of leads that are no more. left: of leads that go on for others. Their owners must delete copies."""

    numbers: Sequence[str] = ()
    left: Sequence[LeadEvent] = ()


def openid_stone(secrets: Secrets, openid: str) -> str:
    return secrets.keyed_hash(openid, _OPENID)


def forget_follower(session: Session, openid: str) -> None:
    """What the platform's rules want gone with an unfollow: all but the leads, which have their own consent."""
    for table in (followers, subscriptions, questions, readings, tags, consents, talks):
        table.forget(session, openid)
    deliveries.forget(session, openid)


def leave(session: Session, secrets: Secrets, openid: str, at: datetime) -> None:
    """They unfollowed. The stone keeps a restored backup from bringing them back."""
    _bury(session, [secrets.keyed_hash(openid, _LEFT)], at)
    forget_follower(session, openid)


def stones(session: Session, secrets: Secrets, openids: Iterable[str]) -> dict[str, datetime]:
    """When those of them who left or were erased did so last."""
    names = {secrets.keyed_hash(openid, purpose): openid for openid in openids for purpose in (_OPENID, _LEFT)}
    found: dict[str, datetime] = {}
    for stone, at in session.execute(sa.select(Erasure.tombstone, Erasure.at).where(Erasure.tombstone.in_(names))):
        found[names[stone]] = max(at, found.get(names[stone], at))
    return found


def names_of(secrets: Secrets, openid: str) -> tuple[str, ...]:
    """The stones this follower would have."""
    return tuple(secrets.keyed_hash(openid, purpose) for purpose in (_OPENID, _LEFT))


def all_stones(session: Session, since: datetime | None = None) -> dict[str, datetime]:
    wanted = sa.select(Erasure.tombstone, Erasure.at)
    return dict(session.execute(wanted.where(Erasure.at >= since) if since else wanted).all())


def bring(session: Session, stones: Mapping[str, datetime]) -> None:
    """Stones from elsewhere; the later moment counts."""
    add_missing(session, Erasure, [{"tombstone": stone, "at": at} for stone, at in stones.items()])
    for stone, at in stones.items():
        older = sa.update(Erasure).where(Erasure.tombstone == stone, Erasure.at < at)
        session.execute(older.values(at=at))


def erase(session: Session, secrets: Secrets, openid: str, at: datetime) -> Gone:
    """Everything of theirs goes, leads included; of a lead that others joined only what they gave themselves."""
    alone, several = leads.held_by(session, openid)
    phones = _phones(session, LeadPhone.lead_id.in_([lead.id for lead in (*alone, *several)]))
    left = [leads.leave(session, secrets, lead, openid, at) for lead in several]
    numbers = leads.erase(session, Lead.id.in_([lead.id for lead in alone]))
    still_held = _phones(session, LeadPhone.phone_hash.in_(phones))  # by somebody else, who asked for nothing
    _bury(session, [openid_stone(secrets, openid), *sorted(phones - still_held)], at)
    outbox.erase(session, openid)
    forget_follower(session, openid)
    return Gone(numbers, left)


def reapply(session: Session, secrets: Secrets, at: datetime) -> list[str]:
    """After a restored backup: erase again whoever has a tombstone and is back. Returns numbers of erased leads.

    Somebody who came back by themselves after their erasure is not erased: what they left is newer than the stone.
    """
    stones = dict(session.execute(sa.select(Erasure.tombstone, Erasure.at)).all())
    gone: list[str] = []
    for openid, since in _known(session):
        stone = stones.get(openid_stone(secrets, openid))
        if stone and since < stone:
            gone += erase(session, secrets, openid, at).numbers
    for openid, since in session.execute(sa.select(Follower.openid, Follower.followed_at)).all():
        stone = stones.get(secrets.keyed_hash(openid, _LEFT))
        if stone and since < stone:
            forget_follower(session, openid)
    return gone + _erase_by_phone(session)


def prune(session: Session, before: datetime) -> int:
    return len(session.scalars(sa.delete(Erasure).where(Erasure.at < before).returning(Erasure.at)).all())


def _known(session: Session) -> set[tuple[str, datetime]]:
    of_leads = sa.select(Lead.openid, Lead.submitted_at)
    of_parts = sa.select(LeadPart.openid, LeadPart.at)
    of_followers = sa.select(Follower.openid, Follower.followed_at)
    return {(openid, at) for one in (of_leads, of_parts, of_followers) for openid, at in session.execute(one)}


def _phones(session: Session, which: sa.ColumnElement[bool]) -> set[str]:
    return set(session.scalars(sa.select(LeadPhone.phone_hash).where(which)))


def _erase_by_phone(session: Session) -> list[str]:
    back = (
        sa.select(LeadPhone.lead_id)
        .join(Erasure, Erasure.tombstone == LeadPhone.phone_hash)
        .join(Lead, sa.and_(Lead.id == LeadPhone.lead_id, Lead.submitted_at < Erasure.at))
    )
    return leads.erase(session, Lead.id.in_(back))


def _bury(session: Session, stones: Iterable[str], at: datetime) -> None:
    rows = [{"tombstone": stone, "at": at} for stone in dict.fromkeys(stones)]
    add_missing(session, Erasure, rows)
    session.execute(sa.update(Erasure).where(Erasure.tombstone.in_([row["tombstone"] for row in rows])).values(at=at))
