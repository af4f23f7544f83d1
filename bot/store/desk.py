"""What the desk asks about leads: who may see which, page by page, notes and next dates, and the figures of pushes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.dialogue.masking import masked_text
from bot.store import erasures, leads, lifecycle, outbox, talks
from bot.store.base import Base
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.lead_content import Content
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead, LeadName, LeadPhone
from bot.store.outbox import WORDS, Notice, Outbox
from bot.store.questions import Question
from bot.store.secrets import Secrets
from bot.store.talks import Talk

LAST_CHANGED_FIRST = (Lead.updated_at.desc(), Lead.id.desc())
"""Two of the same moment by number, so that no page begins with a lead of the last one."""

NOBODY = "-"
"""As owner in a filter: leads without one."""

# Every filter of a list can be answered from this one index, each state in the order of the page: no lead that is not
# shown is read, however many there are and however few fit.
sa.Index(
    "ix_leads_listed",
    Lead.state,
    Lead.updated_at,
    Lead.id,
    Lead.owner,
    Lead.shared,
    Lead.grade,
    Lead.scene,
)


class Plan(Base):
    """The day on which somebody wants to get back to the lead."""

    __tablename__ = "lead_plans"

    lead_id: Mapped[int] = mapped_column(sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True)
    due_on: Mapped[date] = mapped_column(sa.Date, index=True)


class Stale(Exception):
    """Somebody else changed the lead since this page was loaded."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which leads somebody may see: all, or those without an owner, those nobody took on in time, and their own.

    is_looked_up: whether a database may look them up by these; otherwise it goes through the leads in their order.
    """

    name: str
    everything: bool
    is_looked_up: bool = True

    @property
    def condition(self) -> sa.ColumnElement[bool]:
        theirs = sa.true() if self.everything else sa.or_(Lead.owner.in_(("", self.name)), Lead.shared)
        return theirs if self.everything or self.is_looked_up else sa.case((theirs, 1), else_=0) == 1

    def holds(self, lead: Lead) -> bool:
        return self.everything or lead.owner in ("", self.name) or lead.shared


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list shows; empty fields do not narrow it."""

    states: Collection[str] = ()
    owner: str = ""
    scene: str = ""
    grade: str = ""
    due_by: date | None = None
    phones: Collection[str] = ()
    names: Collection[str] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the list a page ends."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Found:
    """A page of leads, and where the next one begins; None at the end."""

    leads: Sequence[Lead] = ()
    next: Place | None = None


# The list


