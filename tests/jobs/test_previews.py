"""Staff look at what is to be pushed, change it, let it go or hold it; without them it goes by itself."""

from __future__ import annotations

import io
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.wechat import trouble
from bot.adapters.wechat.errors import BadRequest
from bot.commands.push import Wanted, push
from bot.store import broadcasts, claims, received, reply_news, reports
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.reply_news import Waiting
from jobs import deliver, digest, mass, previews, release
from jobs.courier import LEASE, Courier
from jobs.drafts import Layout
from jobs.habits import Habits, quiet_hours
from tests.jobs.shelf import DAY, HOUR, MINUTE, Account, Shelf, once
from tests.jobs.test_push import NAMES, WORDS

HALF_AN_HOUR = Habits(preview=timedelta(minutes=30), preview_at_once=timedelta(minutes=30))
NOTE = "{number} {topic} {count}"


def planned(shelf: Shelf, habits: Habits = HALF_AN_HOUR) -> int:
    """A follower who wrote lately, two articles, and the broadcast of them that waits for staff."""
    shelf.subscribe("oA", "chips")
    shelf.writes("oA")
    shelf.put(1, "chips")
    shelf.put(2, "chips", ago=2 * HOUR)
    (number,) = digest.plan(shelf.store, ("chips",), shelf.clock(), reach=Reach(), habits=habits)
    return number


def go(shelf: Shelf, account: Account) -> int:
    release.release_due(shelf.store, Reach(), HALF_AN_HOUR, shelf.clock())
    return deliver.deliver_due(shelf.store, account, shelf.ledger, WORDS, shelf.clock)


def state(shelf: Shelf, number: int) -> str:
    with shelf.store() as session:
        return session.get_one(Broadcast, number).state


def waiting_for(shelf: Shelf, openid: str) -> Waiting:
    with shelf.store() as session:
        return reply_news.waiting(session, openid, shelf.clock())


def test_nothing_goes_while_staff_may_look_and_all_goes_when_their_time_is_over(shelf: Shelf, account: Account) -> None:
    number = planned(shelf)
    assert go(shelf, account) == 0
    assert waiting_for(shelf, "oA").articles == ()
    shelf.clock.move(31 * MINUTE)
    assert go(shelf, account) == 1
    assert len(account.phones["oA"]) == 1
    go(shelf, account)
    assert state(shelf, number) == "done"


def test_staff_approve_drop_and_retitle(shelf: Shelf, account: Account) -> None:
    number = planned(shelf)
    with shelf.store.begin() as session:
        assert [one.id for one in broadcasts.waiting(session)] == [number]
        assert broadcasts.retitle(session, number, "本周\n芯片要闻")
        assert broadcasts.drop_article(session, number, 2)
        assert not broadcasts.drop_article(session, number, 2)
        shown = broadcasts.show(session, number)
        assert shown is not None
        assert (shown.broadcast.title, [story.id for story in shown.stories]) == ("本周 芯片要闻", [1])
        assert broadcasts.approve(session, number, "staff")
        assert not broadcasts.approve(session, number)
    assert go(shelf, account) == 1
    assert account.phones["oA"] == ["本周 芯片要闻 https://site.example/1"]
    assert waiting_for(shelf, "oA").articles == ()
    shelf.clock.move(DAY)
    assert digest.plan(shelf.store, ("chips",), shelf.clock(), reach=Reach()) == []


def test_what_is_held_stays_until_it_is_approved(shelf: Shelf, account: Account) -> None:
    number = planned(shelf)
    with shelf.store.begin() as session:
        assert broadcasts.hold(session, number)
    shelf.clock.move(DAY)
    assert go(shelf, account) == 0
    with shelf.store.begin() as session:
        assert broadcasts.approve(session, number)
    assert go(shelf, account) == 1


def test_without_articles_nothing_goes(shelf: Shelf, account: Account) -> None:
    number = planned(shelf)
    with shelf.store.begin() as session:
        assert broadcasts.drop_article(session, number, 1)
        assert broadcasts.drop_article(session, number, 2)
        assert broadcasts.approve(session, number)
    assert go(shelf, account) == 0
    assert state(shelf, number) == "cancelled"


