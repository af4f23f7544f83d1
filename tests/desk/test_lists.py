"""Lists of leads: the same whichever way the database takes, page by page, and straight from an index."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bot.store import desk, lifecycle
from bot.store.base import Sessions, reading
from bot.store.desk import Filter, Place, Scope
from bot.store.leads import Lead
from tests.desk.conftest import START

SCOPES = (Scope("root", True), Scope("li", False))
FILTERS = (
    Filter(),
    Filter(states=("new", "assigned")),
    Filter(states=("lost", "won", "visited", "claimed"), owner="zhao"),
    Filter(owner=desk.NOBODY, grade="A"),
    Filter(scene="expo", since=START + timedelta(minutes=20)),
)


@pytest.fixture(params=["store", pytest.param("postgres_store", marks=pytest.mark.postgres)])
def rows(request: pytest.FixtureRequest) -> Iterator[Sessions]:
    """Leads in all states, many of the same moment."""
    sessions: Sessions = request.getfixturevalue(request.param)
    dice = random.Random(7)
    made = [
        {
            "number": f"L{n}", "message_key": f"k{n}", "openid": f"o{n}", "version": 1, "sealed": b"", "consents": {},
            "state": dice.choice(list(lifecycle.MOVES)), "owner": dice.choice(["", "li", "zhao"]),
            "shared": dice.random() < 0.2, "grade": dice.choice("ABC"), "scene": dice.choice(["", "expo"]), "read": [],
            "submitted_at": START + timedelta(minutes=n % 60), "updated_at": START + timedelta(minutes=dice.randint(0, 9)),
        }
        for n in range(160)
    ]  # fmt: skip
    with sessions.begin() as session:
        session.execute(sa.insert(Lead), made)
    yield sessions


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_page_by_page_each_lead_comes_once_and_in_order(rows: Sessions, scope: Scope, wanted: Filter) -> None:
    with reading(rows) as session:
        found: list[Lead] = []
        after: Place | None = None
        while True:
            page = desk.page(session, scope, wanted, after, 7)
            found += page.leads
            if page.next is None:
                break
            after = page.next
        every = session.scalars(sa.select(Lead)).all()
    expected = [lead for lead in every if scope.holds(lead) and _fits(lead, wanted)]
    expected.sort(key=lambda lead: (lead.updated_at, lead.id), reverse=True)
    assert [lead.id for lead in found] == [lead.id for lead in expected]
    assert len(found) > 3


def _fits(lead: Lead, wanted: Filter) -> bool:
    owner = "" if wanted.owner == desk.NOBODY else wanted.owner
    return (
        (not wanted.states or lead.state in wanted.states)
        and (not wanted.owner or lead.owner == owner)
        and (not wanted.grade or lead.grade == wanted.grade)
        and (not wanted.scene or lead.scene == wanted.scene)
        and (wanted.since is None or lead.submitted_at >= wanted.since)
    )


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
def test_no_lead_is_sorted_or_read_that_is_not_shown(store: Sessions, scope: Scope) -> None:
    """With 100 000 leads this is the difference between 5 and 90 ms, and more on a disk that is busy."""
    wanted = desk._newest(scope, Filter(states=("new", "assigned")), Place(START, 7), 31)
    asked = str(wanted.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with reading(store) as session:
        steps = [str(row[3]) for row in session.execute(sa.text(f"EXPLAIN QUERY PLAN {asked}"))]
    looked = [step for step in steps if " leads " in f"{step} "]
    assert len(looked) == 2
    assert all("USING COVERING INDEX ix_leads_listed (state=? AND updated_at<?)" in step for step in looked), steps
    sorted_after = [after for step, after in itertools.pairwise(steps) if step in looked and "B-TREE" in after]
    assert sorted_after == [], "only what is put together is sorted"
