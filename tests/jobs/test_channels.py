"""Each follower is reached by the best channel there is, as often as they like, and never too often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.adapters.wechat.errors import Busy, NeedsOperator, PlatformError, RecipientLost, TokenRefused, Unsure
from bot.dialogue.effects import NewsShown, Reported
from bot.dialogue.message import Receipt
from bot.store import broadcasts, claims, reply_news
from bot.store.broadcasts import Results
from bot.store.consents import Consent
from bot.store.deliveries import Delivery, Reach
from bot.store.effects import commit
from bot.store.reply_news import Waiting
from jobs import book, deliver, digest, mass
from jobs import courier as couriers
from jobs.courier import Courier, Speed, Template, Wording
from jobs.drafts import Layout
from jobs.habits import Habits
from tests.jobs.shelf import DAY, HOUR, MINUTE, Account, Shelf, _NoSecrets, once
from tests.store.say import message

ALL = Reach(("service", "template", "notice"), "N1")
TEMPLATES = {
    "template": Template("T1", {"thing1": "{topic}", "thing2": "{title}", "time3": "{time}"}),
    "notice": Template("N1", {"thing1": "{title}"}),
}
TEXTS = {"head": "「{topic}」有更新：", "line": "· {title}", "tail": "回复「退订{topic}」"}
WORDS = Wording(TEXTS, {"chips": "芯片"}, TEMPLATES)
WEEK = timedelta(days=7)


def plan(shelf: Shelf, reach: Reach = ALL, habits: Habits | None = None) -> list[int]:
    return digest.plan(shelf.store, ("chips", "cars"), shelf.clock(), reach=reach, habits=habits)


def courier(shelf: Shelf, account: Account, **more: Any) -> Courier:
    return Courier(shelf.store, account, shelf.ledger, WORDS, shelf.clock, "w", channels=ALL.channels, **more)


def send(shelf: Shelf, account: Account, **more: Any) -> int:
    return deliver.run(courier(shelf, account, **more))


def event(shelf: Shelf, openid: str, name: str, **fields: object) -> None:
    said = message(f"{fields}{shelf.clock()}{name}{openid}", openid, Receipt(name, fields))
    commit(shelf.store, _NoSecrets(), said, (Reported(name, fields),), ())


def agrees(shelf: Shelf, openid: str, said: str = "accept") -> None:
    each = {"TemplateId": "N1", "SubscribeStatusString": said}
    event(shelf, openid, "subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": [each]})


def by_openid(shelf: Shelf) -> dict[str, Delivery]:
    with shelf.store() as session:
        return {row.openid: row for row in session.scalars(sa.select(Delivery))}


def results(shelf: Shelf, number: int) -> Results:
    with shelf.store() as session:
        found = broadcasts.results(session, number)
    assert found is not None
    return found


def waiting(shelf: Shelf, openid: str) -> Waiting:
    with shelf.store() as session:
        return reply_news.waiting(session, openid, shelf.clock())


# The best channel


def test_the_first_channel_that_reaches_somebody_is_taken(shelf: Shelf, account: Account) -> None:
    for openid in ("oWrote", "oSilent"):
        shelf.subscribe(openid, "chips")
    shelf.writes("oWrote")
    shelf.put(1, "chips")
    (number,) = plan(shelf)
    assert {openid: row.channel for openid, row in by_openid(shelf).items()} == {
        "oWrote": "service",
        "oSilent": "template",
    }
    assert send(shelf, account) == 2
    assert "'thing1': '芯片', 'thing2': '文章1'" in account.phones["oSilent"][0]
    assert account.phones["oSilent"][0].endswith("https://site.example/1")
    assert results(shelf, number).counts == {"service": {"sent": 1}, "template": {"sent": 1}}


def test_a_notice_goes_only_to_who_agreed_and_once_for_each_yes(shelf: Shelf, account: Account) -> None:
    reach = Reach(("service", "notice"), "N1")
    for openid in ("oYes", "oNo", "oChanged"):
        shelf.subscribe(openid, "chips")
    agrees(shelf, "oYes")
    agrees(shelf, "oChanged")
    rejected = {"TemplateId": "N1", "SubscribeStatusString": "reject"}
    event(shelf, "oChanged", "subscribe_msg_change_event", SubscribeMsgChangeEvent={"List": rejected})
    for number in (1, 2):
        shelf.put(number, "chips")
        plan(shelf, reach)
        send(shelf, account)
    assert {openid: len(got) for openid, got in account.phones.items()} == {"oYes": 1}
    event(
        shelf,
        "oYes",
        "subscribe_msg_sent_event",
        SubscribeMsgSentEvent={
            "List": [{"TemplateId": "N1", "MsgID": "1", "ErrorCode": "0", "ErrorStatus": "success"}]
        },
    )
    assert by_openid(shelf)["oYes"].delivered_at is not None


def test_a_consent_the_platform_does_not_know_is_forgotten(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    agrees(shelf, "oA")
    shelf.put(1, "chips")
    plan(shelf, Reach(("notice",), "N1"))
    error = RecipientLost(43101, "user refuse to accept the msg")
    error.why = "consent"
    account.fails = once("notice", error)
    assert send(shelf, account) == 0
    with shelf.store() as session:
        assert session.scalars(sa.select(Consent)).all() == []
    assert waiting(shelf, "oA").articles == (1,)


def test_a_notice_that_was_not_sent_leaves_the_yes(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    agrees(shelf, "oA")
    shelf.put(1, "chips")
    plan(shelf, Reach(("notice",), "N1"))
    account.fails = once("notice", Busy(-1, "busy"))
    assert send(shelf, account) == 0
    shelf.clock.move(MINUTE)
    assert send(shelf, account) == 1


@pytest.mark.parametrize("cut", ["begun", "written down"])
def test_a_commit_whose_answer_was_lost_uses_up_one_yes_and_gives_back_one(
    shelf: Shelf, account: Account, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    write, turns = book._written, iter(("begun", "written down"))

    def written(*each: Any) -> Any:
        answer = write(*each)
        if next(turns, "") == cut:
            raise sa.exc.OperationalError("COMMIT", {}, Exception("server closed the connection"))
        return answer

    monkeypatch.setattr(book, "_written", written)
    monkeypatch.setattr(couriers, "PAUSE_S", 0.01)
    shelf.subscribe("oA", "chips")
    agrees(shelf, "oA")
    shelf.put(1, "chips")
    plan(shelf, Reach(("notice",), "N1"))
    account.fails = once("notice", Busy(-1, "busy"))
    assert send(shelf, account) == 0
    with shelf.store() as session:
        assert session.scalars(sa.select(Consent.left)).all() == [1]
    shelf.clock.move(MINUTE)
    assert send(shelf, account) == 1


def test_who_cannot_be_written_to_after_all_gets_it_by_the_next_channel(shelf: Shelf, account: Account) -> None:
    for openid in ("oShut", "oFull"):
        shelf.subscribe(openid, "chips")
        shelf.writes(openid)
    shelf.put(1, "chips")
    plan(shelf)
    shelf.ledger.correct("oShut", PlatformError(45015, "out of time"))
    error = RecipientLost(45047, "out of response count limit")
    error.why = "window"
    account.fails = once("send", error)
    assert send(shelf, account) == 2
    assert {row.channel for row in by_openid(shelf).values()} == {"template"}
    assert {openid: len(got) for openid, got in account.phones.items()} == {"oShut": 1, "oFull": 1}


# Template messages: the platform settles repeats


def sent_by_template(shelf: Shelf) -> int:
    shelf.subscribe("oA", "chips")
    shelf.put(1, "chips")
    (number,) = plan(shelf)
    return number


def test_a_template_message_cut_after_it_was_done_is_asked_for_and_comes_once(shelf: Shelf, account: Account) -> None:
    sent_by_template(shelf)
    account.cut = once("template", Unsure(None, "timeout"))
    assert send(shelf, account) == 0
    shelf.clock.move(MINUTE)
    assert send(shelf, account) == 1
    assert len(account.phones["oA"]) == 1
    assert by_openid(shelf)["oA"].msg_id == "3000"


def test_a_template_message_of_a_dead_worker_is_sent_by_another(shelf: Shelf, account: Account) -> None:
    class Killed(BaseException):
        pass

    def die(call: str) -> PlatformError | None:
        raise Killed

    sent_by_template(shelf)
    for moment in ("fails", "cut"):
        setattr(account, moment, die)
        with pytest.raises(Killed):
            send(shelf, account)
        setattr(account, moment, lambda call: None)
        shelf.clock.move(2 * MINUTE)
    assert send(shelf, account) == 1
    assert len(account.phones["oA"]) == 1


def test_after_ten_minutes_nobody_knows_and_staff_must_look(shelf: Shelf, account: Account) -> None:
    number = sent_by_template(shelf)
    account.cut = once("template", Unsure(None, "timeout"))
    send(shelf, account)
    shelf.clock.move(10 * MINUTE)
    assert send(shelf, account) == 0
    assert by_openid(shelf)["oA"].state == "unsure"
    event(shelf, "oA", "TEMPLATESENDJOBFINISH", MsgID="3000", Status="success")
    assert by_openid(shelf)["oA"].state == "sent"
    assert results(shelf, number).delivered == 1


def test_one_cut_off_in_front_of_many_is_asked_for_before_the_platform_forgets_it(
    shelf: Shelf, account: Account
) -> None:
    openids = [f"o{n}" for n in range(240)]
    for openid in openids:
        shelf.subscribe(openid, "chips")
    shelf.put(1, "chips")
    plan(shelf)
    began, cut = shelf.clock(), once("template", Unsure(None, "timeout"))

    def slow(call: str) -> PlatformError | None:
        shelf.clock.move(timedelta(seconds=3))
        return cut(call)

    account.cut = slow
    assert send(shelf, account) == len(openids)
    assert shelf.clock() - began > claims.TEMPLATE_KNOWN
    assert {row.state for row in by_openid(shelf).values()} == {"sent"}
    assert {len(got) for got in account.phones.values()} == {1}


@pytest.mark.parametrize(("status", "state"), [("success", "sent"), ("failed:user block", "failed")])
def test_a_report_that_comes_before_the_connection_is_cut_settles_it(
    shelf: Shelf, account: Account, status: str, state: str
) -> None:
    number = sent_by_template(shelf)

    def told_then_cut(call: str) -> PlatformError | None:
        event(shelf, "oA", "TEMPLATESENDJOBFINISH", MsgID="3000", Status=status)
        return Unsure(None, "timeout")

    account.cut = told_then_cut
    send(shelf, account)
    assert (by_openid(shelf)["oA"].state, by_openid(shelf)["oA"].msg_id) == (state, "3000")
    assert results(shelf, number).delivered == (state == "sent")
    assert waiting(shelf, "oA").articles == (() if state == "sent" else (1,))


def test_a_report_that_comes_before_the_answer_counts(shelf: Shelf, account: Account) -> None:
    number = sent_by_template(shelf)
    account.cut = lambda _: event(shelf, "oA", "TEMPLATESENDJOBFINISH", MsgID="3000", Status="failed:user block")
    assert send(shelf, account) == 0
    assert by_openid(shelf)["oA"].state == "failed"
    assert results(shelf, number).delivered == 0
    assert waiting(shelf, "oA").articles == (1,)


def test_a_report_on_another_message_to_them_settles_nothing(shelf: Shelf, account: Account) -> None:
    """Something else of the firm's may send template messages, too."""
    number = sent_by_template(shelf)
    account.cut = lambda _: event(shelf, "oA", "TEMPLATESENDJOBFINISH", MsgID="777", Status="failed:user block")
    assert send(shelf, account) == 1
    assert (by_openid(shelf)["oA"].state, by_openid(shelf)["oA"].msg_id) == ("sent", "3000")
    assert results(shelf, number).delivered == 0


