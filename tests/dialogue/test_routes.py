"""Each row of the table of routes answers what it is there for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dialogue.conversation import Conversation, Listing
from bot.dialogue.effects import (
    Asked,
    Followed,
    HumanWanted,
    NewsShown,
    PersonErased,
    Reported,
    TopicsChosen,
    Unfollowed,
)
from bot.dialogue.lookups import Advisor, Lookups, WaitingNews
from bot.dialogue.message import Cancelled, Click, Follow, Image, Link, Other, Receipt, Scan, Unfollow, View, Voice
from bot.dialogue.reply import SILENCE, TEXT_LIMIT, Card, HandOver, Picture, Words
from bot.dialogue.turn import Turn
from bot.understanding.reading import Reading, Value
from handlers import intake
from handlers.routes import ROUTES, answer
from tests.dialogue.conftest import said

EMPTY = Conversation()


@pytest.fixture(autouse=True)
def _no_intake(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests look at the other rows; the inquiry has its own."""
    rows = tuple(replace(r, handler=lambda *_: None) if r.name == "intake" else r for r in ROUTES)
    monkeypatch.setattr("handlers.routes.ROUTES", rows)
    monkeypatch.setattr(intake, "question_again", lambda *_: "")
    monkeypatch.setattr(intake, "fresh", lambda conversation, *_: conversation)


def spoken(text: str, lookups: Lookups, conversation: Conversation = EMPTY) -> tuple[str, Turn]:
    return answer(said(text), conversation, lookups)


def words(turn: Turn) -> str:
    assert isinstance(turn.reply, Words)
    return turn.reply.text


def test_a_follower_is_welcomed_and_the_scene_is_kept(lookups: Lookups) -> None:
    route, turn = answer(replace(said(""), content=Follow("spring26")), EMPTY, lookups)
    assert route == "follow"
    assert "spring26" in words(turn)
    assert turn.conversation.scene == "spring26"
    assert turn.effects == (Followed("spring26"),)


def test_a_scan_changes_the_scene(lookups: Lookups) -> None:
    _, turn = answer(replace(said(""), content=Scan("expo")), Conversation(scene="old"), lookups)
    assert turn.conversation.scene == "expo"


def test_somebody_who_leaves_is_forgotten_in_silence(lookups: Lookups) -> None:
    _, turn = answer(replace(said(""), content=Unfollow()), Conversation(topics=("optical",)), lookups)
    assert turn == Turn(SILENCE, EMPTY, (Unfollowed(),))


def test_whoever_cancels_their_account_is_erased_in_silence(lookups: Lookups) -> None:
    _, turn = answer(replace(said(""), content=Cancelled()), Conversation(topics=("optical",)), lookups)
    assert turn == Turn(SILENCE, EMPTY, (PersonErased(),))


@pytest.mark.parametrize("content", [View("https://e.example"), Other("LOCATION")])
def test_events_without_an_answer_get_silence(lookups: Lookups, content: View | Other) -> None:
    _, turn = answer(replace(said(""), content=content), EMPTY, lookups)
    assert turn.reply is SILENCE


def test_a_job_report_is_handed_on(lookups: Lookups) -> None:
    _, turn = answer(replace(said(""), content=Receipt("MASSSENDJOBFINISH", {"MsgID": "1"})), EMPTY, lookups)
    assert turn.effects == (Reported("MASSSENDJOBFINISH", {"MsgID": "1"}),)


def test_several_hits_are_a_numbered_list_and_a_number_opens_one(lookups: Lookups) -> None:
    route, turn = spoken("光模块", lookups)
    assert route == "article"
    assert "1. <a href=" in words(turn)
    assert len(words(turn).encode()) <= TEXT_LIMIT
    assert isinstance(turn.effects[0], Asked)
    _, opened = spoken("看3", lookups, turn.conversation)
    assert isinstance(opened.reply, Card)
    assert opened.reply.title == "光模块第3篇"
    _, again = spoken("第五篇", lookups, opened.conversation)
    assert isinstance(again.reply, Card)
    assert again.reply.title == "光模块第5篇"


