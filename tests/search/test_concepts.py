"""Which words of a message count, and how far an article has them together."""

from __future__ import annotations

import pytest

from bot.search.concepts import BY_CHARACTERS, STRETCH, Asked, concepts, in_one_passage
from bot.search.question import read
from bot.search.ranking import FOCUS, Wanted
from bot.search.synonyms import Synonyms
from tests.search.conftest import NOW, Shelve, article

FAR = "，厂区里另有食堂、宿舍和停车场" * (STRETCH // 5)


@pytest.mark.parametrize(
    ("message", "terms"),
    [
        ("光模块多少钱", ["光", "模块"]),
        ("冷库有哪几种", ["冷库"]),
        ("为什么要建冷库", ["要建", "冷库"]),
        ("多少", ["多少"]),
    ],
)
def test_words_that_only_ask_are_not_looked_for(message: str, terms: list[str]) -> None:
    assert read(message, NOW).terms == terms


def test_nouns_tell_more_than_verbs_and_those_more_than_the_rest(shelve: Shelve) -> None:
    view = shelve([article(1, "别的"), article(2, "另外")]).index.view()
    noun, verb, other = (concepts(word, (), view)[0].weight for word in ("电池", "补贴", "已经"))
    assert noun > other
    weights = {one.said: one.weight for one in concepts("政府已经补助电池", (), view)}
    assert weights["政府"] == weights["电池"] > weights["补助"] > weights["已经"]
    assert verb > 0.0


def test_a_single_character_tells_half(shelve: Shelve) -> None:
    view = shelve([article(1, "别的")]).index.view()
    box, harbour = concepts("箱 港口", (), view)
    assert (box.said, harbour.said) == ("箱", "港口")
    assert box.weight < harbour.weight


def test_words_close_together_tell_more_than_words_far_apart() -> None:
    asked = (Asked(2.0, "电池", ()), Asked(1.0, "补贴", ()))
    assert in_one_passage(asked, "", "电池企业拿到补贴") == 3.0
    assert in_one_passage(asked, "", f"电池{FAR}补贴") == 2.0
    assert in_one_passage(asked, "电池", f"电池\n{FAR}补贴") == 3.0  # the title goes with every passage
    assert in_one_passage(asked, "", f"{FAR}补贴给了电池企业{FAR}电池") == 3.0


def test_other_names_and_characters_count_for_less() -> None:
    asked = (Asked(1.0, "集成电路", ("芯片",)), Asked(1.0, "军舰", ()))
    assert in_one_passage(asked, "", "芯片") == pytest.approx(0.85)
    assert in_one_passage(asked, "", "集成电路与舰艇") == pytest.approx(1.0 + BY_CHARACTERS / 2)
    assert in_one_passage(asked, "", "") == 0.0


def test_a_phrase_with_other_names_is_one_thing(shelve: Shelve) -> None:
    view = shelve([article(1, "别的")]).index.view()
    synonyms = Synonyms([["液化天然气", "LNG"]])
    (only,) = concepts("液化天然气", synonyms.find("液化天然气"), view)
    assert (only.said, only.others) == ("液化天然气", ("lng",))


def test_of_a_pasted_paragraph_the_most_telling_words_are_looked_for_together(shelve: Shelve) -> None:
    common = "电机 轴承 阀门 钢材 水泥 玻璃 陶瓷 塑料 纸张 木材 棉花 羊毛 丝绸"
    view = shelve([article(n, common) for n in range(1, 6)]).index.view()
    wanted = Wanted(read(f"{common} 隧道 港口", NOW), (), view)
    assert len(wanted.concepts) > len(wanted.focus) == FOCUS
    assert {"隧道", "港口"} <= {one.said for one in wanted.focus}
