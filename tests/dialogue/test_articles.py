"""Article answers beyond the plain list: another batch, what is new to the follower, notes on how it was read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Asked
from bot.dialogue.inquiry import Inquiry
from bot.dialogue.lookups import Article, Found, Lookups
from bot.dialogue.reply import Card, Words
from bot.dialogue.turn import Turn
from bot.understanding.reading import Reading
from handlers import intake, routes
from handlers.routes import answer
from tests.dialogue.conftest import NOW, Shelf, article, said


@pytest.fixture(autouse=True)
def _no_intake(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(row for row in routes.ROUTES if row.name != "intake")
    monkeypatch.setattr(routes, "ROUTES", rows)
    monkeypatch.setattr(intake, "question_again", lambda *_: "")
    monkeypatch.setattr(intake, "fresh", lambda conversation, *_: conversation)


def spoken(text: str, lookups: Lookups, conversation: Conversation | None = None) -> tuple[str, Turn]:
    return answer(said(text), conversation or Conversation(), lookups)


def words(turn: Turn) -> str:
    assert isinstance(turn.reply, Words)
    return turn.reply.text


@dataclass
class Finds(Shelf):
    """Answers every search with one result."""

    found: Found | None = None

    def search(self, text: str, limit: int = 30) -> Found:
        return self.found or Found((), answered=False)


def finding(lookups: Lookups, **facts: object) -> Lookups:
    one = article(99, "什么是链长制")
    found = replace(Found((one,), answered=True), **facts)  # type: ignore[arg-type]
    return replace(lookups, articles=Finds((one,), found))


def test_what_is_only_close_is_offered_as_that_and_stays_unanswered_for_staff(lookups: Lookups) -> None:
    close = finding(lookups, answered=False, close=True)
    _, turn = spoken("链长制<2019>的由来", close, Conversation(misses=1))
    assert words(turn).startswith("没有找到正好讲「链长制＜2019>的由来」的文章，这几篇比较接近")
    assert "1. " in words(turn)
    assert turn.effects == (Asked("链长制<2019>的由来", answered=False, shown=(99,)),)
    assert turn.conversation.misses == 1
    _, opened = spoken("1", close, turn.conversation)
    assert isinstance(opened.reply, Card)


def test_no_more_than_three_are_offered_as_close(lookups: Lookups) -> None:
    five = tuple(article(number, f"文章{number}") for number in range(1, 6))
    _, turn = spoken("链长制", finding(lookups, articles=five, answered=False, close=True))
    assert "3. " in words(turn)
    assert "4. " not in words(turn)
    assert turn.conversation.listing is not None
    assert turn.conversation.listing.ids == (1, 2, 3)


def test_another_batch_shows_others_and_then_what_is_near(lookups: Lookups) -> None:
    _, turn = spoken("光模块", lookups)
    shown = set(turn.conversation.shown)
    for _ in range(2):
        _, turn = spoken("换一批", lookups, turn.conversation)
        new = set(turn.effects[0].shown)  # type: ignore[union-attr]
        assert new
        assert not new & shown
        shown |= new
    _, turn = spoken("换一批", lookups, turn.conversation)
    assert "什么是链长制" in words(turn)
    _, turn = spoken("换一批", lookups, turn.conversation)
    assert "就这些了" in words(turn)


def test_another_batch_of_nothing_is_answered_kindly(lookups: Lookups) -> None:
    _, turn = spoken("换一批", lookups)
    assert "还没有列出文章" in words(turn)


def test_what_was_shown_is_not_shown_again_as_new(lookups: Lookups) -> None:
    _, turn = spoken("最新文章", lookups)
    first = set(turn.effects[0].shown)  # type: ignore[union-attr]
    _, turn = spoken("最新文章", lookups, turn.conversation)
    assert not first & set(turn.effects[0].shown)  # type: ignore[union-attr]


def test_when_all_new_ones_were_seen_that_is_said(lookups: Lookups) -> None:
    few = replace(lookups, articles=Shelf((article(1, "甲"), article(2, "乙"))))
    _, turn = spoken("最新文章", few)
    _, turn = spoken("最新文章", few, turn.conversation)
    assert "都看过了" in words(turn)


def test_how_a_slip_was_read_is_said_beside_the_list(lookups: Lookups) -> None:
    _, turn = spoken("连长制", finding(lookups, read_as="链长制"))
    assert "链长制" in words(turn).split("\n")[0]


def test_a_missed_time_is_said(lookups: Lookups) -> None:
    _, turn = spoken("昨天的链长制", finding(lookups, period="昨天", missed_period=True))
    assert "昨天没有" in words(turn)


def test_a_topic_of_a_time_says_both(lookups: Lookups) -> None:
    _, turn = spoken(
        "本周光模块", finding(lookups, articles=(article(1, "甲"), article(2, "乙")), period="本周", topic="optical")
    )
    assert "本周的「光模块」" in words(turn)


def test_one_article_for_what_may_be_an_inquiry_keeps_the_tap_to_it(lookups: Lookups) -> None:
    doubtful = replace(finding(lookups), understand=lambda text, asked=None: Reading(inquiry=0.3))
    _, turn = spoken("昆山厂房", doubtful)
    assert "我要找厂房土地" in words(turn)
    _, turn = spoken("链长制", finding(lookups))
    assert isinstance(turn.reply, Card)


def test_an_inquiry_just_begun_keeps_the_tap_to_the_articles(lookups: Lookups) -> None:
    known = finding(lookups)
    begun = Turn(Words("好的，想要多大面积？"), Conversation(inquiry=Inquiry(at=NOW, began=NOW)))
    told = routes._with_other_way(begun, said("昆山厂房"), Conversation(), known)
    assert "昆山厂房的文章" in words(told)
    going_on = routes._with_other_way(begun, said("昆山厂房"), begun.conversation, known)
    assert words(going_on) == words(begun)
    asked = routes._with_other_way(begun, said("我要找厂房土地"), Conversation(), known)
    assert words(asked) == words(begun)


def test_articles_keep_their_shape_in_a_list_of_one(lookups: Lookups) -> None:
    one: Article = article(99, "什么是链长制")
    _, turn = spoken("连长制", finding(lookups, read_as="链长制"))
    assert one.url in words(turn)
