"""One transaction for one message: once, whole, and with the notices in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.dialogue import effects as effect
from bot.dialogue.message import Receipt, Unfollow
from bot.store import broadcasts, deliveries, followers, lead_events, leads, outbox, questions, readings, subscriptions
from bot.store.base import Base, Sessions
from bot.store.effects import commit
from bot.store.erasures import Erasure
from bot.store.leads import Lead, LeadAlias, LeadPhone
from bot.store.outbox import Outbox
from tests.store.say import CHANNELS, NOON, inquiry, message


def rows(store: Sessions, table: type[Base]) -> list[Any]:
    """In the order of their keys: PostgreSQL has none of its own once a row was changed."""
    with store() as session:
        return list(session.scalars(sa.select(table).order_by(*table.__table__.primary_key)))


def test_a_lead_comes_with_its_event_and_a_notice_for_each_channel(store: Sessions, secrets: Vault) -> None:
    done = commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    (lead,) = rows(store, Lead)
    (event,) = rows(store, lead_events.LeadEvent)
    assert (lead.state, lead.version, lead.openid, lead.scene) == ("new", 1, "oA", "expo")
    assert (event.kind, event.after, event.who) == ("submitted", "new", "follower")
    assert [row.channel for row in rows(store, Outbox)] == list(CHANNELS)
    assert done.outbox_ids == tuple(row.id for row in rows(store, Outbox))
    assert leads.content(secrets, lead).slots["contact"] == "王总"


def test_the_same_message_again_makes_nothing_again(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    again = commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    assert again.repeated
    assert (len(rows(store, Lead)), len(rows(store, Outbox))) == (1, 2)


def test_the_same_message_on_many_threads_makes_one_lead(store: Sessions, secrets: Vault) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(commit, store, secrets, message("m1"), (inquiry(),), CHANNELS) for _ in range(8)]
    assert sum(not job.result().repeated for job in jobs) == 1
    assert len(rows(store, Lead)) == 1


def test_a_mistake_in_one_effect_leaves_nothing_of_the_others(store: Sessions, secrets: Vault) -> None:
    broken = inquiry("L1124-BBBB", deal=object())
    with pytest.raises(TypeError):
        commit(store, secrets, message("m1"), (effect.TopicsChosen(("chips",)), broken), CHANNELS)
    assert rows(store, subscriptions.Subscription) == []
    assert not commit(store, secrets, message("m1"), (inquiry(),), CHANNELS).repeated


def test_the_same_phone_from_two_devices_at_once_makes_one_lead_with_two_numbers(
    store: Sessions, secrets: Vault
) -> None:
    def submit(n: int) -> None:
        commit(store, secrets, message(f"m{n}", openid=f"o{n}"), (inquiry(f"L1124-000{n}"),), CHANNELS)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(submit, range(6)))
    (lead,) = rows(store, Lead)
    assert lead.version == 6
    assert {alias.number for alias in rows(store, LeadAlias)} | {lead.number} == {f"L1124-000{n}" for n in range(6)}


def test_a_second_inquiry_revises_the_lead_and_keeps_its_owner(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    with store.begin() as session:
        assert leads.claim(session, "L1124-AAAA", 1, "lisi", NOON)
    later = message("m2", openid="oB", after=timedelta(days=100))
    commit(store, secrets, later, (inquiry("L0304-BBBB", deal="buy"),), CHANNELS)
    with store() as session:
        lead = leads.by_number(session, "L0304-BBBB")
        assert lead is not None
        assert (lead.number, lead.owner, lead.state) == ("L1124-AAAA", "lisi", "claimed")
        assert leads.content(secrets, lead).slots["deal"] == "buy"
        assert lead_events.of(session, lead.id)[-1].changed == ["deal"]


def test_after_180_days_or_when_closed_it_is_a_new_lead(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    commit(store, secrets, message("m2", after=timedelta(days=181)), (inquiry("L0524-BBBB"),), CHANNELS)
    with store.begin() as session:
        leads.move(session, "L0524-BBBB", "lost", "lisi", NOON, "已租其他园区")
    commit(store, secrets, message("m3", after=timedelta(days=182)), (inquiry("L0525-CCCC"),), CHANNELS)
    assert len(rows(store, Lead)) == 3


def test_names_companies_and_phones_are_nowhere_in_the_clear(store: Sessions, secrets: Vault, url: str) -> None:
    commit(store, secrets, message("m1"), (inquiry(), effect.HumanWanted("我是王总 13800001234")), CHANNELS)
    with store() as session:
        for table in Base.metadata.sorted_tables:
            text = str([tuple(row) for row in session.execute(sa.select(table))])
            assert "王总" not in text, table
            assert "13800001234" not in text, table
            assert "星火" not in text, table


def test_an_open_lead_is_found_by_its_follower_alone(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    with store() as session:
        found = leads.open_lead(session, secrets, "oA", NOON)
        assert found is not None
        assert (found.number, found.slots["contact"], found.at) == ("L1124-AAAA", "王总", NOON)
        assert leads.open_lead(session, secrets, "oOther", NOON) is None


def test_a_revision_changes_values_phones_and_tells_staff(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    new = {"deal": "rent", "contact": "王总", "mobile": ["+8613800005555"]}
    revised = effect.LeadRevised("L1124-AAAA", new, ("mobile",), ("电话换成这个",))
    commit(store, secrets, message("m2"), (revised,), CHANNELS)
    assert [row.phone_hash for row in rows(store, LeadPhone)] == leads.phone_hashes(secrets, ["+8613800005555"])
    assert [row.kind for row in rows(store, Outbox)] == ["lead", "lead", "revised", "revised"]


def test_a_revision_adds_remarks_and_consents_to_those_there_are(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    share = {"share": {"notice": "2026-11"}}
    revised = effect.LeadRevised("L1124-AAAA", {}, (), ("想租三千平厂房", "可以转给园区"), share)
    commit(store, secrets, message("m2"), (revised,), CHANNELS)
    (lead,) = rows(store, Lead)
    assert leads.content(secrets, lead).remarks == ("想租三千平厂房", "可以转给园区")
    assert set(lead.consents) == {"contact", "share"}


def test_nobody_revises_the_lead_of_somebody_else(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    theirs = effect.LeadRevised("L1124-AAAA", {"deal": "buy"}, ("deal",))
    commit(store, secrets, message("m2", openid="oThief"), (theirs,), CHANNELS)
    (lead,) = rows(store, Lead)
    assert leads.content(secrets, lead).slots["deal"] == "rent"


def test_consent_withdrawn_stops_the_lead_and_its_waiting_notices(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    commit(store, secrets, message("m2"), (effect.ConsentWithdrawn(),), CHANNELS)
    assert [lead.state for lead in rows(store, Lead)] == ["withdrawn"]
    assert {row.state for row in rows(store, Outbox)} == {"dropped"}


def test_staff_who_know_of_a_lead_hear_that_consent_was_withdrawn(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), ("wecom",))
    with store.begin() as session:
        (row,) = outbox.claim(session, "w", NOON, timedelta(seconds=30))
        outbox.delivered(session, row.id, "w", NOON)
    commit(store, secrets, message("m2"), (effect.ConsentWithdrawn(),), ("wecom",))
    assert [(row.kind, row.state) for row in rows(store, Outbox)] == [("lead", "delivered"), ("withdrawn", "waiting")]


LEAVING = "oLeaving"
"""Long enough not to be found by chance in sealed bytes."""


def test_an_erased_person_leaves_a_tombstone_and_no_other_trace(store: Sessions, secrets: Vault) -> None:
    said = (
        inquiry(),
        effect.TopicsChosen(("chips",)),
        effect.HumanWanted("找人"),
        effect.Asked("光模块", True, (1,)),
        effect.ArticleRead(1),
    )
    commit(store, secrets, message("m1", LEAVING), said, CHANNELS)
    commit(store, secrets, message("m2", openid="oB"), (inquiry("L1124-BBBB", phone="+8613800007777"),), CHANNELS)
    commit(store, secrets, message("m3", LEAVING), (effect.PersonErased(),), CHANNELS)
    with store() as session:
        for table in Base.metadata.sorted_tables:
            assert LEAVING not in str([tuple(row) for row in session.execute(sa.select(table))]), table
    assert [lead.openid for lead in rows(store, Lead)] == ["oB"]
    assert len(rows(store, Erasure)) == 2
    assert [row.kind for row in rows(store, Outbox)] == ["lead", "lead", "erased", "erased"]


def test_unfollowing_takes_everything_but_the_lead(store: Sessions, secrets: Vault) -> None:
    said = (inquiry(), effect.TopicsChosen(("chips",)), effect.Asked("光模块", True, (1,)), effect.ArticleRead(1))
    commit(store, secrets, message("m1"), said, CHANNELS)
    commit(store, secrets, message("m2", content=Unfollow()), (effect.Unfollowed(),), CHANNELS)
    assert len(rows(store, Lead)) == 1
    for table in (followers.Follower, subscriptions.Subscription, questions.Question, readings.Reading):
        assert rows(store, table) == []


def test_a_profile_gives_topics_and_scene_to_a_new_conversation(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (effect.Followed("expo"),), CHANNELS)
    commit(store, secrets, message("m2"), (effect.TopicsChosen(("chips", "cars")),), CHANNELS)
    commit(store, secrets, message("m3"), (effect.TopicsChosen(("cars",)),), CHANNELS)
    with store() as session:
        assert followers.profile(session, "oA") == followers.Profile(("cars",), "expo")
        assert followers.profile(session, "oNobody") == followers.Profile()


def test_a_topic_chosen_again_keeps_its_date(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (effect.TopicsChosen(("chips",)),), CHANNELS)
    later = message("m2", after=timedelta(days=3))
    commit(store, secrets, later, (effect.TopicsChosen(("chips", "cars")),), CHANNELS)
    since = {row.topic: row.since for row in rows(store, subscriptions.Subscription)}
    assert since == {"chips": NOON, "cars": NOON + timedelta(days=3)}


def test_staff_are_called_once_in_two_minutes_for_one_follower(store: Sessions, secrets: Vault) -> None:
    for n, seconds in enumerate((0, 20, 140)):
        wanted = message(f"m{n}", after=timedelta(seconds=seconds))
        commit(store, secrets, wanted, (effect.HumanWanted("人工"),), ("wecom",))
    assert [row.kind for row in rows(store, Outbox)] == ["human", "human"]


def test_a_lead_without_any_channel_is_a_dead_letter_one_can_see(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), ())
    assert [(row.state, row.error) for row in rows(store, Outbox)] == [("dead", "no staff channel is set up")]


def test_the_result_of_a_mass_send_reaches_its_broadcast(store: Sessions, secrets: Vault) -> None:
    with store.begin() as session:
        plan = broadcasts.plan(session, "mass", "chips", "k", [1], NOON)
        assert plan is not None
        session.add(
            deliveries.Delivery(
                broadcast_id=plan.id, channel="mass", state="sent", due_at=NOON, msg_id="9007199254740993"
            )
        )
    fields = {
        "MsgID": "9007199254740993", "Status": "send success",
        "TotalCount": "100", "FilterCount": "80", "SentCount": "75", "ErrorCount": "5",
    }  # fmt: skip
    finished = message("m1", openid="oSystem", content=Receipt("MASSSENDJOBFINISH", fields))
    commit(store, secrets, finished, (effect.Reported("MASSSENDJOBFINISH", fields),), CHANNELS)
    (told,) = rows(store, broadcasts.Broadcast)
    assert (told.state, told.total, told.filtered, told.sent, told.failed) == ("done", 100, 80, 75, 5)
    assert rows(store, followers.Follower) == []
