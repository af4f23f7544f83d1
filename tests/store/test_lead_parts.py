"""A lead that several followers made: staff have all of it, each follower sees and takes away what they gave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.dialogue.effects import ConsentWithdrawn, LeadRevised, PersonErased, Unfollowed
from bot.store import erasures, followers, lead_events, lead_notes, lead_parts, lead_people, leads, talks
from bot.store.base import Base, Sessions
from bot.store.effects import commit
from bot.store.erasures import Erasure
from bot.store.lead_content import Content, Given, together
from bot.store.leads import Lead
from bot.store.outbox import Outbox
from bot.store.talks import Line
from tests.store.say import CHANNELS, NOON, PHONE, inquiry, message

FIRST, SECOND = "oFirst_of_two", "oSecond_of_two"
"""Long enough not to be found by chance in sealed bytes."""

OWN = "+8613800005678"
"""A phone that only the second one left."""


@pytest.fixture
def shared(store: Sessions, secrets: Vault) -> Sessions:
    commit(store, secrets, message("m1", FIRST), (inquiry("L-ONE", wechat="first88"),), CHANNELS)
    theirs = inquiry("L-TWO", company="", contact="李工", mobile=[PHONE, OWN], deal="buy")
    commit(store, secrets, message("m2", SECOND, after=timedelta(days=1)), (theirs,), CHANNELS)
    return store


def lead_of(store: Sessions) -> Lead:
    with store() as session:
        return session.scalars(sa.select(Lead)).one()


def slots(store: Sessions, secrets: Vault) -> dict[str, Any]:
    return dict(leads.content(secrets, lead_of(store)).slots)


def kinds(store: Sessions) -> list[str]:
    with store() as session:
        return list(session.scalars(sa.select(Outbox.kind).where(Outbox.channel == "wecom").order_by(Outbox.id)))


def everywhere(store: Sessions) -> str:
    with store() as session:
        return "".join(str(session.execute(sa.select(table)).all()) for table in Base.metadata.sorted_tables)


def test_staff_have_both_and_the_last_word_counts(shared: Sessions, secrets: Vault) -> None:
    inside = slots(shared, secrets)
    assert (inside["contact"], inside["deal"]) == ("李工", "buy")
    assert (inside["company"], inside["wechat"]) == ("星火精密", "first88")
    assert inside["mobile"] == [PHONE, OWN]
    with shared() as session:
        assert leads.followers_of(session, lead_of(shared)) == (FIRST, SECOND)


def test_each_sees_what_they_gave_under_the_number_they_were_told(shared: Sessions, secrets: Vault) -> None:
    with shared() as session:
        first = leads.open_lead(session, secrets, FIRST, NOON)
        second = leads.open_lead(session, secrets, SECOND, NOON)
    assert first is not None
    assert second is not None
    assert (first.number, first.slots["contact"], first.slots["mobile"]) == ("L-ONE", "王总", [PHONE])
    assert (second.number, second.slots["contact"]) == ("L-TWO", "李工")
    assert "wechat" not in second.slots
    assert second.slots["company"] == ""


def test_what_one_corrects_leaves_the_words_of_the_other(shared: Sessions, secrets: Vault) -> None:
    corrected = LeadRevised("L-ONE", {"contact": "王总", "mobile": [PHONE], "use": "注塑"}, ("use",), ("要带宿舍",))
    commit(shared, secrets, message("m3", FIRST, after=timedelta(days=2)), (corrected,), ())
    inside = slots(shared, secrets)
    assert (inside["contact"], inside["use"], inside["deal"]) == ("王总", "注塑", "buy")
    assert OWN in inside["mobile"]
    assert "wechat" not in inside
    with shared() as session:
        second = leads.open_lead(session, secrets, SECOND, NOON)
    assert second is not None
    assert second.slots["contact"] == "李工"


def test_the_second_one_erased_leaves_what_the_first_one_gave(shared: Sessions, secrets: Vault) -> None:
    known = lead_of(shared)
    with shared.begin() as session:
        lead_notes.write(session, secrets, known.id, "li", NOON, "还只有第一位")
        lead_notes.write(session, secrets, known.id, "li", NOON + timedelta(days=2), "李工周五来看")
    commit(shared, secrets, message("m3", SECOND, after=timedelta(days=3)), (PersonErased(),), CHANNELS)
    inside = slots(shared, secrets)
    assert (inside["contact"], inside["deal"], inside["mobile"]) == ("王总", "rent", [PHONE])
    assert lead_of(shared).openid == FIRST
    assert SECOND not in everywhere(shared)
    assert kinds(shared) == ["lead", "revised", "parted"]
    with shared() as session:
        assert [text for _, text in lead_notes.of(session, secrets, known.id)] == ["还只有第一位"]
        assert leads.by_number(session, "L-TWO") is None
        event = lead_events.of(session, known.id)[-1]
    assert event.kind == "parted"
    assert {"contact", "deal", "mobile"} == set(event.changed)


def test_the_first_one_erased_leaves_what_the_second_one_gave(shared: Sessions, secrets: Vault) -> None:
    commit(shared, secrets, message("m3", FIRST, after=timedelta(days=3)), (PersonErased(),), CHANNELS)
    known, inside = lead_of(shared), slots(shared, secrets)
    assert (known.openid, known.submitted_at) == (SECOND, NOON + timedelta(days=1))
    assert (inside["contact"], inside["mobile"]) == ("李工", [PHONE, OWN])
    assert "wechat" not in inside
    assert FIRST not in everywhere(shared)


def test_with_the_last_one_the_lead_is_gone(shared: Sessions, secrets: Vault) -> None:
    for key, openid in (("m3", FIRST), ("m4", SECOND)):
        commit(shared, secrets, message(key, openid, after=timedelta(days=3)), (PersonErased(),), CHANNELS)
    with shared() as session:
        assert session.scalars(sa.select(Lead)).all() == []
    assert kinds(shared)[-1] == "erased"
    assert FIRST not in everywhere(shared)
    assert SECOND not in everywhere(shared)


def test_the_nightly_round_does_not_erase_the_lead_of_who_stayed(shared: Sessions, secrets: Vault) -> None:
    """The phone of both has no stone: the other one still wants to be called on it. The phone of one has."""
    commit(shared, secrets, message("m3", SECOND, after=timedelta(days=3)), (PersonErased(),), ())
    with shared.begin() as session:
        assert erasures.reapply(session, secrets, NOON + timedelta(days=4)) == []
        stones = set(session.scalars(sa.select(Erasure.tombstone)))
    assert leads.phone_hashes(secrets, [OWN])[0] in stones
    assert leads.phone_hashes(secrets, [PHONE])[0] not in stones
    assert slots(shared, secrets)["contact"] == "王总"


def test_a_restored_backup_is_parted_again(shared: Sessions, secrets: Vault) -> None:
    with shared.begin() as session:
        stone = erasures.openid_stone(secrets, SECOND)
        erasures.bring(session, {stone: NOON + timedelta(days=2)})
        assert erasures.reapply(session, secrets, NOON + timedelta(days=3)) == []
    assert slots(shared, secrets)["contact"] == "王总"
    assert SECOND not in everywhere(shared)


def test_a_consent_taken_back_stops_only_what_it_was_given_for(shared: Sessions, secrets: Vault) -> None:
    with shared.begin() as session:
        session.execute(sa.update(Outbox).values(state="delivered"))
    commit(shared, secrets, message("m3", SECOND, after=timedelta(days=3)), (ConsentWithdrawn(),), CHANNELS)
    assert lead_of(shared).state == "new"
    assert OWN not in slots(shared, secrets)["mobile"]
    assert kinds(shared)[-1] == "parted"
    commit(shared, secrets, message("m4", FIRST, after=timedelta(days=3)), (ConsentWithdrawn(),), CHANNELS)
    assert lead_of(shared).state == "withdrawn"


def test_a_lead_that_several_made_before_there_were_parts_goes_as_a_whole(shared: Sessions, secrets: Vault) -> None:
    """Nobody can tell any more whose is what, so nothing may stay."""
    with shared.begin() as session:
        lead_parts.forget(session, lead_of(shared).id)
    commit(shared, secrets, message("m3", "oThird", after=timedelta(days=1)), (inquiry("L-THREE"),), ())
    with shared() as session:
        assert lead_parts.of(session, lead_of(shared).id) == []
    commit(shared, secrets, message("m4", SECOND, after=timedelta(days=3)), (PersonErased(),), ())
    with shared() as session:
        assert session.scalars(sa.select(Lead)).all() == []


# Duplicates that staff merged


@pytest.fixture
def merged(store: Sessions, secrets: Vault) -> Sessions:
    commit(store, secrets, message("m1", FIRST), (inquiry("L-ONE", use=""),), CHANNELS)
    commit(store, secrets, message("m2", SECOND), (inquiry("L-TWO", OWN, contact="李工", use="注塑"),), CHANNELS)
    with store.begin() as session:
        kept, duplicate = leads.by_number(session, "L-ONE"), leads.by_number(session, "L-TWO")
        assert kept is not None
        assert duplicate is not None
        leads.merge(session, secrets, kept, duplicate, "li", NOON)
    return store


def kept_slots(store: Sessions, secrets: Vault) -> dict[str, Any]:
    with store() as session:
        known = leads.by_number(session, "L-ONE")
        assert known is not None
        return dict(leads.content(secrets, known).slots)


def test_a_duplicate_fills_what_was_empty(merged: Sessions, secrets: Vault) -> None:
    inside = kept_slots(merged, secrets)
    assert (inside["contact"], inside["use"], inside["mobile"]) == ("王总", "注塑", [PHONE, OWN])


def test_who_made_the_duplicate_goes_on_correcting_the_lead_that_stayed(merged: Sessions, secrets: Vault) -> None:
    with merged() as session:
        theirs = leads.open_lead(session, secrets, SECOND, NOON)
    assert theirs is not None
    assert (theirs.number, theirs.slots["contact"]) == ("L-TWO", "李工")
    corrected = LeadRevised(theirs.number, {**theirs.slots, "use": "压铸"}, ("use",))
    commit(merged, secrets, message("m3", SECOND), (corrected,), ())
    assert kept_slots(merged, secrets)["use"] == "压铸"


def test_who_made_the_duplicate_is_erased_alone(merged: Sessions, secrets: Vault) -> None:
    commit(merged, secrets, message("m3", SECOND, after=timedelta(days=1)), (PersonErased(),), CHANNELS)
    inside = kept_slots(merged, secrets)
    assert (inside["contact"], inside["mobile"]) == ("王总", [PHONE])
    assert not inside["use"]
    assert SECOND not in everywhere(merged)


def test_who_made_the_lead_that_stayed_is_erased_alone(merged: Sessions, secrets: Vault) -> None:
    commit(merged, secrets, message("m3", FIRST, after=timedelta(days=1)), (PersonErased(),), CHANNELS)
    assert kept_slots(merged, secrets)["contact"] == "李工"
    assert FIRST not in everywhere(merged)
    with merged() as session:
        assert leads.by_number(session, "L-TWO") is not None


def test_two_leads_of_one_follower_need_no_parts(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1", FIRST), (inquiry("L-ONE", use=""),), CHANNELS)
    with store.begin() as session:
        leads.move(session, "L-ONE", "lost", "li", NOON, "价格")
    commit(store, secrets, message("m2", FIRST), (inquiry("L-TWO", use="注塑"),), CHANNELS)
    with store.begin() as session:
        leads.move(session, "L-ONE", "assigned", "li", NOON)
        kept, duplicate = leads.by_number(session, "L-ONE"), leads.by_number(session, "L-TWO")
        assert kept is not None
        assert duplicate is not None
        leads.merge(session, secrets, kept, duplicate, "li", NOON)
        assert lead_parts.of(session, kept.id) == []
    assert kept_slots(store, secrets)["use"] == "注塑"


def test_remarks_stay_in_the_order_in_which_they_were_made() -> None:
    newest = Given(Content({"a": "", "b": 1}, ("later",)), {"contact": 2}, (2, 3))
    oldest = Given(Content({"a": "x", "b": 2}, ("earlier",)), {"contact": 1, "share": 1}, (1, 2))
    both = together([newest, oldest])
    assert both.content == Content({"a": "x", "b": 1}, ("earlier", "later"))
    assert (both.consents, both.shown) == ({"contact": 2, "share": 1}, [1, 2, 3])


# Who is answered


def answered(store: Sessions, secrets: Vault) -> str:
    with store() as session:
        return lead_people.answered(session, secrets, leads.followers_of(session, lead_of(store)))


def say(store: Sessions, secrets: Vault, openid: str, **after: float) -> None:
    with store.begin() as session:
        talks.keep(session, secrets, [Line(openid, NOON + timedelta(**after), talks.FOLLOWER, "text", "在吗")])


def test_whoever_wrote_last_is_answered(shared: Sessions, secrets: Vault) -> None:
    assert answered(shared, secrets) == SECOND
    say(shared, secrets, FIRST, days=1, minutes=1)
    assert answered(shared, secrets) == FIRST
    say(shared, secrets, SECOND, days=1, minutes=2)
    assert answered(shared, secrets) == SECOND
    with shared.begin() as session:
        talks.keep(session, secrets, [Line(FIRST, NOON + timedelta(days=2), talks.BOT, "text", "在的")])
    assert answered(shared, secrets) == SECOND


def test_who_left_is_not_answered_until_they_are_back(shared: Sessions, secrets: Vault) -> None:
    commit(shared, secrets, message("m3", SECOND, after=timedelta(days=2)), (Unfollowed(),), ())
    assert answered(shared, secrets) == FIRST
    commit(shared, secrets, message("m4", FIRST, after=timedelta(days=2)), (Unfollowed(),), ())
    assert answered(shared, secrets) == ""
    with shared.begin() as session:
        followers.welcome(session, SECOND, NOON + timedelta(days=3))
    assert answered(shared, secrets) == SECOND
