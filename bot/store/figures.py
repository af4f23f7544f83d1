"""How the account is doing, in numbers: the way from following to a lease, by source and topic, and how fast we are."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.articles import ArticleTopic
from bot.store.beginnings import Beginning
from bot.store.followers import Follower
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead
from bot.store.questions import Question
from bot.store.subscriptions import Subscription

SHANGHAI = ZoneInfo("Asia/Shanghai")
STEPS = ("followed", "asked", "begun", "lead", "contacted", "visited", "won")
"""From the first day to the signature. The first two count people, then come inquiries that were begun, and leads handed
in in the time."""

FROM_LEAD = STEPS.index("lead")

DAILY_UP_TO = 31
LOOKED_AT = 50_000
"""Questions and leads looked at for one page, the newest."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` until before `until`, both at midnight in China."""

    since: datetime
    until: datetime

    @classmethod
    def last(cls, days: int, now: datetime) -> Span:
        tomorrow = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return cls(tomorrow - timedelta(days=days), tomorrow)

    @property
    def edges(self) -> list[datetime]:
        """Of days, or of weeks where the days would be too many; the last one may be shorter."""
        step = timedelta(days=1 if (self.until - self.since).days <= DAILY_UP_TO else 7)
        starts = []
        start = self.since
        while start < self.until:
            starts.append(start)
            start += step
        return [*starts, self.until]

    def holds(self, column: Any) -> sa.ColumnElement[bool]:
        return sa.and_(column >= self.since, column < self.until)


@dataclass(frozen=True, slots=True)
class Funnel:
    """One row: how many got how far. name: "" = no source known."""

    name: str
    steps: Mapping[str, int]

    @property
    def counts(self) -> list[int]:
        return [self.steps.get(step, 0) for step in STEPS]


@dataclass(frozen=True, slots=True)
class Speed:
    """Hours from a lead to its first step of that kind. count: leads that got there; of: leads handed in."""

    count: int
    of: int
    median: float | None
    slow: float | None
    """Nine of ten were faster."""


@dataclass(frozen=True, slots=True)
class Series:
    """Counts for each span between two edges."""

    edges: Sequence[datetime]
    lines: Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class _Leads:
    """Leads handed in in the time: scene, what they were shown, and the first moment of each state."""

    rows: Sequence[Any]
    reached: Mapping[int, Mapping[str, datetime]] = field(default_factory=dict)

    def steps(self, lead_id: int) -> list[str]:
        """A lead that was won was visited, also where nobody wrote that down."""
        states = self.reached.get(lead_id, {})
        far = max((STEPS.index(state) for state in states if state in STEPS), default=FROM_LEAD)
        return list(STEPS[FROM_LEAD : far + 1])


def by_source(session: Session, span: Span) -> list[Funnel]:
    """The busiest source first; all together is `whole` of them."""
    people = sa.select(Follower.scene, sa.func.count()).where(span.holds(Follower.followed_at)).group_by(Follower.scene)
    table: dict[str, Counter[str]] = {}
    for scene, count in session.execute(people):
        table.setdefault(scene, Counter())["followed"] += count
    source = sa.func.coalesce(Follower.scene, "")
    asked = (
        sa.select(source, sa.func.count(sa.distinct(Question.openid)))
        .join(Follower, Follower.openid == Question.openid, isouter=True)
        .where(span.holds(Question.at))
        .group_by(source)
    )
    for name, count in session.execute(asked):
        table.setdefault(name, Counter())["asked"] += count
    begun = sa.select(Beginning.scene, sa.func.count()).where(span.holds(Beginning.at)).group_by(Beginning.scene)
    for scene, count in session.execute(begun):
        table.setdefault(scene, Counter())["begun"] += count
    found = _leads(session, span)
    for row in found.rows:
        table.setdefault(row.scene, Counter()).update(found.steps(row.id))
    return _ranked(table)


def by_topic(session: Session, span: Span) -> list[Funnel]:
    """Subscribers, people who were shown its articles, and inquiries and leads of such people."""
    table: dict[str, Counter[str]] = {}
    chosen = sa.select(Subscription.topic, sa.func.count()).where(span.holds(Subscription.since))
    for topic, count in session.execute(chosen.group_by(Subscription.topic)):
        table.setdefault(topic, Counter())["followed"] += count
    found, asked, begun = _leads(session, span), _asked(session, span), _begun(session, span)
    topics = _topics(session, {one for row in [*found.rows, *asked, *begun] for one in row.shown or ()})

    def about(row: Any) -> set[str]:
        return {topic for one in row.shown or () for topic in topics.get(one, ())}

    for topic, _ in {(topic, row.openid) for row in asked for topic in about(row)}:
        table.setdefault(topic, Counter())["asked"] += 1
    rows = [*((row, ["begun"]) for row in begun), *((row, found.steps(row.id)) for row in found.rows)]
    for row, steps in rows:
        for topic in about(row):
            table.setdefault(topic, Counter()).update(steps)
    return _ranked(table)


