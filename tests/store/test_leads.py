"""The life of a lead: legal moves, one winner, a history that explains the present."""

from __future__ import annotations

import io
import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.commands.leads import leads as print_leads
from bot.commands.outbox import outbox as print_outbox
from bot.commands.outbox import retry
from bot.dialogue.effects import LeadRevised, PersonErased
from bot.store import erasures, lead_events, leads, lifecycle, outbox
from bot.store.base import Sessions
from bot.store.effects import commit
from bot.store.leads import Lead
from bot.store.lifecycle import MOVES, Illegal
from tests.store.say import NOON, inquiry, message

NUMBER = "L1124-AAAA"


@pytest.fixture
def lead(store: Sessions, secrets: Vault) -> Sessions:
    commit(store, secrets, message("m1"), (inquiry(NUMBER),), ("wecom",))
    return store


def state(store: Sessions) -> str:
    with store() as session:
        return session.scalar(sa.select(Lead.state)) or ""


def test_of_fifty_who_claim_at_once_one_wins(lead: Sessions) -> None:
    def claim(n: int) -> bool:
        with lead.begin() as session:
            return leads.claim(session, NUMBER, 1, f"staff{n}", NOON)

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(claim, range(50)))
    assert sum(won) == 1
    with lead() as session:
        found = leads.by_number(session, NUMBER)
        assert found is not None
        assert found.owner == f"staff{won.index(True)}"
        assert [event.after for event in lead_events.of(session, found.id)] == ["new", "claimed"]


def test_who_saw_an_older_version_cannot_claim(lead: Sessions, secrets: Vault) -> None:
    commit(lead, secrets, message("m2"), (LeadRevised(NUMBER, {"deal": "buy"}, ("deal",)),), ())
    with lead.begin() as session:
        assert not leads.claim(session, NUMBER, 1, "lisi", NOON)
        assert leads.claim(session, NUMBER, 2, "lisi", NOON)


def test_two_leads_of_the_same_number_by_chance_are_both_kept(lead: Sessions, secrets: Vault) -> None:
    commit(lead, secrets, message("m2", "oB"), (inquiry(NUMBER, "+8613800009999"),), ())
    commit(lead, secrets, message("m3", "oC"), (inquiry(NUMBER, "+8613800008888"),), ())
    with lead() as session:
        assert list(session.scalars(sa.select(Lead.number).order_by(Lead.id))) == [NUMBER, f"{NUMBER}-2", f"{NUMBER}-3"]
    commit(lead, secrets, message("m4", "oB"), (LeadRevised(NUMBER, {"deal": "buy"}, ("deal",)),), ())
    with lead() as session:
        second = leads.by_number(session, f"{NUMBER}-2")
        assert second is not None
        assert leads.content(secrets, second).slots == {"deal": "buy"}


def test_an_unknown_lead_is_named(lead: Sessions) -> None:
    with lead.begin() as session, pytest.raises(KeyError):
        leads.claim(session, "L-none", 1, "lisi", NOON)
    with lead.begin() as session, pytest.raises(KeyError):
        leads.move(session, "L-none", "lost", "lisi", NOON, "x")


@pytest.mark.parametrize("to", ["visited", "won", "negotiating", "new"])
def test_a_move_that_is_not_in_the_table_is_refused(lead: Sessions, to: str) -> None:
    with lead.begin() as session, pytest.raises(Illegal):
        leads.move(session, NUMBER, to, "lisi", NOON)
    assert state(lead) == "new"


@pytest.mark.parametrize("to", sorted(lifecycle.REASONED))
def test_a_lead_is_not_given_up_without_a_reason(lead: Sessions, to: str) -> None:
    with lead.begin() as session, pytest.raises(Illegal):
        leads.move(session, NUMBER, to, "lisi", NOON)
    with lead.begin() as session:
        assert leads.move(session, NUMBER, to, "lisi", NOON, "价格").reason == "价格"


def test_a_random_walk_always_leaves_a_history_that_explains_the_state(lead: Sessions) -> None:
    choose = random.Random(7)
    for step in range(60):
        to = choose.choice(sorted(MOVES))
        with lead.begin() as session:
            try:
                leads.move(session, NUMBER, to, "lisi", NOON + timedelta(hours=step), "because")
            except Illegal:
                continue
    with lead() as session:
        found = leads.by_number(session, NUMBER)
        assert found is not None
        events = lead_events.of(session, found.id)
    assert len(events) > 3
    assert lead_events.projected(events) == found.state
    assert [event.seq for event in events] == list(range(1, found.version + 1))
    for before, after in pairwise(events):
        assert after.before == before.after
        assert after.after in MOVES[before.after]


