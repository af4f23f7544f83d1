"""Sees that no lead waits unheard: reminds, passes it on, tells the manager, by the time in which somebody was there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.dialogue.worktime import Worktime
from bot.store import lead_events, lifecycle, outbox
from bot.store.base import Sessions, reading
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead
from bot.store.outbox import Notice
from bot.store.routing import Routing

STEPS = ("remind", "next", "manager")
"""What happens to a lead that nobody takes on, in this order."""

SLOW = "contact"
"""Taken on, and not called."""


@dataclass(frozen=True)
class Reminder:
    """minutes: the table `escalation` of config/duty.toml, step -> grade -> minutes of staffed time."""

    sessions: Sessions
    routing: Routing
    worktime: Worktime
    minutes: Mapping[str, Mapping[str, int]]
    channels: Collection[str]


def remind(reminder: Reminder, now: datetime) -> int:
    """One look at every lead that waits. Returns how many steps were taken."""
    with reading(reminder.sessions) as session:
        waiting = session.scalars(sa.select(Lead.id).where(Lead.state.in_({*lifecycle.CLAIMABLE, "claimed"}))).all()
    return sum(_look(reminder, lead_id, now) for lead_id in waiting)


def _look(reminder: Reminder, lead_id: int, now: datetime) -> bool:
    with reading(reminder.sessions) as session:
        if not _due(reminder, session, lead_id, now):
            return False
    with reminder.sessions.begin() as session:  # looked at again: somebody may have taken it on meanwhile
        lead = session.get(Lead, lead_id, with_for_update=True)
        step = _due(reminder, session, lead_id, now)
        if lead is None or not step:
            return False
        began = _began(lead_events.of(session, lead_id))
        # The notice first, by its key: whoever adds it takes the step, also where two workers look at once.
        notice = Notice(step, f"{lead_id}:{began.seq}:{step}", lead_id)
        if not outbox.add(session, notice, reminder.channels, now):
            return False
        _take(reminder, session, lead, step, now)
        return True


def _take(reminder: Reminder, session: Session, lead: Lead, step: str, now: datetime) -> None:
    if step == "next":
        reminder.routing.pass_on(session, lead, now)
    elif step == "manager":
        reminder.routing.to_manager(session, lead, now)
    lead.shared = step != SLOW


def _due(reminder: Reminder, session: Session, lead_id: int, now: datetime) -> str:
    """The last step whose time has come; those before it are skipped. "" where none has, or it was taken already."""
    lead, events = session.get(Lead, lead_id), lead_events.of(session, lead_id)
    if lead is None or not events:
        return ""
    began = _began(events)
    passed = reminder.worktime.passed(began.at, now)
    steps = STEPS if lead.state in lifecycle.CLAIMABLE else (SLOW,) if lead.state == "claimed" else ()
    come = [step for step in steps if passed >= _patience(reminder, step, lead.grade)]
    return come[-1] if come and not outbox.is_known(session, f"{lead_id}:{began.seq}:{come[-1]}") else ""


def _patience(reminder: Reminder, step: str, grade: str) -> timedelta:
    return timedelta(minutes=reminder.minutes[step][grade or "C"])


def _began(events: Sequence[LeadEvent]) -> LeadEvent:
    """The event since which it waits: being passed on, or added to by the follower, does not make it wait anew."""
    waiting = events[-1].after in lifecycle.CLAIMABLE
    first = events[-1]
    for event in reversed(events):
        same = event.after in lifecycle.CLAIMABLE if waiting else event.after == events[-1].after
        if not same:
            break
        first = event
    return first