def whole(rows: Iterable[Funnel]) -> Funnel:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row.steps)
    return Funnel("", total)


def speeds(session: Session, span: Span) -> dict[str, Speed]:
    """How long leads wait until somebody takes them, and until somebody has spoken with them."""
    found = _leads(session, span)
    return {step: _speed(found, step) for step in ("claimed", "contacted")}


def by_colleague(session: Session, span: Span) -> list[tuple[str, Mapping[str, int], float | None]]:
    """Name, how many leads got how far, and the median hours until they were contacted."""
    found = _leads(session, span)
    table: dict[str, Counter[str]] = {}
    hours: dict[str, list[float]] = {}
    for row in found.rows:
        if row.owner:
            table.setdefault(row.owner, Counter()).update(found.steps(row.id))
            hours.setdefault(row.owner, []).extend(_hours(found, row, "contacted"))
    rows = [(name, counts, median(hours[name]) if hours[name] else None) for name, counts in table.items()]
    return sorted(rows, key=lambda row: (-row[1]["won"], -row[1]["lead"], row[0]))


def series(session: Session, span: Span) -> Series:
    """followed, asked (questions), lead and won, day by day or week by week."""
    won = sa.and_(LeadEvent.kind == "moved", LeadEvent.after == "won")
    edges = span.edges
    return Series(
        edges,
        {
            "followed": _counted(session, Follower.followed_at, edges),
            "asked": _counted(session, Question.at, edges),
            "lead": _counted(session, Lead.submitted_at, edges),
            "won": _counted(session, LeadEvent.at, edges, won),
        },
    )


def questions(session: Session, span: Span) -> tuple[int, int]:
    """All, and those nobody could answer."""
    counted = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.case((Question.answered, 0), else_=1)), 0))
    every, unanswered = session.execute(counted.where(span.holds(Question.at))).one()
    return int(every), int(unanswered)


def _leads(session: Session, span: Span) -> _Leads:
    wanted = (
        sa.select(Lead.id, Lead.scene, Lead.owner, Lead.shown, Lead.submitted_at)
        .where(span.holds(Lead.submitted_at))
        .order_by(Lead.id.desc())
        .limit(LOOKED_AT)
    )
    rows = session.execute(wanted).all()
    first = (
        sa.select(LeadEvent.lead_id, LeadEvent.after, sa.func.min(LeadEvent.at))
        .join(Lead, Lead.id == LeadEvent.lead_id)
        .where(span.holds(Lead.submitted_at), LeadEvent.kind == "moved")
        .group_by(LeadEvent.lead_id, LeadEvent.after)
    )
    reached: dict[int, dict[str, datetime]] = {}
    for lead_id, state, at in session.execute(first):
        reached.setdefault(lead_id, {})[state] = at
    return _Leads(rows, reached)


def _asked(session: Session, span: Span) -> Sequence[Any]:
    wanted = sa.select(Question.openid, Question.shown).where(span.holds(Question.at))
    return session.execute(wanted.order_by(Question.id.desc()).limit(LOOKED_AT)).all()


def _begun(session: Session, span: Span) -> Sequence[Any]:
    wanted = sa.select(Beginning.shown).where(span.holds(Beginning.at))
    return session.execute(wanted.order_by(Beginning.id.desc()).limit(LOOKED_AT)).all()


def _topics(session: Session, ids: set[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        some = ArticleTopic.article_id.in_(wanted[start : start + 500])
        rows = session.execute(
            sa.select(ArticleTopic.article_id, ArticleTopic.topic).where(some, ArticleTopic.score > 0)
        )
        for article_id, topic in rows:
            found.setdefault(article_id, []).append(topic)
    return found


def _ranked(table: Mapping[str, Counter[str]]) -> list[Funnel]:
    rows = [Funnel(name, steps) for name, steps in table.items()]
    return sorted(rows, key=lambda row: ([-count for count in reversed(row.counts)], row.name))


def _speed(found: _Leads, step: str) -> Speed:
    hours = [one for row in found.rows for one in _hours(found, row, step)]
    slow = quantiles(hours, n=10)[-1] if len(hours) > 1 else hours[0] if hours else None
    return Speed(len(hours), len(found.rows), median(hours) if hours else None, slow)


def _hours(found: _Leads, row: Any, step: str) -> list[float]:
    at = found.reached.get(row.id, {}).get(step)
    return [(at - row.submitted_at) / timedelta(hours=1)] if at else []


def _counted(session: Session, column: Any, edges: Sequence[datetime], *only: sa.ColumnElement[bool]) -> list[int]:
    """One look at the rows for all spans."""
    sums = [
        sa.func.coalesce(sa.func.sum(sa.case((sa.and_(column >= begin, column < end), 1), else_=0)), 0)
        for begin, end in itertools.pairwise(edges)
    ]
    wanted = sa.select(*sums).where(column >= edges[0], column < edges[-1], *only)
    return [int(count) for count in session.execute(wanted).one()]
