"""Leads: confirmed inquiries of prospects, their values sealed, findable by keyed hashes of phones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from bot.dialogue.effects import LeadRevised, LeadSubmitted
from bot.dialogue.lookups import OpenLead
from bot.dialogue.message import Message
from bot.store import base, lead_notes, lead_parts, lifecycle
from bot.store.base import Base, BigId
from bot.store.lead_content import Content, Given, differing, names, opened, phones, seal, together
from bot.store.lead_events import LeadEvent
from bot.store.lead_parts import LeadPart
from bot.store.secrets import Secrets

SAME_PERSON = timedelta(days=180)
"""As long an open lead of the same phone or follower takes a new inquiry in (reference: intake §5)."""

PROTECTED = timedelta(days=30)
"""As long a lead stays with whoever took it on, from their last step (reference: intake §5)."""

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
    shown: Mapped[list[int]] = mapped_column("read", default=list)
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


def content(secrets: Secrets, lead: Lead) -> Content:
    return opened(secrets, lead.sealed)


def phone_hashes(secrets: Secrets, phones: Iterable[str]) -> list[str]:
    return sorted({secrets.keyed_hash(phone, _PHONE) for phone in phones})


def name_hashes(secrets: Secrets, names: Iterable[str]) -> list[str]:
    """Of names as people type them: widths, cases, spaces and the legal form make no difference."""
    cores = (_LEGAL_FORM.sub("", unicodedata.normalize("NFKC", name).casefold()) for name in names)
    return sorted({secrets.keyed_hash(core, _NAME) for core in cores if core})


def message_hash(secrets: Secrets, key: str) -> str:
    """A message key holds the follower's openid in the clear, so that only its hash is kept."""
    return secrets.keyed_hash(key, _MESSAGE)


def submit(session: Session, secrets: Secrets, message: Message, effect: LeadSubmitted) -> LeadEvent:
    """A new lead, or a revision of the open lead of the same person, who keeps its owner and its first number."""
    hashes = phone_hashes(secrets, phones(effect.slots))
    for name in sorted([f"openid {message.openid}", *(f"phone {one}" for one in hashes)]):
        base.lock(session, name)  # two devices at the same moment: the second one must see the first
    known = _open(session, message.openid, hashes, message.at)
    if known is None:
        return _create(session, secrets, message, effect)
    if message.openid != known.openid:
        _keep_apart(session, secrets, known)
    _also_called(session, effect.number, known, message.openid)
    given = Given(Content(effect.slots, effect.remarks), effect.consents, effect.shown)
    before = content(secrets, known).slots
    changed = tuple(name for name, value in effect.slots.items() if before.get(name) != value)
    now = given.over(_given_by(session, secrets, known, message.openid))
    part = LeadPart(lead_id=known.id, openid=message.openid, number=effect.number, at=message.at, scene=effect.scene)
    return _take_in(session, secrets, known, part, now, message.at, changed)


def revise(session: Session, secrets: Secrets, message: Message, effect: LeadRevised) -> LeadEvent | None:
    """New values for a lead; None where there is no such lead of this follower any more."""
    lead = by_number(session, effect.number, locked=True, of=message.openid)
    if lead is not None and lead.merged_into is not None:
        lead = session.get(Lead, lead.merged_into, with_for_update=True)
    if lead is None or lead.state == "withdrawn":
        return None
    before = _given_by(session, secrets, lead, message.openid)
    remarks = tuple(dict.fromkeys([*before.content.remarks, *effect.remarks]))
    now = Given(Content(effect.slots, remarks), {**before.consents, **effect.consents}, before.shown)
    part = LeadPart(lead_id=lead.id, openid=message.openid, number=effect.number, at=message.at)
    return _take_in(session, secrets, lead, part, now, message.at, effect.changed)


def withdraw(session: Session, secrets: Secrets, openid: str, at: datetime) -> list[LeadEvent]:
    """Consent is gone: nobody may go on with any lead of this follower, nor with what they gave to one of several."""
    alone, several = ([lead for lead in some if lead.state in lifecycle.OPEN] for some in held_by(session, openid))
    stopped = [_moved(session, lead, "withdrawn", "follower", at, "", "withdrawn") for lead in alone]
    return [*stopped, *(leave(session, secrets, lead, openid, at) for lead in several)]


def leave(session: Session, secrets: Secrets, lead: Lead, openid: str, at: datetime) -> LeadEvent:
    """One of its followers is gone from the lead with all they gave; for the others it goes on."""
    (part,) = (one for one in lead_parts.of(session, lead.id) if one.openid == openid)
    lead_notes.forget_since(session, lead.id, part.at)
    lead_parts.forget(session, lead.id, openid)
    session.execute(sa.delete(LeadAlias).where(LeadAlias.lead_id == lead.id, LeadAlias.openid == openid))
    if lead.openid == openid:
        first = min(lead_parts.of(session, lead.id), key=lambda one: (one.at, one.id))
        lead.openid, lead.scene, lead.submitted_at = first.openid, first.scene, first.at
    before, now = content(secrets, lead).slots, _whole(session, secrets, lead)
    return _rewrite(session, secrets, lead, now, at, "parted", differing(before, now.content.slots))


