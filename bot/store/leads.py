"""Leads: confirmed inquiries of prospects, their values sealed, findable by keyed hashes of phones."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from bot.dialogue.effects import LeadRevised, LeadSubmitted
from bot.dialogue.lookups import OpenLead
from bot.dialogue.message import Message
from bot.store import base, lifecycle
from bot.store.base import Base, BigId
from bot.store.lead_events import LeadEvent
from bot.store.secrets import Secrets

SAME_PERSON = timedelta(days=180)
"""As long an open lead of the same phone or follower takes a new inquiry in (reference: intake §5)."""

PROTECTED = timedelta(days=30)
"""As long a lead stays with whoever took it on, from their last step (reference: intake §5)."""

PHONE_SLOTS = ("mobile", "landline")
NAME_SLOTS = ("company", "contact")
SEALED = "lead"
_PHONE = "phone"
_NAME = "name"
_LEGAL_FORM = re.compile(r"(?:(?:股份|责任)?有限(?:责任)?)?公司$|集团$|[（(].*?[)）]|[\s·.,，。-]")
_MESSAGE = "message"


class Lead(Base):
    """The current state; how it came to be is in lead_events. `version` counts those events.

    grade: A, B or C by the rules when it was last rewritten. shared: nobody took it on in time, any agent may.
    protected_until: it stays with its owner till then. merged_into: the lead that goes on for this duplicate.
    """

    __tablename__ = "leads"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(32), unique=True)
    message_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    openid: Mapped[str] = mapped_column(sa.String(64), index=True)
    state: Mapped[str] = mapped_column(sa.String(16), index=True)
    owner: Mapped[str] = mapped_column(sa.String(64), default="")
    version: Mapped[int]
    sealed: Mapped[bytes]
    scene: Mapped[str] = mapped_column(sa.String(64), default="")
    consents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    read: Mapped[list[int]] = mapped_column(default=list)
    grade: Mapped[str] = mapped_column(sa.String(1), default="")
    shared: Mapped[bool] = mapped_column(default=False)
    protected_until: Mapped[datetime | None]
    merged_into: Mapped[int | None] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    submitted_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (
        sa.Index("ix_leads_owner_state", "owner", "state"),
        sa.Index("ix_leads_shared_state_owner", "shared", "state", "owner"),
        sa.Index("ix_leads_scene", "scene"),
    )


class LeadPhone(Base):
    """A phone of a lead, as a keyed hash: enough to find the lead again, not enough to call."""

    __tablename__ = "lead_phones"

    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True)
    phone_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True, index=True)


class LeadName(Base):
    """The name of a company or a person, as a keyed hash: to find it by its whole name, and others of the same."""

    __tablename__ = "lead_names"

    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True)
    name_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True, index=True)


class LeadAlias(Base):
    """A number a follower was told for an inquiry that became a revision of an open lead of the same person.

    openid: who was told it; the same person may write from two accounts.
    """

    __tablename__ = "lead_aliases"

    number: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"), index=True)
    openid: Mapped[str] = mapped_column(sa.String(64), index=True)


@dataclass(frozen=True, slots=True)
class Content:
    """The sealed part: values in the keys of the annotation scheme, and the follower's own words."""

    slots: Mapping[str, Any]
    remarks: tuple[str, ...] = ()


def seal(secrets: Secrets, content: Content) -> bytes:
    facts = {"slots": dict(content.slots), "remarks": list(content.remarks)}
    return secrets.seal(json.dumps(facts, ensure_ascii=False).encode(), SEALED)


def content(secrets: Secrets, lead: Lead) -> Content:
    facts = json.loads(secrets.open(lead.sealed, SEALED))
    return Content(facts["slots"], tuple(facts["remarks"]))


def phone_hashes(secrets: Secrets, phones: Iterable[str]) -> list[str]:
    return sorted({secrets.keyed_hash(phone, _PHONE) for phone in phones})


def name_hashes(secrets: Secrets, names: Iterable[str]) -> list[str]:
    """Of names as people type them: widths, cases, spaces and the legal form make no difference."""
    cores = (_LEGAL_FORM.sub("", unicodedata.normalize("NFKC", name).casefold()) for name in names)
    return sorted({secrets.keyed_hash(core, _NAME) for core in cores if core})


def names(slots: Mapping[str, Any]) -> list[str]:
    return [str(slots[name]) for name in NAME_SLOTS if slots.get(name)]


def message_hash(secrets: Secrets, key: str) -> str:
    """A message key holds the follower's openid in the clear, so that only its hash is kept."""
    return secrets.keyed_hash(key, _MESSAGE)


