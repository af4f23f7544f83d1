"""Homophones and pinyin, read by what the index has."""

from __future__ import annotations

import pytest

from bot.search.respelling import Speller, splits
from tests.search.conftest import Shelve, article


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("谐波减素器", "谐波减速器"),
        ("xieboJiansuqi".lower(), "谐波减速器"),
        ("xie bo jian su qi", "谐波减速器"),
        ("苏洲工业园", "苏州工业园"),
        ("suzhou gongyeyuan", "苏州工业园"),
        ("chongqing", "重庆"),
        ("changjiang", "长江"),
        ("foshan", "佛山"),
    ],
)
def test_what_the_index_has_is_recognised_by_sound(shelve: Shelve, said: str, meant: str) -> None:
    shelf = shelve(
        [
            article(1, "谐波减速器的厂房", "谐波减速器企业落户。"),
            article(2, "苏州工业园见闻", "苏州工业园的标准厂房。"),
            article(3, "长江边的重庆", "重庆沿长江而建。"),
            article(4, "佛山见闻", "佛山的厂房。"),
        ]
    )
    respelled = Speller().respelled(said, shelf.index.view())
    assert respelled is not None
    assert respelled.text.replace(" ", "") == meant


@pytest.mark.parametrize("said", ["谐波减速器", "C919", "nvidia", "今天天气", "光伏2026"])
def test_what_is_right_or_unknown_stays(shelve: Shelve, said: str) -> None:
    shelf = shelve([article(1, "谐波减速器的厂房")])
    assert Speller().respelled(said, shelf.index.view()) is None


def test_a_word_falls_into_syllables_every_way() -> None:
    assert set(splits("xian")) == {("xian",), ("xi", "an")}
    assert splits("guangmok") == splits("guangmo")
    assert splits("nvidia") == []


def test_typed_pinyin_of_many_words_is_read_to_its_end(shelve: Shelve) -> None:
    shelf = shelve([article(1, "中国与泰国签署航天合作备忘录"), article(2, "航天城的厂房")])
    found = shelf.search("zhongguo taiguo hangtian hezuo")
    assert [one.id for one in found.articles][:1] == [1]
    assert found.read_as.replace(" ", "") == "中国泰国航天合作"
