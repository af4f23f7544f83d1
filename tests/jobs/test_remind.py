"""No lead waits unheard: reminded, passed on, told to the manager, by the time in which somebody was there."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.holidays import is_workday
from bot.adapters.vault import Vault
from bot.dialogue.effects import Asked
from bot.dialogue.worktime import SHANGHAI, Span, Worktime
from bot.store import desk, lead_events, leads
from bot.store.base import Sessions, reading
from bot.store.effects import commit
from bot.store.leads import Lead
from bot.store.outbox import Outbox
from bot.store.routing import Routing
from bot.store.staff import Staff
from jobs import remind, summary
from jobs.remind import Reminder
from tests.store.say import inquiry, message

CONFIG = Path(__file__).parents[2] / "config"
SCORE = tomllib.loads((CONFIG / "staff.toml").read_text(encoding="utf-8"))["score"]
DUTY = tomllib.loads((CONFIG / "duty.toml").read_text(encoding="utf-8"))
HOURS = Worktime(Span(time(8, 30), time(18)), Span(time(8), time(22)), is_workday=is_workday)
MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=SHANGHAI)
"""A Tuesday."""

BIG = {"tax": {"min": 800, "max": None, "unit": "wan/yr"}, "region": ["320583"]}


@dataclass
class Firm:
    store: Sessions
    reminder: Reminder

    def submit(self, number: str = "L1124-AAAA", at: datetime = MORNING, **slots: object) -> Lead:
        sent = message(number, f"o{number}", after=at - datetime(2026, 11, 24, 12, 0, tzinfo=SHANGHAI))
        done = (inquiry(number, **slots), Asked("机器人", answered=False))
        commit(self.store, self.reminder.routing.secrets, sent, done, ("wecom",), triage=self.reminder.routing.triage)
        return self.lead(number)

    def lead(self, number: str = "L1124-AAAA") -> Lead:
        with reading(self.store) as session:
            found = leads.by_number(session, number)
        assert found is not None
        return found

    def look(self, at: datetime) -> list[str]:
        """The kinds of notices that one run adds."""
        before = {row.id for row in self.rows()}
        remind.remind(self.reminder, at)
        return [row.kind for row in self.rows() if row.id not in before]

    def rows(self) -> list[Outbox]:
        with reading(self.store) as session:
            return list(session.scalars(sa.select(Outbox).order_by(Outbox.id)))


@pytest.fixture
def firm(store: Sessions, secrets: Vault) -> Iterator[Firm]:
    with store.begin() as session:
        for name, role in (("li", "agent"), ("zhao", "agent"), ("wang", "manager")):
            session.add(Staff(name=name, role=role, password="", created_at=MORNING))
    yield Firm(store, Reminder(store, Routing(secrets, SCORE), HOURS, DUTY["escalation"], ("wecom",)))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_who_does_not_react_is_reminded_then_the_next_is_asked_then_the_manager(firm: Firm) -> None:
    first = firm.submit()
    assert firm.look(MORNING + minutes(4.9)) == []
    assert firm.look(MORNING + minutes(5)) == ["remind"]
    assert firm.lead().shared
    assert firm.look(MORNING + minutes(9)) == []
    assert firm.look(MORNING + minutes(10)) == ["next"]
    assert {first.owner, firm.lead().owner} == {"li", "zhao"}
    assert firm.lead().shared
    assert firm.look(MORNING + minutes(20)) == ["manager"]
    assert firm.lead().owner == "wang"
    assert firm.look(MORNING + minutes(500)) == []


def test_the_most_promising_wait_less(firm: Firm) -> None:
    firm.submit(**BIG)
    assert firm.look(MORNING + minutes(2)) == ["remind"]
    assert firm.look(MORNING + minutes(5)) == ["next"]
    assert firm.look(MORNING + minutes(10)) == ["manager"]


def test_at_night_and_on_holidays_nobody_is_reminded(firm: Firm) -> None:
    evening = datetime(2026, 9, 30, 17, 58, tzinfo=SHANGHAI)
    firm.submit(at=evening)
    assert firm.look(datetime(2026, 10, 4, 12, 0, tzinfo=SHANGHAI)) == []
    assert firm.look(datetime(2026, 10, 8, 8, 33, tzinfo=SHANGHAI)) == ["remind"]


def test_after_a_long_stop_only_the_last_step_is_taken(firm: Firm) -> None:
    firm.submit()
    assert firm.look(MORNING + minutes(60)) == ["manager"]
    assert firm.look(MORNING + minutes(61)) == []


def test_who_took_it_on_and_does_not_call_is_told_to_the_manager_once(firm: Firm) -> None:
    lead = firm.submit()
    with firm.store.begin() as session:
        assert leads.claim(session, lead.number, lead.version, "li", MORNING + minutes(3))
    assert firm.look(MORNING + minutes(100)) == []
    assert firm.look(MORNING + minutes(123)) == ["contact"]
    assert firm.look(MORNING + minutes(200)) == []
    assert firm.lead().owner == "li"


def test_a_lead_that_was_called_is_left_alone(firm: Firm) -> None:
    lead = firm.submit()
    with firm.store.begin() as session:
        leads.claim(session, lead.number, lead.version, "li", MORNING)
        leads.move(session, lead.number, "contacted", "li", MORNING)
    assert firm.look(MORNING + minutes(1000)) == []


def test_two_workers_at_the_same_moment_tell_once(firm: Firm) -> None:
    firm.submit()
    assert firm.look(MORNING + minutes(10)) == ["next"]
    assert firm.look(MORNING + minutes(10)) == []
    with reading(firm.store) as session:
        moves = [event.after for event in lead_events.of(session, firm.lead().id)]
    assert moves == ["new", "assigned", "assigned"]


def test_a_follower_who_adds_something_does_not_start_the_clock_again(firm: Firm) -> None:
    firm.submit()
    again = message("again", "oL1124-AAAA", after=timedelta(hours=-3, minutes=4))
    commit(firm.store, firm.reminder.routing.secrets, again, (inquiry("L1124-AAAB", use="注塑"),), ("wecom",))
    assert firm.look(MORNING + minutes(5)) == ["remind"]


def test_the_morning_says_how_things_stand(firm: Firm) -> None:
    lead = firm.submit()
    firm.submit("L1124-BBBB", phone="+8613800009999")
    with firm.store.begin() as session:
        leads.claim(session, lead.number, lead.version, "li", MORNING)
        desk.plan(session, session.get_one(Lead, lead.id), datetime(2026, 11, 25).date())
    morning = datetime(2026, 11, 25, 8, 40, tzinfo=SHANGHAI)
    assert summary.summarise(firm.store, HOURS, ("wecom",), morning)
    assert not summary.summarise(firm.store, HOURS, ("wecom",), morning + minutes(1))
    said = json.loads(firm.rows()[-1].note)
    assert (said["new"], said["claimed"], said["waiting"], said["due"]) == ("2", "1", "1", "li 1")
    assert said["unanswered"] == "2"
    assert said["won"] == said["dead"] == ""


def test_no_morning_news_on_days_off(firm: Firm) -> None:
    assert not summary.summarise(firm.store, HOURS, ("wecom",), datetime(2026, 11, 28, 8, 40, tzinfo=SHANGHAI))
    assert not summary.summarise(firm.store, HOURS, ("wecom",), datetime(2026, 10, 1, 8, 40, tzinfo=SHANGHAI))