def phones(slots: Mapping[str, Any]) -> list[str]:
    return [phone for name in PHONE_SLOTS for phone in slots.get(name) or ()]


def submit(session: Session, secrets: Secrets, message: Message, effect: LeadSubmitted) -> LeadEvent:
    """A new lead, or a revision of the open lead of the same person, who keeps its owner and its first number."""
    hashes = phone_hashes(secrets, phones(effect.slots))
    for name in sorted([f"openid {message.openid}", *(f"phone {one}" for one in hashes)]):
        base.lock(session, name)  # two devices at the same moment: the second one must see the first
    known = _open(session, message.openid, hashes, message.at)
    if known is None:
        return _create(session, secrets, message, effect)
    _also_called(session, effect.number, known, message.openid)
    return _merge(session, secrets, message, effect, known)


def revise(session: Session, secrets: Secrets, message: Message, effect: LeadRevised) -> LeadEvent | None:
    """New values for a lead; None where there is no such lead of this follower any more."""
    lead = by_number(session, effect.number, locked=True, of=message.openid)
    if lead is None or lead.state == "withdrawn":
        return None
    lead.consents = {**lead.consents, **effect.consents}
    remarks = tuple(dict.fromkeys([*content(secrets, lead).remarks, *effect.remarks]))
    return _rewrite(session, secrets, lead, Content(effect.slots, remarks), message.at, "revised", effect.changed)


def withdraw(session: Session, openid: str, at: datetime) -> list[LeadEvent]:
    """Consent is gone: nobody may go on with any lead of this follower."""
    mine = sa.select(Lead).where(of_person(openid), Lead.state.in_(lifecycle.OPEN)).with_for_update()
    return [_moved(session, lead, "withdrawn", "follower", at, "", "withdrawn") for lead in session.scalars(mine)]


def move(session: Session, number: str, to: str, who: str, at: datetime, reason: str = "") -> LeadEvent:
    """One step of the lifecycle. Raises Illegal where the table does not allow it, KeyError for an unknown number."""
    lead = by_number(session, number, locked=True)
    if lead is None:
        raise KeyError(number)
    lifecycle.check(lead.state, to, reason)
    return _moved(session, lead, to, who, at, reason, "moved")


def claim(
    session: Session, number: str, version: int, who: str, at: datetime, protected: timedelta = PROTECTED
) -> bool:
    """Take a lead on; of many who try at once exactly one is told True: it is one conditional UPDATE."""
    seen = sa.select(Lead.id, Lead.state).where(Lead.number == number)
    found = session.execute(seen).one_or_none()
    if found is None:
        raise KeyError(number)
    won = (
        sa.update(Lead)
        .where(Lead.id == found.id, Lead.version == version, Lead.state.in_(lifecycle.CLAIMABLE))
        .values(
            state="claimed", owner=who, version=version + 1, updated_at=at, shared=False, protected_until=at + protected
        )
        .returning(Lead.id)
    )
    if session.scalar(won) is None:
        return False
    session.add(_event(found.id, version + 1, at, who, "moved", found.state, "claimed"))
    return True


def merge(session: Session, secrets: Secrets, kept: Lead, duplicate: Lead, who: str, at: datetime) -> LeadEvent:
    """`duplicate` goes into `kept`: its values fill what is empty there, its words are added, and it is closed.

    Raises Illegal where the duplicate's life allows no such step, or where both are one.
    """
    if kept.id == duplicate.id or kept.merged_into is not None:
        raise lifecycle.Illegal("a lead cannot go into itself, nor into a duplicate")
    lifecycle.check(duplicate.state, "duplicate", kept.number)
    ours, theirs = content(secrets, kept), content(secrets, duplicate)
    slots = {**theirs.slots, **{name: value for name, value in ours.slots.items() if value}}
    slots |= {name: _both(ours.slots.get(name), theirs.slots.get(name)) for name in PHONE_SLOTS if slots.get(name)}
    changed = tuple(name for name, value in slots.items() if ours.slots.get(name) != value)
    kept.consents = {**duplicate.consents, **kept.consents}
    kept.read = list(dict.fromkeys([*kept.read, *duplicate.read]))
    inside = Content(slots, tuple(dict.fromkeys([*ours.remarks, *theirs.remarks])))
    duplicate.merged_into = kept.id
    _moved(session, duplicate, "duplicate", who, at, kept.number, "moved")
    event = _rewrite(session, secrets, kept, inside, at, "merged", changed)
    event.who, event.reason = who, duplicate.number
    return event


