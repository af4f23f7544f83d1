"""Other sources, topics and repeats: feeds beside the site, articles typed in by staff, a taxonomy that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.site.other import OtherFeed
from bot.search.duplicates import Story, Twins
from bot.search.index import Index
from bot.store import articles, news
from bot.store.articles import Content
from bot.store.base import Sessions, reading
from bot.store.lines import Threshold
from bot.taking import Taker, typed
from jobs.ingest import other_feeds, reassign
from tests.jobs.taking_in import Desk, taxonomy
from tests.site.rules import fetcher, rules
from tests.site.texts import post, posts
from tests.site.zblog import Answer, Blog, feed, item, served, serving


@pytest.fixture
def desk(store: Sessions) -> Iterator[Desk]:
    with serving(Blog()) as blog:
        yield Desk(store, blog)


def other(root: str) -> OtherFeed:
    return OtherFeed("业内", f"{root}/feed", fetcher(root), rules().cleaning, category="业内动态")


def test_any_feed_is_another_source_and_the_site_is_not_asked_about_it(desk: Desk) -> None:
    one = post(1)
    with served(
        lambda target, headers: Answer(feed([item(one, "https://other.example/1", f"<p>{one.body}</p>")], ""))
    ) as root:
        assert other_feeds(desk.intake(), [other(root)]).new == 1
        assert other_feeds(desk.intake(), [other(root)]).same == 1
    row = desk.rows()[one.title]
    assert (row.origin, row.category, row.url) == ("业内", "业内动态", "https://other.example/1")
    desk.blog.put(*posts(3, first=10))
    desk.later(days=2)
    desk.run(everything=True)
    assert one.title in desk.rows(), "a walk over the site says nothing about other sites"


def test_a_feed_in_trouble_does_not_keep_us_from_the_next(desk: Desk) -> None:
    one = post(1)
    with (
        served(lambda target, headers: Answer("", 500)) as broken,
        served(lambda target, headers: Answer(feed([item(one, "/1", f"<p>{one.body}</p>")], ""))) as good,
    ):
        done = other_feeds(desk.intake(), [other(broken), replace(other(good), name="另一个")])
    assert (done.failed, done.new) == (1, 1)


def test_an_article_typed_in_by_staff_is_one_like_any_other(desk: Desk) -> None:
    body = "　　光模块项目今天签约。\n\n第二段写的是谁来建设。\n责任编辑：某某"
    number, url = typed(desk.taker(), "光模块项目签约", "园区动态", body, "", "", "https://bot.example/")
    row = desk.rows()["光模块项目签约"]
    assert (row.id, row.url, row.origin) == (number, url, "staff")
    assert url.startswith("https://bot.example/a/") and row.body == "光模块项目今天签约。\n第二段写的是谁来建设。"
    assert row.summary.startswith("光模块项目今天签约。")
    assert "optical" in {topic.topic for topic in desk.topics(number)}
    typed(desk.taker(), "光模块项目签约了", "园区动态", body, url, "", "")
    assert {one.title for one in desk.all_rows()} == {"光模块项目签约了"}
    with reading(desk.store) as session:
        shown = articles.own_page(session, url.removeprefix("https://bot.example"))
    assert shown is not None and shown.id == number


@pytest.mark.parametrize(
    ("title", "body", "address"),
    [
        ("", "正文。", "https://a.example/1"),
        ("标题", " \n ", "https://a.example/1"),
        ("标题", "正文。", ""),
        ("标题", "正文。", "javascript:alert(1)"),
    ],
)
def test_an_article_without_title_body_or_address_is_refused(desk: Desk, title: str, body: str, address: str) -> None:
    with pytest.raises(ValueError):
        typed(desk.taker(), title, "", body, address, "", "")


def test_topics_are_assigned_with_score_and_reason(desk: Desk) -> None:
    desk.blog.put(post(1, title="光模块厂房怎么选", category="产业观察"))
    desk.run()
    (row,) = desk.rows().values()
    topic = next(one for one in desk.topics(row.id) if one.topic == "optical")
    assert topic.score >= 0.9 and "光模块" in topic.reason


def only(*topics: str) -> Callable[[str, str, str, tuple[str, ...]], articles.Topics]:
    return lambda title, body, category, tags: tuple((one, 0.95, "title: x") for one in topics)


def test_a_changed_taxonomy_assigns_topics_anew_once_and_staff_keep_their_say(desk: Desk) -> None:
    desk.blog.put(*posts(5))
    desk.run()
    ids = sorted(row.id for row in desk.rows().values())
    with desk.store.begin() as session:
        articles.decide_topic(session, ids[0], "solar", belongs=True, reason="staff: 某某")
        articles.decide_topic(session, ids[1], "nev", belongs=False, reason="staff: 某某")
    before = {row.id: row.index_seq for row in desk.rows().values()}
    intake = desk.intake()
    intake = replace(intake, taker=replace(intake.taker, assign=only("nev")))
    assert reassign(intake, "another hash") == 5
    assert {one.topic: one.by_staff for one in desk.topics(ids[0])} == {"nev": False, "solar": True}
    with reading(desk.store) as session:
        shown = articles.topics_of(session, ids)
    assert shown[ids[0]] == ("solar", "nev") and ids[1] not in shown and shown[ids[2]] == ("nev",)
    assert all(row.index_seq > before[row.id] for row in desk.rows().values() if row.id != ids[1])
    assert reassign(intake, "another hash") == 0
    assert reassign(intake, "another hash", whole=True) == 0, "the same rules change nothing"


def test_what_staff_took_out_of_a_topic_is_not_pushed(desk: Desk) -> None:
    desk.blog.put(post(1, title="光模块厂房怎么选", posted=desk.now - timedelta(hours=1)))
    desk.run()
    (row,) = desk.rows().values()
    with desk.store.begin() as session:
        assert len(news.candidates(session, "optical", news.USUAL, desk.now)) == 1
        articles.decide_topic(session, row.id, "optical", belongs=False)
    with desk.store.begin() as session:
        assert news.candidates(session, "optical", news.USUAL, desk.now) == []


def test_an_interrupted_reassignment_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.ingest.RETOPIC_BATCH", 2)
    desk.blog.put(*posts(5))
    desk.run()
    intake = desk.intake()
    stops = iter([False, True])
    broken = replace(intake, taker=replace(intake.taker, assign=only("nev")), stopped=lambda: next(stops))
    first = reassign(broken, "h")
    rest = reassign(replace(broken, stopped=lambda: False), "h")
    assert (first, rest) == (2, 3)


@pytest.fixture
def twins(desk: Desk, tmp_path: Path) -> Taker:
    found = Twins(Index(tmp_path / "index"))

    def same_story(article_id: int, content: Content) -> int | None:
        near = found.original_of(Story(article_id, content.title, content.body, content.published_at))
        with reading(desk.store) as session:
            return articles.earlier_with(session, content.hash, article_id) or articles.still_here(session, near)

    return Taker(desk.store, rules().cleaning, taxonomy().assign, same_story, lambda: desk.now, Threshold(8))


def test_the_same_story_under_another_title_is_linked_and_told_once(desk: Desk, twins: Taker) -> None:
    from jobs.ingest import ingest

    first = post(1, title="光模块园区开工", posted=desk.now - timedelta(hours=3))
    again = replace(
        first,
        id=2,
        title="【关注】光模块大项目正式动工",
        posted=desk.now - timedelta(hours=2),
        paragraphs=first.paragraphs[:-1],
    )
    desk.blog.put(first, again, post(3, posted=desk.now - timedelta(hours=1)))
    ingest(replace(desk.intake(), taker=twins))
    rows = desk.rows()
    linked = {title: row.duplicate_of for title, row in rows.items()}
    one, other = rows[first.title], rows[again.title]
    assert sorted((linked[first.title] or 0, linked[again.title] or 0)) == [0, min(one.id, other.id)]
    with desk.store.begin() as session:
        assert len(news.candidates(session, "optical", news.USUAL, desk.now)) == 1


def test_when_the_shown_one_of_a_story_goes_the_next_is_shown(desk: Desk) -> None:
    with desk.store.begin() as session:
        ids = [
            articles.upsert(session, Content(f"http://s.example/{n}", f"t{n}", "b", desk.now), desk.now)[0]
            for n in range(4)
        ]
        for repeat in ids[1:]:
            articles.set_duplicate(session, repeat, ids[0])
        articles.mark_gone(session, ["http://s.example/0"], desk.now)
    links = {row.url[-1]: row.duplicate_of for row in desk.all_rows()}
    assert (links["1"], links["2"], links["3"]) == (None, ids[1], ids[1])


def test_repeats_point_at_one_article_and_never_in_chains(desk: Desk) -> None:
    with desk.store.begin() as session:
        a, b, c = [
            articles.upsert(session, Content(f"http://s.example/{n}", f"t{n}", "b", desk.now), desk.now)[0]
            for n in range(3)
        ]
        articles.set_duplicate(session, c, b)
        articles.set_duplicate(session, b, a)
        articles.set_duplicate(session, a, c)
    links = {row.id: row.duplicate_of for row in desk.all_rows()}
    assert (links[a], links[b], links[c]) == (None, a, a)


def test_a_sitemap_shows_what_no_list_page_does(desk: Desk) -> None:
    desk.blog.put(*posts(25))
    desk.blog.sitemap = True
    hidden = {12, 13}
    plain = desk.blog._list

    def without(target: str) -> Answer | None:
        if target != "/" and "page_" not in target:
            return None
        number = int(target.split("_")[1].split(".")[0]) if "page_" in target else 1
        text = plain(number)
        for one in hidden:
            text = text.replace(desk.blog.url(one), "/elsewhere")
        return Answer(text)

    desk.blog.faults.append(without)
    desk.run(everything=True)
    assert len(desk.rows()) == 25


def test_the_articles_own_picture_is_taken(desk: Desk) -> None:
    desk.blog.put(post(1, picture="/upload/a.jpg"), post(2))
    desk.run()
    assert {row.title: row.picture.removeprefix(desk.blog.root) for row in desk.rows().values()} == {
        post(1).title: "/upload/a.jpg",
        post(2).title: "",
    }