def test_more_pages_through_the_list_and_says_when_it_ends(lookups: Lookups) -> None:
    _, turn = spoken("光模块", lookups)
    seen = [words(turn)]
    for _ in range(2):
        _, turn = spoken("更多", lookups, turn.conversation)
        seen.append(words(turn))
    assert "11. " in seen[2]
    assert "12. " in seen[2]
    _, turn = spoken("更多", lookups, turn.conversation)
    assert "就这些了" in words(turn)


def test_a_number_beyond_the_list_is_answered_kindly(lookups: Lookups) -> None:
    _, turn = spoken("光模块", lookups)
    _, beyond = spoken("77", lookups, turn.conversation)
    assert "没有第77篇" in words(beyond)


def test_one_hit_is_a_card_and_related_articles_follow(lookups: Lookups) -> None:
    _, turn = spoken("什么是链长制", lookups)
    assert isinstance(turn.reply, Card)
    _, related = spoken("相关", lookups, turn.conversation)
    assert "光模块第1篇" in words(related)


def test_a_list_is_forgotten_once_something_else_was_said(lookups: Lookups) -> None:
    _, turn = spoken("光模块", lookups)
    _, turn = spoken("谢谢", lookups, turn.conversation)
    assert turn.conversation.listing is None


def test_no_hit_offers_topics_and_the_advisor(lookups: Lookups) -> None:
    route, turn = spoken("钙钛矿叠层", lookups)
    assert route == "article"
    assert "钙钛矿叠层" in words(turn)
    assert turn.effects == (Asked("钙钛矿叠层", answered=False),)


def test_topics_are_followed_and_left_by_name_and_synonym(lookups: Lookups) -> None:
    _, turn = spoken("订阅光模块、新能源车", lookups)
    assert turn.effects == (TopicsChosen(("optical", "nev")),)
    _, turn = spoken("退订硅光", lookups, turn.conversation)
    assert turn.conversation.topics == ("nev",)
    _, turn = spoken("我的订阅", lookups, turn.conversation)
    assert "新能源汽车" in words(turn)
    _, turn = spoken("全部退订", lookups, turn.conversation)
    assert turn.conversation.topics == ()


def test_an_unknown_topic_gets_the_list(lookups: Lookups) -> None:
    _, turn = spoken("订阅量子计算", lookups)
    assert "还没有「量子计算」" in words(turn)
    assert "订阅光模块" in words(turn)


def test_the_menu_speaks_for_the_follower(lookups: Lookups) -> None:
    route, turn = answer(replace(said(""), content=Click("CONTACT")), EMPTY, lookups)
    assert route == "contact"
    assert "park-li" in words(turn)


@pytest.mark.parametrize(
    ("advisor", "shown"),
    [
        (Advisor("李顾问", "400-000-0000", "park-li", qr_media_id="M1"), Picture("M1")),
        (
            Advisor("李顾问", "400-000-0000", "park-li", qr_url="https://site.example/qr.png"),
            "https://site.example/qr.png",
        ),
        (Advisor("李顾问", "400-000-0000", "park-li"), "park-li"),
    ],
)
def test_who_asks_for_the_qr_code_gets_what_there_is(lookups: Lookups, advisor: Advisor, shown: Picture | str) -> None:
    route, turn = spoken("二维码", replace(lookups, advisor=advisor))
    assert route == "contact"
    assert turn.reply == shown if isinstance(shown, Picture) else shown in words(turn)


def test_keyword_rules_answer_first(lookups: Lookups) -> None:
    route, turn = spoken("请问营业时间？", lookups)
    assert (route, words(turn)) == ("keyword", "九点到六点")


def test_who_wants_a_person_gets_the_desk_or_a_promise(lookups: Lookups) -> None:
    _, turn = spoken("转人工", lookups)
    assert "400-000-0000" in words(turn)
    assert turn.effects == (HumanWanted("转人工"),)
    _, turn = spoken("转人工", replace(lookups, hands_over=True))
    assert turn.reply == HandOver()