def test_one_of_a_worker_that_died_while_the_platform_told_is_not_asked_for(shelf: Shelf, account: Account) -> None:
    class Killed(BaseException):
        pass

    def told_then_killed(call: str) -> PlatformError | None:
        event(shelf, "oA", "TEMPLATESENDJOBFINISH", MsgID="3000", Status="success")
        raise Killed

    sent_by_template(shelf)
    account.cut = told_then_killed
    with pytest.raises(Killed):
        send(shelf, account)
    shelf.clock.move(20 * MINUTE)
    account.templates.clear()
    assert send(shelf, account) == 0
    assert by_openid(shelf)["oA"].state == "sent"
    assert len(account.phones["oA"]) == 1


@pytest.mark.parametrize("step", [timedelta(days=3), timedelta(minutes=1)])
def test_what_began_in_the_future_is_never_asked_for(shelf: Shelf, account: Account, step: timedelta) -> None:
    """The clock was set back: nobody knows how long ago it began."""
    sent_by_template(shelf)
    account.cut = once("template", Unsure(None, "timeout"))
    send(shelf, account)
    shelf.clock.move(-step)
    with shelf.store.begin() as session:
        session.execute(sa.update(Delivery).values(due_at=shelf.clock() - MINUTE))
    account.templates.clear()
    assert send(shelf, account) == 0
    assert by_openid(shelf)["oA"].state == "unsure"
    assert len(account.phones["oA"]) == 1