def test_too_late_is_said(shelf: Shelf, account: Account) -> None:
    number = planned(shelf)
    shelf.clock.move(HOUR)
    go(shelf, account)
    with shelf.store.begin() as session:
        assert not broadcasts.hold(session, number)
        assert not broadcasts.retitle(session, number, "x")
        assert not broadcasts.drop_article(session, number, 1)
        assert broadcasts.show(session, 999) is None


def test_a_reader_who_looked_while_it_waited_is_asked_for_again_after_the_release(shelf: Shelf) -> None:
    number = planned(shelf)
    with shelf.store() as session:
        before = broadcasts.latest_news(session)
    shelf.clock.move(HOUR)
    release.release_due(shelf.store, Reach(()), HALF_AN_HOUR, shelf.clock())
    with shelf.store() as session:
        assert broadcasts.latest_news(session) > before
    assert waiting_for(shelf, "oA") == Waiting((number,), (1, 2))


def test_staff_are_told_once_of_what_waits(shelf: Shelf) -> None:
    planned(shelf)
    for expected in (1, 0):
        assert release.announce(shelf.store, NAMES, ("wecom",), shelf.clock(), NOTE) == expected


def test_a_mass_send_waits_for_staff_too(shelf: Shelf, account: Account) -> None:
    planned(shelf, Habits())
    shelf.subscribe("oB", "chips")
    number = mass.plan(shelf.store, ("chips",), shelf.ledger, shelf.clock(), habits=HALF_AN_HOUR)
    send = (shelf.store, account, shelf.ledger, NAMES, Layout("{url}"), shelf.clock)
    assert number
    assert mass.deliver_due(*send) == 0
    with shelf.store.begin() as session:
        broadcasts.approve(session, number)
    release.release_due(shelf.store, Reach(()), HALF_AN_HOUR, shelf.clock())
    assert mass.deliver_due(*send) == 1


def test_the_command_line_does_it_all(shelf: Shelf) -> None:
    number = planned(shelf)

    def run(action: str, text: str = "") -> tuple[int, str]:
        out = io.StringIO()
        return push(shelf.store, out, Wanted(action, number, text), shelf.clock()), out.getvalue()

    assert "waiting  goes 12:30" in run("list")[1]
    assert run("title", "新标题")[0] == 0
    assert run("drop", "2")[0] == 0
    assert run("drop", "x")[0] == 2
    assert run("preview", "staffwechat")[0] == 0
    code, shown = run("show")
    assert code == 0
    assert "title: 新标题" in shown
    assert "  1  文章1  https://site.example/1" in shown
    assert run("hold")[0] == 0
    assert run("approve")[0] == 0
    assert run("approve")[0] == 2


def test_unsure_deliveries_are_settled_by_staff(shelf: Shelf) -> None:
    number = planned(shelf, Habits())
    with shelf.store.begin() as session:
        (row,) = claims.claim(session, ("service",), "dead", shelf.clock(), LEASE, 1)
        claims.start(session, row.id, "dead", shelf.clock(), LEASE)
        received.receive(session, "oA", [1, 2], row.id, shelf.clock())
    shelf.clock.move(HOUR)
    with shelf.store.begin() as session:
        claims.recover(session, shelf.clock())
        broadcasts.finish(session)
    assert state(shelf, number) == "unsure"
    with shelf.store.begin() as session:
        assert reports.settle_by_staff(session, row.id, arrived=False, at=shelf.clock())
        assert not reports.settle_by_staff(session, row.id, arrived=False, at=shelf.clock())
        broadcasts.finish(session)
        assert [row.state for row in session.scalars(sa.select(Delivery))] == ["failed"]
    assert state(shelf, number) == "done"
    assert waiting_for(shelf, "oA").articles == (1, 2)


# Quiet hours


@pytest.mark.parametrize(
    ("quiet", "hours_later", "wakes"),
    [("22:00-08:00", 0, 0), ("22:00-08:00", 11, 20), ("22:00-08:00", 15, 20), ("13:00-14:00", 1, 2), ("none", 11, 11)],
)
def test_quiet_hours_end_when_they_should(shelf: Shelf, quiet: str, hours_later: int, wakes: int) -> None:
    habits, noon = Habits(quiet=quiet_hours(quiet)), shelf.clock()
    assert habits.wakes(noon + hours_later * HOUR) == noon + wakes * HOUR
    assert habits.is_quiet(noon + hours_later * HOUR) == (wakes > hours_later)


