"""A lead never stays without an owner: rules first, then who has least to do."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.vault import Vault
from bot.store import leads, staff
from bot.store.base import Sessions, reading
from bot.store.effects import commit
from bot.store.leads import Lead
from bot.store.routing import Routing, Rule
from bot.store.staff import Staff
from tests.store.say import NOON, inquiry, message

SCORE = tomllib.loads((Path(__file__).parents[2] / "config" / "staff.toml").read_text(encoding="utf-8"))["score"]
SUZHOU = Rule.from_toml({"regions": ["3205"], "assets": ["factory"], "who": ["Li"]})


@pytest.fixture
def routing(store: Sessions, secrets: Vault) -> Routing:
    for name, role in (("li", "agent"), ("zhao", "agent"), ("wang", "manager")):
        with store.begin() as session:
            session.add(Staff(name=name, role=role, password="", created_at=NOON))
    return Routing(secrets, SCORE, [SUZHOU])


def submit(store: Sessions, routing: Routing, n: int, at: timedelta = timedelta(), **slots: Any) -> Lead:
    sent = message(f"m{n}", f"o{n}", after=at)
    done = inquiry(f"L1124-{n:04}", f"+8613800{n:06}", **slots)
    commit(store, routing.secrets, sent, (done,), ("wecom",), triage=routing.triage)
    with reading(store) as session:
        found = leads.by_number(session, f"L1124-{n:04}")
    assert found is not None
    return found


def test_a_rule_comes_before_the_load(store: Sessions, routing: Routing) -> None:
    for n in range(3):
        assert submit(store, routing, n, region=["320583"], asset=["factory"]).owner == "li"
    assert submit(store, routing, 4, region=["310000"], asset=["factory"]).owner == "zhao"


def test_without_a_rule_the_least_loaded_gets_it(store: Sessions, routing: Routing) -> None:
    owners = [submit(store, routing, n).owner for n in range(4)]
    assert sorted(owners) == ["li", "li", "zhao", "zhao"]


def test_it_has_a_grade_and_an_event(store: Sessions, routing: Routing) -> None:
    lead = submit(store, routing, 1, tax={"min": 800, "max": None, "unit": "wan/yr"}, region=["320583"])
    assert (lead.state, lead.grade) == ("assigned", "A")


def test_the_full_and_the_absent_are_passed_over_but_nobody_is_worse(store: Sessions, routing: Routing) -> None:
    with store.begin() as session:
        _named(session, "zhao").away_until = date(2026, 11, 24)
    few = Routing(routing.secrets, SCORE, [SUZHOU], most=1, today=lambda at: at.date())
    assert [submit(store, few, n).owner for n in range(3)] == ["li", "wang", "li"]
    assert submit(store, few, 9, at=timedelta(days=1)).owner == "zhao"


def test_whoever_is_on_duty_comes_first(store: Sessions, routing: Routing) -> None:
    duty = Routing(routing.secrets, SCORE, [SUZHOU], on_duty=lambda _at: ("zhao",))
    assert submit(store, duty, 1, region=["320583"], asset=["factory"]).owner == "zhao"


def test_the_disabled_get_nothing(store: Sessions, routing: Routing) -> None:
    with store.begin() as session:
        staff.disable(session, _named(session, "li"), NOON)
    assert {submit(store, routing, n, region=["320583"], asset=["factory"]).owner for n in range(3)} == {"zhao"}


def test_only_without_any_account_it_stays_without_an_owner(store: Sessions, secrets: Vault) -> None:
    lead = submit(store, Routing(secrets, SCORE), 1)
    assert (lead.state, lead.owner) == ("new", "")


def test_within_the_protection_a_prospect_who_comes_back_stays(store: Sessions, routing: Routing) -> None:
    lead = submit(store, routing, 1)
    _claim(store, lead, NOON)
    submit(store, routing, 7)  # so that the other one has less to do
    again = _again(store, routing, timedelta(days=29))
    assert (again.owner, again.state) == (lead.owner, "claimed")


def test_after_the_protection_it_is_routed_anew(store: Sessions, routing: Routing) -> None:
    lead = submit(store, routing, 1)
    _claim(store, lead, NOON)
    for n in (5, 6, 7):
        submit(store, routing, n)
    with store.begin() as session:
        session.execute(Lead.__table__.update().where(Lead.owner != lead.owner).values(state="lost"))
    again = _again(store, routing, timedelta(days=31))
    assert again.state == "assigned"
    assert again.owner != lead.owner


def _again(store: Sessions, routing: Routing, after: timedelta) -> Lead:
    """The same follower hands in another inquiry."""
    done = inquiry("L1224-9999", "+8613800000001")
    commit(store, routing.secrets, message("again", "o1", after=after), (done,), (), triage=routing.triage)
    with reading(store) as session:
        found = leads.by_number(session, "L1224-9999")
    assert found is not None
    return found


def _claim(store: Sessions, lead: Lead, at: datetime) -> None:
    with store.begin() as session:
        assert leads.claim(session, lead.number, lead.version, lead.owner, at)


def _named(session: Any, name: str) -> Staff:
    found = staff.by_name(session, name)
    assert found is not None
    return found