@pytest.mark.parametrize(("status", "state"), [("success", "sent"), ("failed:user block", "failed")])
def test_the_platform_tells_how_a_template_message_ended(
    shelf: Shelf, account: Account, status: str, state: str
) -> None:
    sent_by_template(shelf)
    send(shelf, account)
    event(shelf, "oA", "TEMPLATESENDJOBFINISH", MsgID="3000", Status=status)
    assert by_openid(shelf)["oA"].state == state
    assert waiting(shelf, "oA").articles == (() if state == "sent" else (1,))


# Who blocks us


def test_what_waits_for_somebody_who_blocks_us_is_dropped_at_once(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips", "cars")
    shelf.writes("oA")
    shelf.put(1, "chips")
    shelf.put(2, "cars")
    first, second = plan(shelf)
    error = RecipientLost(48002, "user block")
    error.why = "blocked"
    account.fails = once("send", error)
    assert send(shelf, account) == 0
    assert account.calls == ["send"]
    assert [results(shelf, number).counts["service"] for number in (first, second)] == [{"failed": 1}, {"dropped": 1}]
    shelf.put(3, "chips")
    plan(shelf, Reach(("service",)))
    assert send(shelf, account) == 0
    assert account.calls == ["send"], "their window is not believed any more"
    assert waiting(shelf, "oA").articles == (3, 2, 1)
    shelf.writes("oA")
    shelf.put(4, "chips")
    plan(shelf, Reach(("service",)))
    assert send(shelf, account) == 1


def test_a_template_message_they_block_drops_what_waits(shelf: Shelf, account: Account) -> None:
    sent_by_template(shelf)
    send(shelf, account)
    shelf.put(2, "chips")
    (number,) = plan(shelf)
    event(shelf, "oA", "TEMPLATESENDJOBFINISH", MsgID="3000", Status="failed:user block")
    assert results(shelf, number).counts == {"template": {"dropped": 1}}


# What fails for everybody


def test_one_channel_that_needs_a_person_does_not_stop_the_others(shelf: Shelf, account: Account) -> None:
    for number in range(4):
        shelf.subscribe(f"oSilent{number}", "chips")
        shelf.subscribe(f"oWrote{number}", "chips")
        shelf.writes(f"oWrote{number}")
    shelf.put(1, "chips")
    plan(shelf)
    told: list[PlatformError] = []
    account.fails = lambda call: NeedsOperator(40037, "invalid template_id") if call == "template" else None
    assert send(shelf, account, alarm=told.append) == 4
    assert account.calls.count("template") == 1
    assert [error.code for error in told] == [40037]
    assert shelf.ledger.is_held("template")
    assert not shelf.ledger.is_held("service")


def test_without_a_token_nothing_is_tried(shelf: Shelf, account: Account) -> None:
    for number in range(3):
        shelf.subscribe(f"o{number}", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    account.fails = lambda call: TokenRefused(40001, "refused")
    assert send(shelf, account) == 0
    assert len(account.calls) == 1
    assert send(shelf, account) == 0
    assert len(account.calls) == 1
    shelf.ledger.let_go("template", "service", "notice")
    account.fails = lambda call: None
    shelf.clock.move(11 * MINUTE)
    assert send(shelf, account) == 3


def test_many_at_once_bring_each_message_once(shelf: Shelf, account: Account) -> None:
    for number in range(40):
        shelf.subscribe(f"o{number}", "chips")
    shelf.put(1, "chips")
    (number,) = plan(shelf)
    assert send(shelf, account, speed=Speed(at_once=4)) == 40
    assert {len(got) for got in account.phones.values()} == {1}
    assert results(shelf, number).of("sent") == 40


def test_a_shared_limit_slows_everybody_down(shelf: Shelf, account: Account) -> None:
    import time

    for number in range(6):
        shelf.subscribe(f"o{number}", "chips")
    shelf.put(1, "chips")
    plan(shelf)
    began = time.monotonic()
    assert send(shelf, account, speed=Speed(at_once=1, per_second=10)) == 6
    assert time.monotonic() - began > 0.4


# How often


def test_daily_and_weekly_digests_come_at_their_hour_with_all_that_is_new(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oNow", "chips")
    shelf.subscribe("oDaily", "chips", pace="daily")
    shelf.subscribe("oWeekly", "chips", pace="weekly")
    habits = Habits(weekly_on=3)  # the 25th of November 2026 is a Wednesday
    shelf.clock.move(HOUR)
    for number in (1, 2):
        shelf.put(number, "chips")
        plan(shelf, habits=habits)
        shelf.clock.move(HOUR)
    assert set(by_openid(shelf)) == {"oNow"}
    shelf.clock.move(17 * HOUR + 45 * MINUTE)  # 08:45 in Shanghai, the next day
    made = plan(shelf, habits=habits)
    assert len(made) == 2
    assert plan(shelf, habits=habits) == []
    send(shelf, account)
    assert {openid: len(got) for openid, got in account.phones.items()} == {"oNow": 2, "oDaily": 1, "oWeekly": 1}
    assert [results(shelf, number).broadcast.articles for number in made] == [[2, 1], [2, 1]]
    shelf.clock.move(DAY)
    assert plan(shelf, habits=habits) == []
    shelf.put(3, "chips")
    assert len(plan(shelf, habits=habits)) == 2
    send(shelf, account)
    assert {openid: len(got) for openid, got in account.phones.items()} == {"oNow": 3, "oDaily": 2, "oWeekly": 1}


def test_the_reply_to_somebody_who_wants_news_daily_brings_it_once_a_day(shelf: Shelf) -> None:
    shelf.subscribe("oA", "chips", pace="daily")
    shelf.put(1, "chips")
    plan(shelf, Reach(()))
    seen = waiting(shelf, "oA")
    assert seen.articles == (1,)
    commit(shelf.store, _NoSecrets(), message("m1", "oA"), (NewsShown(seen.broadcasts, seen.articles),), ())
    shelf.put(2, "chips")
    plan(shelf, Reach(()))
    assert waiting(shelf, "oA") == Waiting(later=True)
    shelf.clock.move(DAY)
    assert waiting(shelf, "oA").articles == (2,)


def test_a_mass_send_leaves_out_whose_week_is_not_over(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oNow", "chips")
    shelf.subscribe("oWeekly", "chips", pace="weekly")
    got: list[set[str]] = []
    for number in (1, 2):
        shelf.put(number, "chips")
        plan(shelf, Reach(()))
        mass.plan(shelf.store, ("chips",), shelf.ledger, shelf.clock())
        mass.deliver_due(shelf.store, account, shelf.ledger, {}, Layout("{url}"), shelf.clock)
        got.append(set(account.phones))
        account.phones.clear()
        shelf.clock.move(DAY)
    assert got == [{"oNow", "oWeekly"}, {"oNow"}]


def test_too_many_messages_a_day_wait_for_the_next(shelf: Shelf, account: Account) -> None:
    shelf.subscribe("oA", "chips")
    habits = Habits(a_day=2)
    for number in range(1, 5):
        shelf.put(number, "chips")
        plan(shelf)
        send(shelf, account, habits=habits)
    assert len(account.phones["oA"]) == 2
    shelf.clock.move(DAY + HOUR)
    send(shelf, account, habits=habits)
    assert len(account.phones["oA"]) == 4
    assert len(set(account.phones["oA"])) == 4


def test_publishing_is_told_by_its_event(shelf: Shelf) -> None:
    number = sent_by_template(shelf)
    with shelf.store.begin() as session:
        session.add(
            Delivery(
                broadcast_id=number, channel="publish", batch=9, state="sent", due_at=shelf.clock(), msg_id="22476"
            )
        )
    item = {"idx": "1", "article_url": "https://mp.weixin.qq.com/s/x"}
    told = {"publish_id": "22476", "publish_status": "0", "article_detail": {"count": "1", "item": [item]}}
    event(shelf, "oHelper", "PUBLISHJOBFINISH", PublishEventInfo=told)
    assert results(shelf, number).broadcast.url == "https://mp.weixin.qq.com/s/x"
