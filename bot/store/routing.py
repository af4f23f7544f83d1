"""Whose lead it is: rules of config/desk.toml first, then the least loaded; a lead never stays without an owner."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.dialogue.scoring import score
from bot.store import leads, lifecycle
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead
from bot.store.secrets import Secrets
from bot.store.staff import Staff, proper

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Rule:
    """region × asset × grade -> persons, by account name; an empty field fits all. regions: beginnings of adcodes."""

    who: tuple[str, ...]
    regions: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()

    @classmethod
    def from_toml(cls, row: Mapping[str, Any]) -> Rule:
        """Raises TypeError for a word that is none of the fields."""
        return cls(**{**{name: tuple(value) for name, value in row.items()}, "who": tuple(map(proper, row["who"]))})

    def fits(self, slots: Mapping[str, Any], grade: str) -> bool:
        codes = [code for choice in slots.get("region") or () for code in str(choice).split("|")]
        return (
            (not self.regions or any(code.startswith(self.regions) for code in codes))
            and (not self.assets or bool(set(self.assets) & set(slots.get("asset") or ())))
            and (not self.grades or grade in self.grades)
        )


@dataclass(frozen=True, slots=True)
class Load:
    """Somebody who could take a lead, and how many open ones they have."""

    name: str
    role: str
    open: int


@dataclass(frozen=True)
class Routing:
    """score: the table of config/staff.toml. most: open leads at which somebody is full.

    on_duty: who looks after leads at a moment outside of working hours, nobody inside of them.
    today: the day at a moment, where the firm is.
    """

    secrets: Secrets
    score: Mapping[str, Any]
    rules: Sequence[Rule] = ()
    most: int = 30
    on_duty: Callable[[datetime], Collection[str]] = lambda _: ()
    today: Callable[[datetime], date] = lambda at: at.date()

    def triage(self, session: Session, event: LeadEvent) -> None:
        """Grades a lead that came in or changed; gives it an owner where it has none, or where its protection is over."""
        lead = session.get(Lead, event.lead_id)
        if lead is None:
            return
        slots = leads.content(self.secrets, lead).slots
        lead.grade = score(self.score, slots).grade
        if not lead.owner or _is_free_again(lead, event.at):
            self._assign(session, lead, slots, event.at)

    def pass_on(self, session: Session, lead: Lead, at: datetime, but: Collection[str] = ()) -> str:
        """To the next one who could take it; "" where there is nobody else."""
        return self._assign(session, lead, leads.content(self.secrets, lead).slots, at, {*but, lead.owner})

    def to_manager(self, session: Session, lead: Lead, at: datetime) -> str:
        managers = [load for load in self._loads(session, at) if load.role != "agent" and load.name != lead.owner]
        return self._give(session, lead, _least(managers), at)

    def choose(
        self, session: Session, slots: Mapping[str, Any], grade: str, at: datetime, but: Collection[str] = ()
    ) -> str:
        """The person; "" only where there is no account at all."""
        loads = [load for load in self._loads(session, at) if load.name not in but]
        free = [load for load in loads if load.open < self.most]
        for people in (free, loads):  # better somebody full than nobody
            for names in self._preferred(people, slots, grade, at):
                if chosen := _least(load for load in people if load.name in names):
                    return chosen
        return ""

    def _preferred(
        self, people: Iterable[Load], slots: Mapping[str, Any], grade: str, at: datetime
    ) -> Iterator[Collection[str]]:
        yield self.on_duty(at)
        yield from (rule.who for rule in self.rules if rule.fits(slots, grade))
        for role in ("agent", "manager", "admin"):
            yield {load.name for load in people if load.role == role}

    def _assign(
        self, session: Session, lead: Lead, slots: Mapping[str, Any], at: datetime, but: Collection[str] = ()
    ) -> str:
        return self._give(session, lead, self.choose(session, slots, lead.grade, at, but), at)

    def _give(self, session: Session, lead: Lead, name: str, at: datetime) -> str:
        if name:
            lead.owner, lead.protected_until = name, None
            leads.move(session, lead.number, "assigned", SYSTEM, at, name)
        return name

    def _loads(self, session: Session, at: datetime) -> list[Load]:
        here = sa.or_(Staff.away_until.is_(None), Staff.away_until < self.today(at))
        counted = sa.select(Lead.owner, sa.func.count().label("open")).where(Lead.state.in_(lifecycle.OPEN))
        theirs = counted.group_by(Lead.owner).subquery()
        rows = session.execute(
            sa.select(Staff.name, Staff.role, sa.func.coalesce(theirs.c.open, 0))
            .join(theirs, theirs.c.owner == Staff.name, isouter=True)
            .where(Staff.disabled_at.is_(None), here)
        )
        return [Load(*row) for row in rows]


def _least(people: Iterable[Load]) -> str:
    """Equal loads by name, so that the same facts give the same answer; the next lead finds them unequal."""
    chosen = min(people, key=lambda load: (load.open, load.name), default=None)
    return chosen.name if chosen else ""


def _is_free_again(lead: Lead, at: datetime) -> bool:
    """Somebody came back whose staff let the protection run out."""
    return lead.protected_until is not None and lead.protected_until < at and lead.state in lifecycle.OPEN