def test_what_is_let_go_at_night_is_sent_in_the_morning(shelf: Shelf, account: Account) -> None:
    habits = Habits(quiet=quiet_hours("22:00-08:00"))
    shelf.clock.move(11 * HOUR)
    planned(shelf, habits)
    assert deliver.deliver_due(shelf.store, account, shelf.ledger, WORDS, shelf.clock) == 0
    shelf.clock.move(9 * HOUR)
    assert deliver.deliver_due(shelf.store, account, shelf.ledger, WORDS, shelf.clock) == 1


# On their own phone


@pytest.mark.parametrize("to", ["o" + "x" * 27, "boss"])
def test_staff_see_it_on_their_own_phone_with_their_title(shelf: Shelf, account: Account, to: str) -> None:
    number = planned(shelf)
    with shelf.store.begin() as session:
        broadcasts.retitle(session, number, "新标题")
        broadcasts.ask_preview(session, number, to)
    for expected in (1, 0):
        assert previews.show_wanted(shelf.store, account, Layout("{url}"), allowed=True) == expected
    ((media_id, who),) = account.previews
    assert who == to
    assert [article.title for article in account.drafts[media_id]] == ["新标题", "文章2"]


def test_a_preview_that_fails_says_why(shelf: Shelf, account: Account) -> None:
    number = planned(shelf)
    account.fails = once("draft", BadRequest(45003, "title size out of limit"))
    for allowed, why in ((True, "refused 45003"), (False, "verified")):
        with shelf.store.begin() as session:
            broadcasts.ask_preview(session, number, "boss")
        previews.show_wanted(shelf.store, account, Layout("{url}"), allowed=allowed)
        with shelf.store() as session:
            assert session.get_one(Broadcast, number).preview_error == why
    assert state(shelf, number) == "waiting"


def test_there_are_words_for_whatever_the_platform_refuses() -> None:
    texts = tomllib.loads(Path("config/desk.toml").read_text(encoding="utf-8"))
    words = {word for _, word in trouble.WORDS} | {"busy"}
    assert words <= set(texts["talk"]["errors"])
    assert words == set(texts["platform"])
    error = BadRequest(40018, "invalid button name size", call="menu/create")
    assert trouble.told(error, texts["platform"]) == "微信不接受这些内容（menu/create 40018）"
    assert words | {previews.NOT_ALLOWED} == set(texts["pushes"]["previews"])


# At night


def at_night(shelf: Shelf, account: Account, *, wrote: timedelta) -> Courier:
    """Two followers, one of whom wrote so long ago, hear of an article let go at 23:00."""
    habits = Habits(quiet=quiet_hours("22:00-08:00"))
    shelf.clock.move(11 * HOUR)
    for openid, ago in (("oA", wrote), ("oB", 5 * HOUR)):
        shelf.subscribe(openid, "chips")
        shelf.writes(openid, ago=ago)
    shelf.put(1, "chips")
    digest.plan(shelf.store, ("chips",), shelf.clock(), reach=Reach(), habits=habits)
    return Courier(shelf.store, account, shelf.ledger, WORDS, shelf.clock, "night", habits=habits)


def test_who_is_writing_at_night_hears_at_once_and_the_others_in_the_morning(shelf: Shelf, account: Account) -> None:
    courier = at_night(shelf, account, wrote=timedelta(minutes=5))
    assert deliver.run(courier) == 1
    assert deliver.run(courier) == 0
    shelf.clock.move(9 * HOUR)
    assert deliver.run(courier) == 1


def test_who_wrote_an_hour_ago_may_be_asleep(shelf: Shelf, account: Account) -> None:
    assert deliver.run(at_night(shelf, account, wrote=HOUR)) == 0


def test_what_was_due_before_the_night_waits_for_the_morning(shelf: Shelf, account: Account) -> None:
    habits = Habits(quiet=quiet_hours("22:00-08:00"))
    planned(shelf, habits)
    courier = Courier(shelf.store, account, shelf.ledger, WORDS, shelf.clock, "night", habits=habits)
    shelf.clock.move(11 * HOUR)
    assert deliver.run(courier) == 0
    shelf.clock.move(9 * HOUR)
    assert deliver.run(courier) == 1