def _both(ours: list[str] | None, theirs: list[str] | None) -> list[str]:
    return list(dict.fromkeys([*(ours or ()), *(theirs or ())]))


def likely_same(session: Session, secrets: Secrets, lead: Lead, limit: int = 5) -> Sequence[Lead]:
    """Other leads with the same company, person or phone: a hint for staff, who decide."""
    inside = content(secrets, lead).slots
    company = [str(inside["company"])] if inside.get("company") else []
    named = sa.select(LeadName.lead_id).where(LeadName.name_hash.in_(name_hashes(secrets, company)))
    called = sa.select(LeadPhone.lead_id).where(LeadPhone.phone_hash.in_(phone_hashes(secrets, phones(inside))))
    others = sa.and_(Lead.id != lead.id, Lead.merged_into.is_(None), sa.or_(Lead.id.in_(named), Lead.id.in_(called)))
    return session.scalars(sa.select(Lead).where(others).order_by(Lead.updated_at.desc()).limit(limit)).all()


def merged_of(session: Session, lead: Lead) -> Sequence[Lead]:
    """The duplicates that went into this one."""
    return session.scalars(sa.select(Lead).where(Lead.merged_into == lead.id).order_by(Lead.id)).all()


def added_by(session: Session, lead: Lead) -> Sequence[str]:
    """Other accounts of the same person, which added to it."""
    return session.scalars(sa.select(LeadAlias.openid).where(LeadAlias.lead_id == lead.id).distinct()).all()


def by_number(session: Session, number: str, *, locked: bool = False, of: str = "") -> Lead | None:
    """The lead with this number, or the one that took an inquiry with this number in; `of`: only this follower's."""
    alias = sa.select(LeadAlias.lead_id).where(LeadAlias.number == number).scalar_subquery()
    wanted = sa.select(Lead).where(sa.or_(Lead.number == number, Lead.id == alias))
    if of:
        wanted = wanted.where(of_person(of))
    return session.scalar(wanted.with_for_update() if locked else wanted)


def of_person(openid: str) -> sa.ColumnElement[bool]:
    """Leads this follower made or added to, with the duplicates that went into them."""
    added_to = sa.select(LeadAlias.lead_id).where(LeadAlias.openid == openid)
    duplicate, whole = aliased(Lead), aliased(Lead)
    went_into = sa.select(duplicate.merged_into).where(duplicate.openid == openid, duplicate.merged_into.is_not(None))
    of_whole = sa.select(whole.id).where(whole.openid == openid)
    return sa.or_(Lead.openid == openid, Lead.id.in_(added_to), Lead.id.in_(went_into), Lead.merged_into.in_(of_whole))


def open_lead(
    session: Session, secrets: Secrets, openid: str, phones: tuple[str, ...], now: datetime
) -> OpenLead | None:
    """For the dialogue: the lead that staff are working on, by follower or by one of the phones."""
    lead = _open(session, openid, phone_hashes(secrets, phones), now)
    if lead is None:
        return None
    return OpenLead(lead.number, content(secrets, lead).slots, lead.state, lead.submitted_at)


def listing(session: Session, secrets: Secrets) -> Iterator[dict[str, Any]]:
    """Every lead as plain data, oldest first, for the command line and exports."""
    for lead in session.scalars(sa.select(Lead).order_by(Lead.id).execution_options(yield_per=500)):
        inside = content(secrets, lead)
        yield {
            "number": lead.number,
            "state": lead.state,
            "owner": lead.owner,
            "openid": lead.openid,
            "scene": lead.scene,
            "submitted_at": lead.submitted_at.isoformat(),
            "updated_at": lead.updated_at.isoformat(),
            "slots": dict(inside.slots),
            "remarks": list(inside.remarks),
            "consents": lead.consents,
            "read": lead.read,
        }


def erase(session: Session, condition: sa.ColumnElement[bool]) -> list[str]:
    """Delete leads with everything that hangs on them; their numbers come back, so that owners can be told."""
    return list(session.scalars(sa.delete(Lead).where(condition).returning(Lead.number)))


def expire(session: Session, before: datetime) -> list[str]:
    """Leads that came to nothing, and were not touched since."""
    done = sa.and_(Lead.state.in_(lifecycle.EXPIRING), Lead.updated_at < before)
    return erase(session, done)


def _open(session: Session, openid: str, hashes: list[str], now: datetime) -> Lead | None:
    same_phone = sa.select(LeadPhone.lead_id).where(LeadPhone.phone_hash.in_(hashes))
    wanted = (
        sa.select(Lead)
        .where(sa.or_(of_person(openid), Lead.id.in_(same_phone)))
        .where(Lead.state.in_(lifecycle.OPEN), Lead.updated_at > now - SAME_PERSON)
        .order_by(Lead.id)
        .limit(1)
    )
    return session.scalar(wanted.with_for_update())