def held_by(session: Session, openid: str) -> tuple[list[Lead], list[Lead]]:
    """Leads that are this follower's alone, or can no longer be told apart; and those that others go on with. Locked."""
    alone, several = list[Lead](), list[Lead]()
    for lead in session.scalars(sa.select(Lead).where(of_person(openid)).order_by(Lead.id).with_for_update()).all():
        parts = {part.openid for part in lead_parts.of(session, lead.id)}
        if parts <= {openid}:
            alone.append(lead)
        elif openid in parts:
            several.append(lead)
    return alone, several


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
    before = content(secrets, kept).slots
    now = _whole_with(session, secrets, kept, duplicate)
    duplicate.merged_into = kept.id
    _moved(session, duplicate, "duplicate", who, at, kept.number, "moved")
    event = _rewrite(session, secrets, kept, now, at, "merged", differing(before, now.content.slots))
    event.who, event.reason = who, duplicate.number
    return event


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


def followers_of(session: Session, lead: Lead) -> tuple[str, ...]:
    """Everybody who made or added to this lead, in the order in which they came."""
    joined = sa.select(LeadPart.openid).where(LeadPart.lead_id == lead.id).order_by(LeadPart.at, LeadPart.id)
    merged = sa.select(Lead.openid).where(Lead.merged_into == lead.id).order_by(Lead.id)
    added = sa.select(LeadAlias.openid).where(LeadAlias.lead_id == lead.id).order_by(LeadAlias.number)
    found = [openid for wanted in (joined, merged, added) for openid in session.scalars(wanted)]
    return tuple(dict.fromkeys([*found, lead.openid] if lead.openid in found else [lead.openid, *found]))


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


def open_lead(session: Session, secrets: Secrets, openid: str, now: datetime) -> OpenLead | None:
    """For the dialogue: the lead that staff are working on, as this follower knows it.

    Of one that others joined they see what they gave themselves: a phone is typed soon, and proves nothing.
    """
    lead = _open(session, openid, [], now)
    if lead is None:
        return None
    part = next((one for one in lead_parts.of(session, lead.id) if one.openid == openid), None)
    if part is None:
        return OpenLead(lead.number, content(secrets, lead).slots, lead.state, lead.submitted_at)
    return OpenLead(part.number, opened(secrets, part.sealed).slots, lead.state, part.at)


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
            "read": lead.shown,
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
        shown=list(effect.shown),
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


def _given(secrets: Secrets, lead: Lead) -> Given:
    return Given(content(secrets, lead), lead.consents, lead.shown)


def _given_by(session: Session, secrets: Secrets, lead: Lead, openid: str) -> Given:
    """What this follower gave to it so far: everything, where it is theirs alone."""
    parts = lead_parts.of(session, lead.id)
    if not parts:
        return _given(secrets, lead)
    return next((lead_parts.given(secrets, one) for one in parts if one.openid == openid), Given(Content({})))


def _whole(session: Session, secrets: Secrets, lead: Lead) -> Given:
    return together([lead_parts.given(secrets, one) for one in lead_parts.of(session, lead.id)])


def _keep_apart(session: Session, secrets: Secrets, lead: Lead) -> Sequence[LeadPart]:
    """From now on each of its followers has a part of their own; none where several gave to it before there were parts."""
    parts = lead_parts.of(session, lead.id)
    if parts or followers_of(session, lead) != (lead.openid,):
        return parts
    first = LeadPart(lead_id=lead.id, openid=lead.openid, number=lead.number, at=lead.submitted_at, scene=lead.scene)
    first.rank = 0
    lead_parts.write(session, secrets, first, _given(secrets, lead))
    return (first,)


def _take_in(
    session: Session, secrets: Secrets, lead: Lead, new: LeadPart, now: Given, at: datetime, changed: tuple[str, ...]
) -> LeadEvent:
    """What a follower gave. new: their part, if they have none yet and the lead has parts."""
    parts = lead_parts.of(session, lead.id)
    if parts:
        mine = next((one for one in parts if one.openid == new.openid), new)
        mine.rank = parts[0].rank + 1
        lead_parts.write(session, secrets, mine, now)
        now = _whole(session, secrets, lead)
    return _rewrite(session, secrets, lead, now, at, "revised", changed)


def _whole_with(session: Session, secrets: Secrets, kept: Lead, duplicate: Lead) -> Given:
    """Both as one; what is in `kept` is believed first."""
    both = together([_given(secrets, kept), _given(secrets, duplicate)])
    people = {*followers_of(session, kept), *followers_of(session, duplicate)}
    if people == {kept.openid} and not lead_parts.of(session, kept.id):
        return both
    ours, theirs = _keep_apart(session, secrets, kept), _keep_apart(session, secrets, duplicate)
    if not (ours and theirs):  # from before there were parts: nobody can tell any more whose is what
        lead_parts.forget(session, kept.id)
        return both
    for place, part in enumerate(theirs, 1):
        _copy(session, secrets, part, kept, ours, ours[-1].rank - place)
    return _whole(session, secrets, kept)


def _copy(session: Session, secrets: Secrets, part: LeadPart, kept: Lead, ours: Sequence[LeadPart], rank: int) -> None:
    """The part of a duplicate goes behind those of the lead that goes on, or into the one of the same follower."""
    given = lead_parts.given(secrets, part)
    same = next((one for one in ours if one.openid == part.openid), None)
    if same is not None:
        lead_parts.write(session, secrets, same, together([lead_parts.given(secrets, same), given]))
        return
    copied = LeadPart(lead_id=kept.id, openid=part.openid, number=part.number, at=part.at, scene=part.scene, rank=rank)
    lead_parts.write(session, secrets, copied, given)


def _rewrite(
    session: Session, secrets: Secrets, lead: Lead, now: Given, at: datetime, kind: str, changed: tuple[str, ...]
) -> LeadEvent:
    lead.sealed, lead.consents, lead.shown = seal(secrets, now.content), dict(now.consents), list(now.shown)
    lead.updated_at = at
    _index(session, secrets, lead, now.content.slots)
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
