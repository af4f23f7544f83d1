"""News reaches every subscriber it may reach, by one channel only, whatever fails on the way."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.adapters.wechat.errors import (
    BadRequest,
    Busy,
    NoRight,
    PlatformError,
    QuotaUsed,
    RecipientLost,
    Unsure,
)
from bot.commands.push import Wanted, push
from bot.dialogue.effects import NewsShown, TopicsChosen, Unfollowed
from bot.dialogue.reply import Card
from bot.store import broadcasts, claims, deliveries, followers, news, received, reply_news, reports
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.effects import commit
from bot.store.news import Rules, Story
from bot.store.received import Received
from bot.store.reply_news import NewsTaken, Waiting
from jobs import deliver, digest, mass
from jobs.courier import LEASE, Wording
from jobs.drafts import Layout
from jobs.habits import Habits, quiet_hours
from tests.jobs.shelf import DAY, HOUR, MINUTE, Account, Shelf, once
from tests.store.say import message

WORDS = Wording({"head": "「{topic}」有更新：", "line": "· {title}", "tail": "回复「退订{topic}」"}, {"chips": "芯片"})
NOBODY = Reach(())
AWAKE = Habits(quiet=quiet_hours("22:00-08:00"))
NAMES = {"chips": "芯片", "cars": "汽车"}


def plan(shelf: Shelf, *topics: str, service: bool = True) -> list[int]:
    return digest.plan(shelf.store, topics or ("chips", "cars"), shelf.clock(), reach=Reach() if service else NOBODY)


def send(shelf: Shelf, account: Account) -> int:
    return deliver.deliver_due(shelf.store, account, shelf.ledger, WORDS, shelf.clock)


def plan_mass(shelf: Shelf) -> int:
    return mass.plan(shelf.store, ("chips", "cars"), shelf.ledger, shelf.clock(), habits=AWAKE)


def send_mass(shelf: Shelf, account: Account) -> int:
    return mass.deliver_due(shelf.store, account, shelf.ledger, NAMES, Layout("原文：{url}"), shelf.clock)


def rows(shelf: Shelf, table: Any) -> list[Any]:
    with shelf.store() as session:
        return list(session.scalars(sa.select(table).order_by(*sa.inspect(table).primary_key)))


def waiting(shelf: Shelf, openid: str) -> Waiting:
    with shelf.store() as session:
        return reply_news.waiting(session, openid, shelf.clock())


def lost(why: str, code: int = 43004) -> RecipientLost:
    error = RecipientLost(code, why)
    error.why = why
    return error


# What is news


def test_a_new_article_is_planned_once_whatever_restarts(shelf: Shelf) -> None:
    shelf.put(1, "chips")
    assert len(plan(shelf)) == 1
    assert plan(shelf) == []
    assert [broadcast.articles for broadcast in rows(shelf, Broadcast)] == [[1]]


def test_an_article_in_two_topics_is_news_in_both(shelf: Shelf) -> None:
    shelf.put(1, "chips", "cars")
    assert len(plan(shelf)) == 2


@pytest.mark.parametrize(
    "why",
    [
        {"ago": -HOUR},
        {"score": 0.2},
        {"ago": 5 * DAY, "seen_after": 5 * DAY},
        {"ago": 9 * DAY},
    ],
    ids=["in the future", "weak topic", "old when first seen", "long ago"],
)
def test_not_everything_is_news(shelf: Shelf, why: dict[str, Any]) -> None:
    shelf.put(1, "chips", **why)
    assert plan(shelf) == []


def test_an_article_of_the_future_is_news_when_its_time_comes(shelf: Shelf) -> None:
    shelf.put(1, "chips", ago=-HOUR, seen_after=-2 * HOUR)
    assert plan(shelf) == []
    shelf.clock.move(2 * HOUR)
    assert len(plan(shelf)) == 1


def test_the_same_story_again_is_no_news(shelf: Shelf) -> None:
    shelf.put(1, "chips")
    shelf.put(2, "chips", duplicate_of=1)
    plan(shelf)
    assert [broadcast.articles for broadcast in rows(shelf, Broadcast)] == [[1]]


def test_an_article_that_was_taken_down_is_no_news(shelf: Shelf) -> None:
    shelf.put(1, "chips")
    shelf.gone(1)
    assert plan(shelf) == []


def test_of_a_site_that_gives_only_days_the_moment_we_saw_it_counts(shelf: Shelf) -> None:
    shelf.clock.move(2 * HOUR)  # 14:00 in Shanghai
    shelf.subscribe("oA", "chips", ago=HOUR)
    shelf.put(1, "chips", ago=14 * HOUR, seen_after=14 * HOUR - MINUTE, published_precision="day")
    plan(shelf)
    assert waiting(shelf, "oA").articles == (1,)


def test_at_most_eight_at_once_and_the_others_next_time(shelf: Shelf) -> None:
    for n in range(1, 11):
        shelf.put(n, "chips", ago=n * MINUTE)
    plan(shelf)
    plan(shelf)
    assert [broadcast.articles for broadcast in rows(shelf, Broadcast)] == [[1, 2, 3, 4, 5, 6, 7, 8], [9, 10]]


def test_the_rules_can_be_set(shelf: Shelf) -> None:
    shelf.put(1, "chips", score=0.3)
    assert digest.plan(shelf.store, ["chips"], shelf.clock(), reach=NOBODY, rules=Rules(evidence=0.2))


# At once, to those who wrote lately


def test_who_wrote_lately_gets_a_card_at_once(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    assert send(shelf, account) == 1
    assert send(shelf, account) == 0
    assert account.phones == {"oA": ["文章1 https://site.example/1"]}


def test_a_card_has_the_articles_own_picture_or_that_of_its_topic() -> None:
    words = replace(WORDS, pictures={"chips": "https://site.example/chips.png"})
    story = Story(1, "文章1", "说明", "https://site.example/1", "")
    own = replace(story, picture="https://site.example/own.png")
    cards = [words.message(topic, [one]) for topic, one in (("chips", story), ("chips", own), ("other", story))]
    assert [card.picture for card in cards if isinstance(card, Card)] == [words.pictures["chips"], own.picture, ""]


def test_several_articles_are_one_message(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    shelf.put(2, "chips")
    plan(shelf)
    send(shelf, account)
    ((text,),) = account.phones.values()
    assert text.startswith("「芯片」有更新：\n· <a href=")
    assert text.count("<a href=") == 2


def test_an_article_in_two_topics_comes_once(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips", "cars")
    shelf.writes("oA")
    shelf.put(1, "chips", "cars")
    plan(shelf)
    assert send(shelf, account) == 1
    assert sorted(row.state for row in rows(shelf, Delivery)) == ["dropped", "sent"]


def test_others_are_not_written_to(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oSilent", "chips")
    shelf.subscribe("oLongAgo", "chips")
    shelf.writes("oLongAgo", ago=49 * HOUR)
    shelf.subscribe("oOther", "cars")
    shelf.writes("oOther")
    shelf.subscribe("oLate", "chips", ago=MINUTE)
    shelf.writes("oLate", ago=MINUTE)
    shelf.put(1, "chips")
    plan(shelf)
    assert rows(shelf, Delivery) == []
    assert send(shelf, account) == 0


def test_an_account_without_the_right_plans_nobody(shelf: Shelf) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf, service=False)
    assert rows(shelf, Delivery) == []
    assert waiting(shelf, "oA").articles == (1,)


def test_the_last_message_of_a_window_is_left_for_people(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    for n in range(1, 7):
        shelf.put(n, "chips", ago=HOUR - n * MINUTE)
        plan(shelf)
        send(shelf, account)
    assert len(account.phones["oA"]) == 4
    assert waiting(shelf, "oA").articles == (6, 5)


def test_who_unsubscribed_after_the_plan_gets_nothing(shelf: Shelf, account: Account, secrets: Vault) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    commit(shelf.store, secrets, message("m9"), (TopicsChosen(()),), ())
    assert send(shelf, account) == 0


def test_who_unfollowed_after_the_plan_gets_nothing(shelf: Shelf, account: Account, secrets: Vault) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    commit(shelf.store, secrets, message("m9"), (Unfollowed(),), ())
    assert send(shelf, account) == 0
    assert rows(shelf, Delivery) == []


def test_an_article_taken_down_after_the_plan_is_not_sent(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    shelf.gone(1)
    assert send(shelf, account) == 0
    assert waiting(shelf, "oA").articles == ()


def test_a_busy_platform_is_asked_again(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    account.fails = once("send", Busy(-1, "system error"))
    assert send(shelf, account) == 0
    assert shelf.ledger.may_send("oA", shelf.clock()) == 5
    shelf.clock.move(MINUTE)
    assert send(shelf, account) == 1
    assert len(account.phones["oA"]) == 1


def test_an_unsure_outcome_is_left_to_staff_and_never_repeated(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    account.cut = once("send", Unsure(None, "timeout"))
    send(shelf, account)
    shelf.clock.move(HOUR)
    assert send(shelf, account) == 0
    assert len(account.phones["oA"]) == 1
    assert waiting(shelf, "oA").articles == ()
    with shelf.store() as session:
        assert [row.openid for row in deliveries.unsure(session)] == ["oA"]


@pytest.mark.parametrize(
    "error",
    [lost("window", 45015), BadRequest(45002, "too long"), NoRight(48001, "no right"), QuotaUsed(45009, "used")],
)
def test_what_was_surely_not_sent_waits_for_the_next_reply(
    shelf: Shelf, account: Account, error: PlatformError
) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    account.fails = once("send", error)
    assert send(shelf, account) == 0
    assert waiting(shelf, "oA").articles == (1,)


def test_who_left_without_telling_is_forgotten(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    account.fails = once("send", lost("unfollowed"))
    send(shelf, account)
    assert rows(shelf, followers.Follower) == []


def test_a_used_up_day_stops_the_run_at_once(shelf: Shelf, account: Account) -> None:
    for n in range(9):
        shelf.subscribe(f"o{n}", "chips")
        shelf.writes(f"o{n}")
    shelf.put(1, "chips")
    plan(shelf)
    account.fails = lambda call: QuotaUsed(45009, "used up")
    send(shelf, account)
    assert account.calls == ["send"]


def test_the_row_of_a_worker_that_died_before_sending_is_sent_by_another(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    with shelf.store.begin() as session:
        assert claims.claim(session, ("service",), "dead", shelf.clock(), LEASE, 5)
    assert send(shelf, account) == 0
    shelf.clock.move(2 * MINUTE)
    assert send(shelf, account) == 1


def test_the_row_of_a_worker_whose_clock_was_days_ahead_is_sent_by_another(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    with shelf.store.begin() as session:
        ahead = shelf.clock() + timedelta(days=3)
        assert claims.claim(session, ("service",), "dead", ahead, LEASE, 5)
    assert send(shelf, account) == 1


def test_the_row_of_a_worker_that_died_while_sending_is_unsure(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    with shelf.store.begin() as session:
        (row,) = claims.claim(session, ("service",), "dead", shelf.clock(), LEASE, 5)
        assert claims.start(session, row.id, "dead", shelf.clock(), LEASE)
        received.receive(session, "oA", [1], row.id, shelf.clock())
    shelf.clock.move(2 * MINUTE)
    assert send(shelf, account) == 0
    assert [row.state for row in rows(shelf, Delivery)] == ["unsure"]
    assert account.phones == {}


# With the next reply


def test_news_that_was_shown_with_a_reply_is_not_shown_again(shelf: Shelf, account: Account, secrets: Vault) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    (number,) = plan(shelf)
    with shelf.store() as session:
        assert broadcasts.latest_news(session) == number
    assert waiting(shelf, "oA") == Waiting((number,), (1,))
    commit(shelf.store, secrets, message("m9"), (NewsShown((number,), (1,)),), ())
    assert waiting(shelf, "oA") == Waiting()
    assert [(row.channel, row.state) for row in rows(shelf, Delivery)] == [("reply", "sent")]


def test_a_reply_cannot_bring_what_another_channel_took_meanwhile(
    shelf: Shelf, account: Account, secrets: Vault
) -> None:
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    plan(shelf)
    seen = waiting(shelf, "oA")
    assert send(shelf, account) == 1
    with pytest.raises(NewsTaken):
        commit(shelf.store, secrets, message("m9"), (NewsShown(seen.broadcasts, seen.articles),), ())
    assert not commit(shelf.store, secrets, message("m9"), (TopicsChosen(("chips",)),), ()).repeated


def test_a_message_worked_on_twice_settles_the_news_of_its_second_answer(shelf: Shelf, secrets: Vault) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    shelf.put(2, "chips")
    (number,) = plan(shelf)
    commit(shelf.store, secrets, message("m9"), (NewsShown((number,), (1,)),), ())
    assert commit(shelf.store, secrets, message("m9"), (NewsShown((number,), (2,)),), ()).repeated
    assert waiting(shelf, "oA") == Waiting()


def test_news_waits_two_weeks_and_only_what_came_after_subscribing(shelf: Shelf) -> None:
    shelf.subscribe("oA", "chips")
    shelf.subscribe("oLate", "chips", ago=MINUTE)
    shelf.put(1, "chips")
    plan(shelf)
    assert waiting(shelf, "oLate") == Waiting()
    shelf.clock.move(13 * DAY)
    assert waiting(shelf, "oA").articles == (1,)
    shelf.clock.move(2 * DAY)
    assert waiting(shelf, "oA") == Waiting()


def test_what_came_out_in_the_very_second_of_the_subscription_is_news(shelf: Shelf, account: Account) -> None:
    later_that_second = HOUR - timedelta(milliseconds=400)
    for openid in ("oTalks", "oSilent"):
        shelf.subscribe(openid, "chips", ago=later_that_second)
    shelf.writes("oTalks")
    shelf.put(1, "chips")
    plan(shelf)
    assert waiting(shelf, "oSilent").articles == (1,)
    assert send(shelf, account) == 1
    plan_mass(shelf)
    assert send_mass(shelf, account) == 1
    assert set(account.phones) == {"oTalks", "oSilent"}


# Once a day, to a tag


def test_a_mass_send_reaches_those_who_did_not_get_it_yet_and_nobody_else(
    shelf: Shelf, account: Account, secrets: Vault
) -> None:
    for openid in ("oA", "oB", "oTalks", "oReply"):
        shelf.subscribe(openid, "chips")
    shelf.subscribe("oLate", "chips", ago=MINUTE)
    shelf.subscribe("oCars", "cars")
    shelf.writes("oTalks")
    shelf.put(1, "chips")
    (number,) = plan(shelf)
    send(shelf, account)
    commit(shelf.store, secrets, message("m9", "oReply"), (NewsShown((number,), (1,)),), ())
    assert plan_mass(shelf)
    assert send_mass(shelf, account) == 1
    assert set(account.phones) == {"oA", "oB", "oTalks"}
    assert all(len(got) == 1 for got in account.phones.values())
    assert waiting(shelf, "oA") == Waiting()


def test_there_is_one_mass_send_a_day_however_often_it_is_planned(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.subscribe("oB", "cars")
    shelf.put(1, "chips")
    shelf.put(2, "cars")
    plan(shelf)
    assert plan_mass(shelf)
    assert not plan_mass(shelf)
    assert send_mass(shelf, account) == 1
    assert not plan_mass(shelf)
    shelf.clock.move(DAY)
    assert plan_mass(shelf)
    assert send_mass(shelf, account) == 1
    assert {openid: len(got) for openid, got in account.phones.items()} == {"oA": 1, "oB": 1}


def test_the_topic_that_reaches_most_goes_first(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    for n in range(3):
        shelf.subscribe(f"o{n}", "cars")
    shelf.put(1, "chips")
    shelf.put(2, "cars")
    plan(shelf)
    plan_mass(shelf)
    send_mass(shelf, account)
    assert set(account.phones) == {"o0", "o1", "o2"}


def test_an_article_in_two_topics_is_not_mass_sent_twice_to_who_has_both(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oBoth", "chips", "cars")
    shelf.subscribe("oChips", "chips")
    shelf.subscribe("oCars", "cars")
    shelf.put(1, "chips", "cars")
    plan(shelf)
    for _ in range(2):
        plan_mass(shelf)
        send_mass(shelf, account)
        shelf.clock.move(DAY)
    assert {openid: len(got) for openid, got in account.phones.items()} == {"oBoth": 1, "oChips": 1, "oCars": 1}


def test_a_mass_send_cut_after_it_was_done_is_asked_for_and_done_once(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    account.cut = once("mass", Unsure(None, "timeout"))
    assert send_mass(shelf, account) == 0
    assert waiting(shelf, "oA") == Waiting()
    shelf.clock.move(2 * MINUTE)
    assert send_mass(shelf, account) == 1
    assert account.phones == {"oA": ["文章1 https://site.example/1"]}


def test_a_mass_send_of_a_dead_worker_is_asked_for_with_the_same_clientmsgid(shelf: Shelf, account: Account) -> None:
    class Killed(BaseException):
        pass

    def die(call: str) -> PlatformError | None:
        if call == "mass":
            raise Killed
        return None

    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    for moment in ("fails", "cut"):
        setattr(account, moment, die)
        with pytest.raises(Killed):
            send_mass(shelf, account)
        setattr(account, moment, lambda call: None)
        shelf.clock.move(mass.LEASE + MINUTE)
    assert send_mass(shelf, account) == 1
    assert account.phones == {"oA": ["文章1 https://site.example/1"]}


def test_a_worker_that_slept_while_another_sent_takes_nothing_from_it(shelf: Shelf, account: Account) -> None:
    def asleep(call: str) -> PlatformError | None:
        if call != "draft":
            return None
        account.fails = lambda _: None
        shelf.clock.move(mass.LEASE + MINUTE)
        assert send_mass(shelf, account) == 1
        return BadRequest(40008, "kind")

    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    account.fails = asleep
    assert send_mass(shelf, account) == 0
    assert [row.state for row in rows(shelf, Delivery)] == ["sent"]
    assert waiting(shelf, "oA") == Waiting()


@pytest.mark.parametrize("call", ["material", "draft", "tag"])
def test_a_call_that_was_cut_before_the_send_began_costs_a_minute_and_not_the_send(
    shelf: Shelf, account: Account, call: str
) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    account.cut = once(call, Unsure(None, "timeout"))
    assert send_mass(shelf, account) == 0
    shelf.clock.move(2 * MINUTE)
    assert send_mass(shelf, account) == 1
    assert account.phones == {"oA": ["文章1 https://site.example/1"]}


def test_after_a_day_the_platform_forgets_the_clientmsgid_and_staff_must_look(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    account.cut = once("mass", Unsure(None, "timeout"))
    send_mass(shelf, account)
    account.jobs.clear()
    shelf.clock.move(DAY)
    assert send_mass(shelf, account) == 0
    (row,) = rows(shelf, Delivery)
    assert row.state == "unsure"
    assert len(account.phones["oA"]) == 1
    assert {one.kind: one.state for one in rows(shelf, Broadcast)}["mass"] == "unsure"
    with shelf.store.begin() as session:
        assert reports.settle_by_staff(session, row.id, arrived=True, at=shelf.clock())
    assert {one.kind: one.state for one in rows(shelf, Broadcast)}["mass"] == "done"


@pytest.mark.parametrize("error", [QuotaUsed(45028, "no quota"), NoRight(48001, "no right"), BadRequest(40008, "kind")])
def test_a_mass_send_that_was_refused_leaves_the_news_to_the_next_reply(
    shelf: Shelf, account: Account, error: PlatformError
) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    account.fails = once("mass", error)
    assert send_mass(shelf, account) == 0
    assert waiting(shelf, "oA").articles == (1,)
    assert {row.kind: row.state for row in rows(shelf, Broadcast)} == {"news": "open", "mass": "failed"}


def test_a_busy_mass_send_is_tried_again(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    account.fails = once("mass", Busy(-1, "busy"))
    assert send_mass(shelf, account) == 0
    shelf.clock.move(2 * MINUTE)
    assert send_mass(shelf, account) == 1


def test_a_mass_send_that_is_made_up_at_night_waits_for_the_next_evening(shelf: Shelf) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    shelf.clock.move(15 * HOUR)  # 03:00 in Shanghai
    assert not plan_mass(shelf)
    shelf.clock.move(6 * HOUR)
    assert plan_mass(shelf)


def test_a_cover_that_was_deleted_on_the_website_is_uploaded_again(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    account.fails = once("draft", BadRequest(40007, "invalid media_id"))
    send_mass(shelf, account)
    shelf.clock.move(2 * MINUTE)
    assert send_mass(shelf, account) == 1
    assert account.calls.count("material") == 2


def test_nothing_is_sent_while_the_tag_cannot_be_taken_from_somebody(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.subscribe("oB", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    send_mass(shelf, account)
    shelf.clock.move(DAY)
    shelf.writes("oA")
    shelf.put(2, "chips")
    plan(shelf)
    send(shelf, account)
    plan_mass(shelf)
    account.fails = once("untag", Busy(-1, "busy"))
    assert send_mass(shelf, account) == 0
    shelf.clock.move(2 * MINUTE)
    assert send_mass(shelf, account) == 1
    assert {openid: len(got) for openid, got in account.phones.items()} == {"oA": 2, "oB": 2}


def test_one_openid_the_platform_does_not_know_keeps_no_other_from_the_tag(shelf: Shelf, account: Account) -> None:
    for n in range(5):
        shelf.subscribe(f"o{n}", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    real = account.tag

    def tag(openids: list[str], tag_id: int) -> None:
        if "o3" in openids:
            raise lost("unknown", 40003)
        real(openids, tag_id)

    account.tag = tag  # type: ignore[method-assign, assignment]
    assert send_mass(shelf, account) == 1
    assert set(account.phones) == {"o0", "o1", "o2", "o4"}
    assert waiting(shelf, "o3").articles == (1,)


def test_a_tag_that_others_made_with_members_we_do_not_know_is_not_used(shelf: Shelf, account: Account) -> None:
    theirs = account.create_tag("芯片")
    account.members[theirs.id].add("oStranger")
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    plan_mass(shelf)
    send_mass(shelf, account)
    assert set(account.phones) == {"oA"}
    assert list(account.names.values()) == ["芯片", "芯片 2"]


def test_a_follower_who_got_an_article_during_the_last_step_stops_the_send(
    shelf: Shelf, account: Account, secrets: Vault
) -> None:
    shelf.subscribe("oA", "chips")
    shelf.subscribe("oB", "chips")
    shelf.put(1, "chips")
    (number,) = plan(shelf)
    plan_mass(shelf)

    def meanwhile(call: str) -> None:
        if call == "draft":
            commit(shelf.store, secrets, message("m9", "oB"), (NewsShown((number,), (1,)),), ())

    account.cut = meanwhile
    assert send_mass(shelf, account) == 0
    account.cut = lambda call: None
    assert shelf.ledger.mass_left("any", shelf.clock()) == 1
    shelf.clock.move(2 * MINUTE)
    assert send_mass(shelf, account) == 1
    assert set(account.phones) == {"oA"}


def test_a_service_account_saves_its_four_a_month(shelf: Shelf) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    week = timedelta(days=7)
    assert mass.plan(shelf.store, ("chips",), shelf.ledger, shelf.clock(), week)
    shelf.clock.move(3 * DAY)
    shelf.put(2, "chips")
    plan(shelf)
    assert not mass.plan(shelf.store, ("chips",), shelf.ledger, shelf.clock(), week)
    shelf.clock.move(4 * DAY)
    assert mass.plan(shelf.store, ("chips",), shelf.ledger, shelf.clock(), week)


def test_a_draft_keeps_the_limits_of_the_platform(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips", title="长" * 70, summary="摘" * 200, body="<b>段落</b>\n" * 3000)
    plan(shelf)
    plan_mass(shelf)
    assert send_mass(shelf, account) == 1
    ((draft,),) = account.drafts.values()
    assert (len(draft.title), len(draft.digest)) == (32, 120)
    assert len(draft.content) <= 20_000
    assert draft.content.startswith("<p>&lt;b&gt;段落")
    assert draft.content.endswith("<p>原文：https://site.example/1</p>")


def test_everybody_hears_once_of_each_article_over_a_week_of_all_channels(
    shelf: Shelf, account: Account, secrets: Vault
) -> None:
    people = [f"o{n}" for n in range(12)]
    for n, openid in enumerate(people):
        shelf.subscribe(openid, *(("chips", "cars") if n % 3 else ("chips",)))
    for day in range(7):
        for n in range(3):
            shelf.put(day * 10 + n, "chips", *(("cars",) if n % 2 else ()))
        for openid in people[day::5]:
            shelf.writes(openid)
        for openid in people[day::7]:
            news_of = waiting(shelf, openid)
            if news_of.articles:
                shown = NewsShown(news_of.broadcasts, news_of.articles)
                commit(shelf.store, secrets, message(f"r{day}", openid), (shown,), ())
                for article in news_of.articles:
                    account.phones.setdefault(openid, []).append(f"https://site.example/{article}")
        plan(shelf)
        send(shelf, account)
        plan_mass(shelf)
        send_mass(shelf, account)
        shelf.clock.move(DAY)
    for openid in people:
        links = [
            word for text in account.phones.get(openid, []) for word in text.replace('"', " ").split() if "//" in word
        ]
        assert len(links) == len(set(links)), openid
    with shelf.store() as session:
        told = session.scalar(sa.select(sa.func.count()).select_from(Received))
        assert told == sum(text.count("https://") for got in account.phones.values() for text in got)


def test_what_was_pushed_is_listed_with_what_nobody_knows(shelf: Shelf, account: Account) -> None:
    for openid in ("oA", "oFollower-654321"):
        shelf.subscribe(openid, "chips")
        shelf.writes(openid)
    shelf.put(1, "chips")
    plan(shelf)
    account.cut = once("send", Unsure(None, "timeout"))
    send(shelf, account)
    out = io.StringIO()
    assert push(shelf.store, out, Wanted(), shelf.clock()) == 1
    line, unsure, _ = out.getvalue().splitlines()
    assert "news   chips" in line
    assert line.endswith("1 sent, 1 unsure")
    assert unsure.startswith("unsure: delivery")


def test_many_articles_are_read_in_one_go(shelf: Shelf) -> None:
    for n in range(1, 6):
        shelf.put(n, "chips")
    with shelf.store() as session:
        assert [story.id for story in news.stories(session, [5, 3, 99, 1])] == [5, 3, 1]