def _create(session: Session, secrets: Secrets, message: Message, effect: LeadSubmitted) -> LeadEvent:
    lead = Lead(
        number=_free_number(session, effect.number),
        message_key=message_hash(secrets, message.key),
        openid=message.openid,
        state="new",
        version=0,
        sealed=seal(secrets, Content(effect.slots, effect.remarks)),
        scene=effect.scene,
        consents=dict(effect.consents),
        read=list(effect.read),
        submitted_at=message.at,
        updated_at=message.at,
    )
    session.add(lead)
    session.flush()
    _index(session, secrets, lead, effect.slots)
    if lead.number != effect.number:
        _also_called(session, effect.number, lead, message.openid)
    return _noted(session, lead, message.at, "follower", "submitted", "")


def _free_number(session: Session, number: str) -> str:
    """The number, or one like it: two numbers of a day may be the same by chance, and no lead is lost for that."""
    base.lock(session, f"number {number}")
    like = sa.select(Lead.number).where(sa.or_(Lead.number == number, Lead.number.startswith(f"{number}-")))
    taken = set(session.scalars(like))
    others = (f"{number}-{n}" for n in range(2, len(taken) + 3))
    return next(one for one in (number, *others) if one not in taken)


def _also_called(session: Session, number: str, lead: Lead, openid: str) -> None:
    base.add_missing(session, LeadAlias, [{"number": number, "lead_id": lead.id, "openid": openid}])


def _merge(session: Session, secrets: Secrets, message: Message, effect: LeadSubmitted, lead: Lead) -> LeadEvent:
    """What was said before stays where the new inquiry says nothing; new consents and reading are added."""
    before = content(secrets, lead)
    slots = {**before.slots, **effect.slots}
    changed = tuple(name for name, value in effect.slots.items() if before.slots.get(name) != value)
    lead.consents = {**lead.consents, **effect.consents}
    lead.read = list(dict.fromkeys([*lead.read, *effect.read]))
    inside = Content(slots, (*before.remarks, *effect.remarks))
    return _rewrite(session, secrets, lead, inside, message.at, "revised", changed)


def _rewrite(
    session: Session, secrets: Secrets, lead: Lead, inside: Content, at: datetime, kind: str, changed: tuple[str, ...]
) -> LeadEvent:
    lead.sealed = seal(secrets, inside)
    lead.updated_at = at
    _index(session, secrets, lead, inside.slots)
    session.flush()
    return _noted(session, lead, at, "follower", kind, lead.state, changed=changed)


def _index(session: Session, secrets: Secrets, lead: Lead, slots: Mapping[str, Any]) -> None:
    """What the lead can be found by, as hashes."""
    numbers = [{"lead_id": lead.id, "phone_hash": one} for one in phone_hashes(secrets, phones(slots))]
    called = [{"lead_id": lead.id, "name_hash": one} for one in name_hashes(secrets, names(slots))]
    rows: tuple[tuple[type[LeadPhone | LeadName], list[dict[str, Any]]], ...]
    rows = ((LeadPhone, numbers), (LeadName, called))
    for table, values in rows:
        session.execute(sa.delete(table).where(table.lead_id == lead.id))
        base.add_missing(session, table, values)


def _moved(session: Session, lead: Lead, to: str, who: str, at: datetime, reason: str, kind: str) -> LeadEvent:
    before, lead.state, lead.updated_at, lead.shared = lead.state, to, at, False
    session.flush()
    return _noted(session, lead, at, who, kind, before, reason)


def _noted(
    session: Session,
    lead: Lead,
    at: datetime,
    who: str,
    kind: str,
    before: str,
    reason: str = "",
    changed: tuple[str, ...] = (),
) -> LeadEvent:
    lead.version += 1
    event = _event(lead.id, lead.version, at, who, kind, before, lead.state, reason, changed)
    session.add(event)
    session.flush()
    return event


def _event(
    lead_id: int,
    seq: int,
    at: datetime,
    who: str,
    kind: str,
    before: str,
    after: str,
    reason: str = "",
    changed: tuple[str, ...] = (),
) -> LeadEvent:
    return LeadEvent(
        lead_id=lead_id,
        seq=seq,
        at=at,
        who=who,
        kind=kind,
        before=before,
        after=after,
        reason=reason,
        changed=list(changed),
    )
