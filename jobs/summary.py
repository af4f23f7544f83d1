"""Once a morning: what came in and went on since the last one, and what is to be done today. Also shows channels alive."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.dialogue.worktime import SHANGHAI, Worktime
from bot.store import lifecycle, outbox
from bot.store.base import Sessions
from bot.store.desk import Plan
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead
from bot.store.outbox import Notice
from bot.store.questions import Question

STEPS = ("claimed", "contacted", "visited", "won", "lost")


def summarise(sessions: Sessions, worktime: Worktime, channels: Collection[str], now: datetime) -> bool:
    """True where staff are told; not on days off, and once a day however often it runs."""
    today = worktime.today(now)
    if not worktime.is_workday(today):
        return False
    since = _morning(_last_workday(worktime, today))
    with sessions.begin() as session:
        note = json.dumps(figures(session, since, now, today), ensure_ascii=False)
        return bool(outbox.add(session, Notice("summary", f"summary:{today:%Y%m%d}", note=note), channels, now))


def figures(session: Session, since: datetime, until: datetime, today: date) -> dict[str, str]:
    """What the notice says, "" for what is nothing."""
    new = _count(session, sa.select(sa.func.count()).where(Lead.submitted_at >= since, Lead.submitted_at < until))
    moved = (
        sa.select(LeadEvent.after, sa.func.count(sa.distinct(LeadEvent.lead_id)))
        .where(LeadEvent.at >= since, LeadEvent.at < until, LeadEvent.kind == "moved", LeadEvent.after.in_(STEPS))
        .group_by(LeadEvent.after)
    )
    steps = {after: str(count) for after, count in session.execute(moved)}
    waiting = sa.select(sa.func.count()).where(Lead.state.in_(lifecycle.CLAIMABLE))
    unanswered = sa.select(sa.func.count()).where(Question.at >= since, Question.answered.is_(False))
    return {
        "date": f"{today:%m-%d}",
        "new": str(new),
        **{step: steps.get(step, "") for step in STEPS},
        "waiting": _or_nothing(_count(session, waiting)),
        "unanswered": _or_nothing(_count(session, unanswered)),
        "dead": _or_nothing(outbox.counts(session).get("dead", 0)),
        "due": _due(session, today),
    }


def _due(session: Session, today: date) -> str:
    """Who has how many to call today."""
    wanted = (
        sa.select(Lead.owner, sa.func.count())
        .join(Plan, Plan.lead_id == Lead.id)
        .where(Plan.due_on <= today, Lead.state.in_(lifecycle.OPEN))
        .group_by(Lead.owner)
        .order_by(Lead.owner)
    )
    return " ".join(f"{owner or '-'} {count}" for owner, count in session.execute(wanted))


def _last_workday(worktime: Worktime, today: date) -> date:
    day = today - timedelta(days=1)
    while not worktime.is_workday(day) and today - day < timedelta(days=14):
        day -= timedelta(days=1)
    return day


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _count(session: Session, wanted: sa.Select[int]) -> int:
    return session.scalar(wanted) or 0


def _or_nothing(count: int) -> str:
    return str(count) if count else ""