def page(session: Session, scope: Scope, wanted: Filter, after: Place | None, limit: int) -> Found:
    """Leads, the last changed first."""
    rows = session.execute(_newest(scope, wanted, after, limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    shown = _in_order(session, [row.id for row in rows[:limit]])
    return Found(shown, Place(last.updated_at, last.id) if last else None)


def search(
    session: Session,
    scope: Scope,
    wanted: Filter,
    matches: Callable[[bytes], bool],
    after: Place | None,
    limit: int,
    most: int,
) -> Found:
    """Leads whose sealed part `matches`, by opening up to `most` of them: words cannot be looked up where they lie.

    The next page goes on where this one stopped looking, also if it found nothing yet.
    """
    columns = sa.select(Lead.id, Lead.updated_at, Lead.sealed)
    in_order = replace(scope, is_looked_up=False)
    rows = session.execute(
        columns.where(*_fits(in_order, wanted, after))
        .order_by(*LAST_CHANGED_FIRST)
        .limit(most)
        .execution_options(yield_per=500)
    )
    hits: list[int] = []
    for looked, row in enumerate(rows, 1):
        hits += [row.id] if matches(row.sealed) else []
        if len(hits) == limit or looked == most:
            rows.close()
            return Found(_in_order(session, hits), Place(row.updated_at, row.id))
    return Found(_in_order(session, hits))


def everything(session: Session, scope: Scope, wanted: Filter) -> Iterator[Lead]:
    """All leads of a list, for an export."""
    yield from session.scalars(
        sa.select(Lead).where(*_fits(scope, wanted)).order_by(*LAST_CHANGED_FIRST).execution_options(yield_per=500)
    )


def counts(session: Session, scope: Scope) -> dict[str, int]:
    """How many leads they see in each state; each part is counted from an index of its own."""
    theirs = Lead.owner.in_(("", scope.name))
    parts = (sa.true(),) if scope.everything else (theirs, sa.and_(Lead.shared, ~theirs))
    found: Counter[str] = Counter()
    for part in parts:
        found.update(
            dict(session.execute(sa.select(Lead.state, sa.func.count()).where(part).group_by(Lead.state)).all())
        )
    return dict(found)


def due_count(session: Session, scope: Scope, today: date) -> int:
    """From the plans, which are few, and not from the leads."""
    theirs = sa.exists().where(Lead.id == Plan.lead_id, replace(scope, is_looked_up=False).condition)
    return session.scalar(sa.select(sa.func.count()).select_from(Plan).where(Plan.due_on <= today, theirs)) or 0


def plans_of(session: Session, lead_ids: Collection[int]) -> dict[int, date]:
    return dict(session.execute(sa.select(Plan.lead_id, Plan.due_on).where(Plan.lead_id.in_(lead_ids))).all())


def plans(session: Session) -> dict[int, date]:
    return dict(session.execute(sa.select(Plan.lead_id, Plan.due_on)).all())


def scenes(session: Session, limit: int = 100) -> Sequence[str]:
    """The sources that leads came from."""
    return session.scalars(sa.select(Lead.scene).where(Lead.scene != "").distinct().limit(limit)).all()


# One lead


def find(session: Session, scope: Scope, number: str, *, locked: bool = False) -> Lead | None:
    """The lead, also by a number it took in; None where there is none or this person may not see it."""
    lead = leads.by_number(session, number, locked=locked)
    return lead if lead is not None and scope.holds(lead) else None


def change(lead: Lead, version: int) -> None:
    """Raises Stale where the lead is not the one that was looked at."""
    if lead.version != version:
        raise Stale


def assign(session: Session, lead: Lead, owner: str, who: str, at: datetime) -> LeadEvent:
    """Raises Illegal. The event's reason names the new owner."""
    lifecycle.check(lead.state, "assigned", owner)
    lead.owner = owner
    return leads.move(session, lead.number, "assigned", who, at, owner)


def move(
    session: Session, lead: Lead, to: str, who: str, at: datetime, reason: str, protected: timedelta = leads.PROTECTED
) -> LeadEvent:
    """One step of the lifecycle; where somebody does not want to be called any more, waiting notices stop, too.

    A step of its owner protects the lead anew.
    """
    event = leads.move(session, lead.number, to, who, at, reason)
    if to in lifecycle.OPEN and who == lead.owner:
        lead.protected_until = at + protected
    if to == "withdrawn":
        outbox.drop_for_lead(session, [lead.id], at)
        talks.drop_pending(session, *leads.followers_of(session, lead))
    return event


def plan(session: Session, lead: Lead, due_on: date | None) -> None:
    session.execute(sa.delete(Plan).where(Plan.lead_id == lead.id))
    if due_on is not None:
        session.add(Plan(lead_id=lead.id, due_on=due_on))


def asked(
    session: Session, openids: Sequence[str], limit: int = 20, since: datetime | None = None
) -> Sequence[Question]:
    """What these followers wanted to read about, the newest first."""
    theirs = sa.select(Question).where(Question.openid.in_(openids))
    if since is not None:
        theirs = theirs.where(Question.at >= since)
    return session.scalars(theirs.order_by(Question.at.desc()).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Caller:
    """A follower who asked for a person. id: of the notice. number: of their open lead, if any."""

    id: int
    openid: str
    at: datetime
    words: str
    number: str = ""
    answered: bool = False


def callers(session: Session, secrets: Secrets, scope: Scope, since: datetime, limit: int) -> list[Caller]:
    """Each with their last call, the latest first."""
    last = sa.select(sa.func.max(Outbox.id)).where(Outbox.kind == "human", Outbox.created_at >= since)
    rows = sa.select(Outbox).where(Outbox.id.in_(last.group_by(Outbox.openid))).order_by(Outbox.id.desc()).limit(limit)
    found = (_called(session, secrets, scope, row) for row in session.scalars(rows))
    return [one for one in found if one is not None]


def caller(session: Session, secrets: Secrets, scope: Scope, notice_id: int) -> Caller | None:
    """None where there is none, or where their inquiry is somebody else's."""
    row = session.get(Outbox, notice_id)
    return _called(session, secrets, scope, row) if row is not None and row.kind == "human" else None


def _called(session: Session, secrets: Secrets, scope: Scope, row: Outbox) -> Caller | None:
    theirs = session.scalars(sa.select(Lead).where(leads.of_person(row.openid), Lead.state.in_(lifecycle.OPEN))).all()
    if any(not scope.holds(lead) for lead in theirs):
        return None
    words = masked_text(secrets.open(row.sealed, WORDS).decode()) if row.sealed else ""
    since = sa.and_(Talk.openid == row.openid, Talk.state == "sent", Talk.at >= row.created_at)
    answered = session.scalar(sa.select(Talk.id).where(since).limit(1)) is not None
    return Caller(row.id, row.openid, row.created_at, words, theirs[0].number if theirs else "", answered)


def erase(
    session: Session, secrets: Secrets, openids: Sequence[str], channels: Collection[str], at: datetime
) -> list[str]:
    """These followers go with everything; channels hear the numbers, so that owners delete copies.

    Returns the numbers of leads that are no more; those that others joined go on without what these gave.
    """
    numbers: list[str] = []
    for openid in openids:
        gone = erasures.erase(session, secrets, openid, at)
        numbers += gone.numbers
        for number in gone.numbers:
            outbox.add(session, Notice("erased", f"erased:{number}", note=number), channels, at)
        for event in gone.left:
            outbox.add(session, Notice(event.kind, f"{event.lead_id}:{event.seq}", event.lead_id), channels, at)
    return numbers


# Questions and pushes


@dataclass(frozen=True, slots=True)
class Asked:
    """The same words from how many followers, and when last."""

    text: str
    people: int
    last: datetime


def questions(session: Session, *, answered: bool, since: datetime, limit: int) -> list[Asked]:
    """What was asked most often."""
    people = sa.func.count(sa.distinct(Question.openid))
    wanted = (
        sa.select(Question.text, people, sa.func.max(Question.at))
        .where(Question.answered.is_(answered), Question.at > since)
        .group_by(Question.text)
        .order_by(people.desc(), sa.func.max(Question.at).desc())
        .limit(limit)
    )
    return [Asked(*row) for row in session.execute(wanted)]


@dataclass(frozen=True, slots=True)
class Telling:
    """A notice that waits or is dead, and the number of the lead it tells of."""

    notice: Outbox
    number: str


def notices(session: Session, states: Sequence[str], limit: int) -> list[Telling]:
    """In the order of the states; within each the newest first."""
    order = sa.case({state: place for place, state in enumerate(states)}, value=Outbox.state)
    wanted = sa.select(Outbox, Lead.number).join(Lead, Lead.id == Outbox.lead_id, isouter=True)
    rows = session.execute(wanted.where(Outbox.state.in_(states)).order_by(order, Outbox.id.desc()).limit(limit))
    return [Telling(notice, number or notice.note) for notice, number in rows]


@dataclass(frozen=True, slots=True)
class Push:
    """A broadcast and how many of its deliveries are in which state."""

    broadcast: Broadcast
    deliveries: dict[str, int] = field(default_factory=dict)


def pushes(session: Session, before: int, limit: int) -> list[Push]:
    """Newest first; `before` is the number of the last one of the page before, 0 = from the newest."""
    wanted = sa.select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)
    found = session.scalars(wanted.where(Broadcast.id < before) if before else wanted).all()
    counted = (
        sa.select(Delivery.broadcast_id, Delivery.state, sa.func.count())
        .where(Delivery.broadcast_id.in_([one.id for one in found]))
        .group_by(Delivery.broadcast_id, Delivery.state)
    )
    figures: dict[int, dict[str, int]] = {}
    for broadcast_id, state, number in session.execute(counted):
        figures.setdefault(broadcast_id, {})[state] = number
    return [Push(one, figures.get(one.id, {})) for one in found]


def has_words(secrets: Secrets, words: Sequence[str]) -> Callable[[bytes], bool]:
    """Whether a sealed lead holds all these words, in whatever case."""
    wanted = [word.casefold() for word in words]

    def matches(sealed: bytes) -> bool:
        text = _text(leads.content(secrets, Lead(sealed=sealed))).casefold()
        return all(word in text for word in wanted)

    return matches


def _text(content: Content) -> str:
    """What people look for: company, name, product, place names of their own, and the follower's words."""
    named = (content.slots.get(name) for name in ("company", "contact", "use", "zone", "wechat"))
    parts = [" ".join(value) if isinstance(value, list) else str(value or "") for value in named]
    return "\n".join([*parts, *content.remarks])


def _fits(scope: Scope, wanted: Filter, after: Place | None = None) -> Iterator[sa.ColumnElement[bool]]:
    yield scope.condition
    if wanted.states:
        yield Lead.state.in_(wanted.states)
    if wanted.owner:
        yield Lead.owner == ("" if wanted.owner == NOBODY else wanted.owner)
    if wanted.scene:
        yield Lead.scene == wanted.scene
    if wanted.grade:
        yield Lead.grade == wanted.grade
    if wanted.since:
        yield Lead.submitted_at >= wanted.since
    if wanted.due_by:
        yield Lead.id.in_(sa.select(Plan.lead_id).where(Plan.due_on <= wanted.due_by))
    if wanted.phones:
        yield Lead.id.in_(sa.select(LeadPhone.lead_id).where(LeadPhone.phone_hash.in_(wanted.phones)))
    if wanted.names:
        yield Lead.id.in_(sa.select(LeadName.lead_id).where(LeadName.name_hash.in_(wanted.names)))
    if after is not None:
        yield Lead.updated_at <= after.at
        yield sa.or_(Lead.updated_at < after.at, Lead.id < after.id)


def _newest(scope: Scope, wanted: Filter, after: Place | None, most: int) -> sa.Select[int, datetime]:
    """Ids and times: the newest of each state straight from its index, and of these the newest.

    Where a phone, a name or a day says which few leads it can be, these are looked up and sorted.
    """
    if wanted.phones or wanted.names or wanted.due_by:
        found = sa.select(Lead.id, Lead.updated_at).where(*_fits(scope, wanted, after))
        return found.order_by(*LAST_CHANGED_FIRST).limit(most)
    fits = list(_fits(replace(scope, is_looked_up=False), replace(wanted, states=()), after))
    parts = [
        sa.select(Lead.id, Lead.updated_at)
        .where(Lead.state == state, *fits)
        .order_by(*LAST_CHANGED_FIRST)
        .limit(most)
        .subquery()
        for state in wanted.states or lifecycle.MOVES
    ]
    together = sa.union_all(*(sa.select(part.c.id, part.c.updated_at) for part in parts)).subquery()
    newest_first = (together.c.updated_at.desc(), together.c.id.desc())
    return sa.select(together.c.id, together.c.updated_at).order_by(*newest_first).limit(most)


def _in_order(session: Session, ids: Sequence[int]) -> list[Lead]:
    rows = {lead.id: lead for lead in session.scalars(sa.select(Lead).where(Lead.id.in_(ids)))}
    return [rows[one] for one in ids if one in rows]