def test_the_table_of_moves_is_whole() -> None:
    assert set().union(*MOVES.values()) | {"new"} == set(MOVES)
    assert all("withdrawn" in MOVES[each] and "erased" in MOVES[each] for each in lifecycle.OPEN)


def test_leads_are_listed_one_a_line(lead: Sessions, secrets: Vault) -> None:
    commit(lead, secrets, message("m2", "oB"), (inquiry("L-2", "+8613800009999"),), ())
    out = io.StringIO()
    assert print_leads(lead, secrets, out, as_json=True) == 0
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["number"] for row in rows] == [NUMBER, "L-2"]
    assert rows[0]["slots"]["mobile"] == ["+8613800001234"]
    assert rows[0]["submitted_at"] == "2026-11-24T04:00:00+00:00"
    assert set(rows[0]) >= {"state", "openid", "owner", "scene", "remarks", "consents", "updated_at", "read"}
    plain = io.StringIO()
    print_leads(lead, secrets, plain, as_json=False)
    assert "13800001234" not in plain.getvalue()


def test_the_outbox_is_listed_and_dead_letters_are_sent_again(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(NUMBER),), ("wecom",))
    with store.begin() as session:
        (row,) = outbox.claim(session, "w", NOON, timedelta(seconds=30))
        outbox.bury(session, row.id, "w", NOON, "HTTP 500")
    out = io.StringIO()
    assert print_outbox(store, out) == 1
    assert "dead" in out.getvalue()
    assert "HTTP 500" in out.getvalue()
    retry(store, out, NOON, ["wecom"])
    assert print_outbox(store, io.StringIO()) == 0
    with store.begin() as session:
        assert len(outbox.claim(session, "w", NOON, timedelta(seconds=30))) == 1


def test_only_the_worker_that_holds_a_notice_settles_it(lead: Sessions) -> None:
    lease = timedelta(seconds=30)
    with lead.begin() as session:
        (row,) = outbox.claim(session, "slow", NOON, lease)
    with lead.begin() as session:
        assert outbox.claim(session, "quick", NOON + lease, lease)
        assert not outbox.delivered(session, row.id, "slow", NOON + lease)
        assert outbox.delivered(session, row.id, "quick", NOON + lease)


def test_a_restored_backup_is_erased_again(lead: Sessions, secrets: Vault) -> None:
    commit(lead, secrets, message("m2", after=timedelta(days=1)), (PersonErased(),), ())
    assert state(lead) == ""
    restored = inquiry("L-back")
    commit(lead, secrets, message("m0", after=timedelta(hours=1)), (restored,), ())
    commit(
        lead, secrets, message("m00", "oOther", after=timedelta(hours=1)), (inquiry("L-keep", "+8613800007777"),), ()
    )
    with lead.begin() as session:
        assert erasures.reapply(session, secrets, NOON + timedelta(days=2)) == ["L-back"]
    with lead() as session:
        assert list(session.scalars(sa.select(Lead.number))) == ["L-keep"]


def test_the_same_phone_of_an_erased_person_is_erased_again_under_another_openid(
    lead: Sessions, secrets: Vault
) -> None:
    commit(lead, secrets, message("m2", after=timedelta(days=1)), (PersonErased(),), ())
    commit(lead, secrets, message("m0", "oElse", after=timedelta(hours=1)), (inquiry("L-back"),), ())
    with lead.begin() as session:
        assert erasures.reapply(session, secrets, NOON + timedelta(days=2)) == ["L-back"]


def test_who_comes_back_after_an_erasure_is_not_erased(lead: Sessions, secrets: Vault) -> None:
    commit(lead, secrets, message("m2", after=timedelta(days=1)), (PersonErased(),), ())
    commit(lead, secrets, message("m3", after=timedelta(days=2)), (inquiry("L-new"),), ())
    with lead.begin() as session:
        assert erasures.reapply(session, secrets, NOON + timedelta(days=3)) == []