@pytest.mark.parametrize("text", ["你好", "帮助", "谢谢！", "HELLO", "？"])
def test_small_talk_is_answered_without_a_search(lookups: Lookups, text: str) -> None:
    assert spoken(text, lookups)[0] == "small talk"


@pytest.mark.parametrize("content", [Image("u", "m"), Voice("m"), Link("t", "d", "u")])
def test_media_get_a_fitting_answer(lookups: Lookups, content: Image | Voice | Link) -> None:
    assert answer(replace(said(""), content=content), EMPTY, lookups)[0] == "media"


def test_two_misses_in_a_row_offer_a_person(lookups: Lookups) -> None:
    _, turn = spoken("🤷", lookups)
    _, turn = spoken("🤷", lookups, turn.conversation)
    assert "转人工" in words(turn)


def test_waiting_news_goes_out_once_with_the_next_words(lookups: Lookups) -> None:
    news = WaitingNews((7,), (lookups.articles.get((99,))[0],))
    waiting = replace(lookups, latest_broadcast=lambda: 3, waiting_news=lambda openid: news)
    _, turn = spoken("谢谢", waiting)
    assert "什么是链长制" in words(turn)
    assert NewsShown((7,), (99,)) in turn.effects
    _, again = spoken("谢谢", waiting, turn.conversation)
    assert "什么是链长制" not in words(again)


def test_a_long_text_is_cut_and_more_continues_it(lookups: Lookups) -> None:
    long = "很长的回答。" * 200
    rules = (replace(lookups.keywords[0], answer=long),)
    _, turn = spoken("营业时间", replace(lookups, keywords=rules))
    heard = words(turn)
    assert len(heard.encode()) <= TEXT_LIMIT
    pieces = [heard.split("\n…")[0]]
    while turn.conversation.rest:
        _, turn = spoken("更多", lookups, turn.conversation)
        pieces.append(words(turn).split("\n…")[0])
    assert "".join(pieces) == long


def test_a_conversation_survives_its_journey_through_json() -> None:
    talk = Conversation(("optical",), "expo", None, Listing("光模块", (1, 2), 2), "rest", (5,), 3, 1)
    assert Conversation.from_dict(talk.to_dict()) == talk


def test_a_question_is_kept_without_the_person_in_it(lookups: Lookups) -> None:
    named = replace(lookups, understand=_named)
    asked = [spoken(text, named)[1].effects[0] for text in ("火星移民找谁", "火星移民找谁 138 0000 12345")]
    assert [effect.text for effect in asked if isinstance(effect, Asked)] == ["火星移民找***", "***"]


def _named(text: str, asked: str | None = None) -> Reading:
    return Reading(values={"contact": Value("谁", "谁")})


def test_how_often_news_comes_is_said_in_words_and_kept(lookups: Lookups) -> None:
    _, turn = spoken("每周推送", lookups)
    assert turn.effects == ()
    assert "每周汇总一次" in words(turn)
    assert "还没有订阅" in words(turn)
    _, turn = spoken("订阅光模块", lookups, turn.conversation)
    assert turn.effects == (TopicsChosen(("optical",), "weekly"),)
    _, turn = spoken("每天推送", lookups, turn.conversation)
    assert turn.effects == (TopicsChosen(("optical",), "daily"),)
    _, mine = spoken("我的订阅", lookups, turn.conversation)
    assert "现在是「每天推送」" in words(mine)
    assert "有新文章就推" in words(mine)
    _, turn = spoken("有新文章就推", lookups, turn.conversation)
    assert turn.effects == (TopicsChosen(("optical",)),)


def test_news_that_is_for_later_is_looked_for_again_with_the_next_message(lookups: Lookups) -> None:
    waiting = replace(lookups, latest_broadcast=lambda: 3, waiting_news=lambda openid: WaitingNews((), (), later=True))
    _, turn = spoken("谢谢", waiting)
    assert turn.conversation.news_checked == 0
