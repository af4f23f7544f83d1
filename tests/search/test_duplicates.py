"""The same story collected twice, and stories that only look alike."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.samplesite.posts import Posts
from bot.search.articles import IndexedArticles
from bot.search.duplicates import Story, Twins, same_story
from tests.search.conftest import NOW, Shelve, article

POSTS = [post.body for post in Posts().all()]
BODIES = ["".join(POSTS[at : at + 3]) for at in range(0, len(POSTS) - 2, 3)]
SWAPS = {"最": "蕞", "企业": "公司", "需要": "需", "可以": "能", "厂房": "厂 房"}


def reworded(text: str) -> str:
    for old, new in list(SWAPS.items())[:3]:
        text = text.replace(old, new, 2)
    return text


def framed(text: str) -> str:
    return f"原标题：转自某某网。点击上方蓝字关注我们，获取更多资讯。{text}（来源：某某网，编辑：某某）"


def shuffled(text: str) -> str:
    sentences = re.findall(r"[^。]+。", text)
    random.Random(5).shuffle(sentences)
    return "".join(sentences)


VARIANTS: list[Callable[[str], str]] = [
    lambda text: text,
    reworded,
    framed,
    lambda text: text[: int(len(text) * 0.6)],
    lambda text: text[len(text) // 3 :],
    shuffled,
    lambda text: text.replace("\n", "\r\n  ").replace("，", ","),
]


def story(number: int, text: str, days: float = 0) -> Story:
    return Story(number, f"标题{number}", text, NOW - timedelta(days=days))


@pytest.mark.parametrize("change", VARIANTS)
def test_a_changed_copy_is_the_same_story(change: Callable[[str], str]) -> None:
    missed = [text[:20] for text in BODIES if not same_story(story(1, text), story(2, change(text)))]
    assert not missed


def test_different_articles_are_different_stories() -> None:
    pairs = [(a, b) for at, a in enumerate(BODIES) for b in BODIES[at + 1 :]]
    assert not [a[:20] for a, b in pairs if same_story(story(1, a), story(2, b))]


def test_a_notice_that_returns_every_year_is_a_new_one() -> None:
    assert not same_story(story(1, BODIES[0]), story(2, BODIES[0], days=365))


def test_too_little_text_decides_nothing() -> None:
    assert not same_story(story(1, "通知：明日休息。"), story(2, "通知：明日休息。"))


@pytest.mark.parametrize("change", VARIANTS)
def test_twins_of_one_run_are_found_before_the_index_has_them(shelve: Shelve, change: Callable[[str], str]) -> None:
    twins = Twins(shelve([]).index)
    assert [twins.original_of(story(n, text)) for n, text in enumerate(BODIES, 1)] == [None] * len(BODIES)
    found = [twins.original_of(story(n + 1000, change(text))) for n, text in enumerate(BODIES, 1)]
    assert found == list(range(1, len(BODIES) + 1))


def test_twins_are_found_in_the_index(shelve: Shelve) -> None:
    shelf = shelve(article(n, f"标题{n}", text) for n, text in enumerate(BODIES, 1))
    found = [Twins(shelf.index).original_of(story(n + 1000, framed(text))) for n, text in enumerate(BODIES, 1)]
    assert found == list(range(1, len(BODIES) + 1))


def test_a_copy_of_a_copy_leads_to_the_first(shelve: Shelve) -> None:
    twins = Twins(shelve([]).index)
    told = story(7, BODIES[0])
    assert twins.original_of(told) is None
    assert twins.original_of(replace(told, id=8)) == 7
    assert twins.original_of(replace(told, id=9)) == 7
    assert twins.original_of(told) is None  # looked at again after an edit: still the first


def test_an_article_is_no_twin_of_itself(sample: IndexedArticles) -> None:
    for hit in sample.index.newest([], 5):
        known = Story(hit.id, hit.facts.title, hit.body, hit.published)
        assert Twins(sample.index).original_of(known) is None
