"""Themes nobody described: the body is exact and the firm's block never in it, with a feed to learn from and without."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.base import Sessions, reading, sessions
from bot.store.lines import LearnedLine
from tests.jobs.taking_in import Desk, differences
from tests.site.texts import posts
from tests.site.themes import CONTACT, LEAKS, THEMES, UNSEEN, UNUSUAL
from tests.site.zblog import Blog, serving


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[Sessions]:
    shutil.copy(migrated_file, tmp_path / "bot.db")
    made = sessions(f"sqlite:///{tmp_path / 'bot.db'}")
    yield made
    made.kw["bind"].dispose()


@pytest.fixture
def desk(store: Sessions) -> Iterator[Desk]:
    with serving(Blog()) as blog:
        yield Desk(store, blog)


def leaks(desk: Desk) -> list[str]:
    rows = desk.rows().values()
    return [f"{word} in {row.title}" for row in rows for word in LEAKS if word in row.body + row.summary]


@pytest.mark.parametrize("contact", [CONTACT, UNUSUAL], ids=["usual contact", "unusual contact"])
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("way", ["feed and pages", "pages alone"])
def test_every_theme_gives_exact_bodies(desk: Desk, theme: str, contact: tuple[str, ...], way: str) -> None:
    desk.blog.theme, desk.blog.contact, desk.blog.feed = theme, contact, way != "pages alone"
    desk.blog.put(*posts(30))
    desk.run(everything=True)
    assert leaks(desk) == []
    assert differences(desk) == []
    categories = [
        row.category in ("", desk.blog.posts[int(row.url.split("/")[-1][:-5])].category) for row in desk.rows().values()
    ]
    assert all(categories), "no category is better than a wrong one"


def test_the_theme_is_learned_from_the_feed_and_kept(desk: Desk) -> None:
    desk.blog.theme = "lakeside"
    desk.blog.put(*posts(14))
    desk.run(everything=True)
    assert desk.state("theme")["theme"]["body"] == "div.art-txt"  # type: ignore[index]
    assert {row.source for row in desk.rows().values()} == {"feed", "page"}


def test_a_theme_we_know_is_not_learned_anew(desk: Desk) -> None:
    desk.blog.put(*posts(14))
    desk.run()
    assert not desk.state("theme")["theme"]


def test_another_theme_overnight_changes_no_article(desk: Desk) -> None:
    desk.blog.theme = "lakeside"
    desk.blog.put(*posts(14))
    desk.run(everything=True)
    for theme in ("tpure", "harbour", "canal"):
        desk.blog.theme = theme
        desk.later(days=2)
        desk.again()
        desk.run()
        assert differences(desk) == []


def test_lines_that_stand_under_every_article_leave_those_stored_before_too(desk: Desk) -> None:
    desk.blog.contact = UNUSUAL
    desk.blog.put(*posts(3))
    desk.run()
    assert len(leaks(desk)) > 0, "three articles are too few to tell"
    desk.blog.put(*posts(9, first=4))
    desk.later(minutes=5)
    desk.run()
    assert leaks(desk) == [] and differences(desk) == []
    with reading(desk.store) as session:
        assert {one.sample for one in session.query(LearnedLine)} == set(UNUSUAL)
    desk.later(minutes=5)
    done = desk.run()
    assert (done.changed, done.new) == (0, 0), "the same texts read again are no edits"


def test_a_story_told_many_times_is_no_boilerplate(desk: Desk) -> None:
    from dataclasses import replace

    same = posts(1)[0]
    desk.blog.put(*(replace(same, id=n, title=f"同一个故事的第{n}个标题", contact=False) for n in range(1, 12)))
    desk.run()
    assert all(row.body == same.body for row in desk.rows().values())


def test_there_are_enough_themes() -> None:
    assert len(UNSEEN) >= 6
