"""When the bot has an answer, and when it has none."""

from __future__ import annotations

import pytest

from bot.search.articles import IndexedArticles
from bot.search.calibration import HIGHEST
from bot.search.finding import find
from bot.search.judging import is_idle
from tests.search.conftest import NOW, Shelve, article, others

BATTERY = article(1, "24亿美元补贴！印度要推动力电池国产化", "印度政府拟向电池制造商提供补贴，吸引他们在当地建厂。")
FOUNDRY = article(2, "台积电预计13日召开法人说明会", "市场关注先进制程的进展与资本支出计划，法人预期全年营收增长。")


@pytest.fixture
def shelf(shelve: Shelve) -> IndexedArticles:
    return shelve([BATTERY, FOUNDRY, *others()])


def _confidence(shelf: IndexedArticles, message: str) -> float:
    return find(shelf.index, message, NOW, shelf.tools, 3, HIGHEST).confidence


@pytest.mark.parametrize("message", ["印度造电池政府补多少钱", "印度给电池厂补贴了吗", "有没有印度电池补贴的文章"])
def test_a_question_in_other_words_is_answered(shelf: IndexedArticles, message: str) -> None:
    found = find(shelf.index, message, NOW, shelf.tools, 3, HIGHEST)
    assert found.answered, found.signs
    assert found.found[0].hit.id == BATTERY.id


def test_what_the_article_says_outweighs_that_it_is_about_the_same_firm(shelf: IndexedArticles) -> None:
    assert _confidence(shelf, "台积电法人说明会哪天") > 3 * _confidence(shelf, "台积电南京厂扩产补助")


@pytest.mark.parametrize(("share", "close"), [(0.9, False), (1.1, True), (1.9, True), (2.1, False)])
def test_what_has_half_of_what_an_answer_needs_is_close(shelf: IndexedArticles, share: float, close: bool) -> None:
    message = "台积电南京厂扩产补助"
    needed = share * _confidence(shelf, message)
    found = find(shelf.index, message, NOW, shelf.tools, 3, needed)
    assert found.answered == (share < 1)
    assert found.close == close


@pytest.mark.parametrize("message", ["13", "你好呀台积电"])
def test_nothing_is_close_to_small_talk_or_a_bare_number(shelf: IndexedArticles, message: str) -> None:
    found = find(shelf.index, message, NOW, shelf.tools, 3, 1.5 * _confidence(shelf, message))
    assert found.found
    assert not found.close


def test_how_it_is_asked_changes_little(shelf: IndexedArticles) -> None:
    bare, asked = _confidence(shelf, "印度电池补贴"), _confidence(shelf, "印度电池补贴是多少")
    assert asked > bare / 3


@pytest.mark.parametrize("said", ["多谢", "多谢多谢", "晚安啦", "收到收到", "哈哈哈哈", "12"])
def test_small_talk_is_known_also_when_it_is_said_twice(said: str) -> None:
    assert is_idle(said)


@pytest.mark.parametrize(
    "said", ["老板你好", "好滴，收到", "不用了谢谢", "小编 有没有人回我呀", "测试测试123", "我看看啊 先忙"]
)
def test_sayings_in_a_row_and_whom_they_are_said_to_are_small_talk(said: str) -> None:
    assert is_idle(said)


@pytest.mark.parametrize("said", ["光模块", "多谢光模块", "芯片芯片", "机器人测试", "老板", "先看看光模块"])
def test_a_thing_is_no_small_talk(said: str) -> None:
    assert not is_idle(said)
