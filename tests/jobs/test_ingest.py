"""Taking in a site by each of its ways: every post once, as it was written, whatever the site does meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.adapters.site.body import arranged
from bot.adapters.site.http import Later, SiteError
from bot.store.articles import Article
from bot.store.base import Sessions, reading
from tests.jobs.taking_in import Desk, differences
from tests.site.texts import post, posts
from tests.site.zblog import Answer, Blog, serving


@pytest.fixture
def desk(store: Sessions) -> Iterator[Desk]:
    with serving(Blog()) as blog:
        yield Desk(store, blog)


def test_the_feed_brings_new_articles_with_date_category_and_clean_body(desk: Desk) -> None:
    desk.blog.put(*posts(5))
    done = desk.run()
    assert (done.new, done.failed) == (5, 0)
    assert differences(desk) == []
    row = desk.rows()[post(3).title]
    assert (row.category, row.published_at, row.author) == (post(3).category, post(3).posted, "编辑部")
    assert row.tags == list(post(3).tags)
    assert row.summary and len(row.summary) <= 120 and row.summary.endswith("。")


def test_the_api_brings_the_whole_site(desk: Desk) -> None:
    desk.blog.api = True
    desk.blog.put(*posts(120))
    assert desk.run(everything=True).failed == 0
    assert differences(desk) == []
    assert {row.category for row in desk.rows().values()} == {one.category for one in posts(120)}


def test_list_and_article_pages_bring_the_whole_site_without_feed_and_api(desk: Desk) -> None:
    desk.blog.feed = False
    desk.blog.put(*posts(35))
    desk.run(everything=True)
    assert differences(desk) == []


@pytest.mark.parametrize("way", ["feed", "api", "pages"])
def test_each_way_keeps_the_looks_of_an_article_for_drafts(desk: Desk, way: str) -> None:
    desk.blog.feed, desk.blog.api = way == "feed", way == "api"
    desk.blog.put(*posts(3))
    desk.run(everything=way != "feed")
    with reading(desk.store) as session:
        kept = {row.title: row.html for row in session.execute(sa.select(Article.title, Article.html))}
    for row in desk.rows().values():
        looks = [block for block in arranged(kept[row.title], row.body) if block.plain]
        assert [block.plain for block in looks] == row.body.split("\n")
        assert kept[row.title].count("<p>") >= 2
        assert "class=" not in kept[row.title]


def test_the_looks_of_articles_known_before_are_filled_in(desk: Desk) -> None:
    desk.blog.put(*posts(3))
    desk.run()
    with desk.store.begin() as session:
        session.execute(sa.update(Article).values(html=""))
    desk.blog.put(*posts(4))
    desk.run()
    with reading(desk.store) as session:
        assert all(session.scalars(sa.select(Article.html)))


def test_the_first_run_of_the_clock_takes_in_the_whole_site(desk: Desk) -> None:
    desk.blog.put(*posts(35))
    desk.run()
    assert differences(desk) == []


def test_a_second_run_finds_nothing_new_and_reads_no_page_twice_for_it(desk: Desk) -> None:
    desk.blog.put(*posts(12))
    desk.run()
    desk.later(minutes=5)
    done = desk.run()
    assert (done.new, done.changed, done.gone, done.failed) == (0, 0, 0, 0)


def test_more_new_articles_than_a_feed_holds_are_all_found(desk: Desk) -> None:
    desk.blog.put(*posts(12))
    desk.run()
    desk.blog.put(*posts(30, first=13))
    desk.later(minutes=5)
    assert desk.run().new == 30
    assert differences(desk) == []


def test_pinned_posts_do_not_end_the_walk(desk: Desk) -> None:
    desk.blog.feed = False
    desk.blog.put(*posts(25))
    desk.run()
    desk.blog.pinned = (1, 2)
    desk.blog.put(*posts(14, first=26))
    desk.later(minutes=5)
    desk.run()
    assert differences(desk) == []


def test_an_edit_is_taken_in_whichever_way_shows_it(desk: Desk) -> None:
    desk.blog.put(*posts(15))
    desk.run()
    for number in (15, 2):  # one in the feed, one long out of it
        old = desk.blog.posts[number]
        desk.blog.put(replace(old, paragraphs=(*old.paragraphs, "后来补充的一段，写明了结果。")))
    desk.later(minutes=5)
    done = desk.run()
    assert done.changed == 2
    assert differences(desk) == []


def test_the_api_tells_an_edit_of_any_age_at_once(desk: Desk) -> None:
    desk.blog.api = True
    desk.blog.put(*posts(200))
    desk.run(everything=True)
    desk.run()
    old = desk.blog.posts[3]
    desk.blog.put(replace(old, title="改过的标题：第3号观察"))
    desk.blog.edited[3] = desk.now + timedelta(minutes=4)
    desk.later(minutes=5)
    assert desk.run().changed == 1
    assert "改过的标题：第3号观察" in desk.rows()


def test_a_deleted_article_goes_with_the_next_run_if_the_feed_had_it(desk: Desk) -> None:
    desk.blog.put(*posts(9))
    desk.run()
    del desk.blog.posts[5]
    desk.later(minutes=5)
    assert desk.run().gone == 1
    assert differences(desk) == []


def test_an_old_deleted_article_goes_with_a_whole_walk(desk: Desk) -> None:
    desk.blog.put(*posts(60))
    desk.run(everything=True)
    del desk.blog.posts[7]
    desk.later(hours=1)
    assert desk.run(everything=True).gone == 1
    assert differences(desk) == []


def test_an_article_that_comes_back_is_here_again(desk: Desk) -> None:
    desk.blog.put(*posts(9))
    desk.run()
    gone = desk.blog.posts.pop(5)
    desk.later(minutes=5)
    desk.run()
    desk.blog.put(gone)
    desk.later(minutes=5)
    desk.run()
    assert differences(desk) == []


def trouble(status: int, body: str = "", **headers: str) -> Answer:
    return Answer(body, status, dict(headers))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(trouble(503), id="503"),
        pytest.param(trouble(500, "<html>error</html>"), id="500"),
        pytest.param(trouble(404, "<html>404</html>"), id="404 for everything"),
        pytest.param(Answer("<html><body></body></html>"), id="empty pages"),
        pytest.param(Answer(b"\x00\xff\xfe\x80" * 500), id="garbage"),
        pytest.param(Answer(""), id="nothing"),
        pytest.param(
            Answer('{"code":200,"data":{"list":[],"pagebar":{"PageAll":0,"AllCount":0}}}'), id="an empty list"
        ),
        pytest.param(Answer('<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>'), id="an empty feed"),
        pytest.param(Answer("<html><head><title>您访问的页面不存在或已删除</title></head></html>"), id="soft 404"),
        pytest.param(Answer("", 302, {"Location": "/"}), id="led home"),
    ],
)
@pytest.mark.parametrize("api", [False, True])
def test_a_site_in_trouble_never_makes_articles_vanish(desk: Desk, answer: Answer, api: bool) -> None:
    desk.blog.api = api
    desk.blog.put(*posts(12))
    desk.run(everything=True)
    desk.blog.faults.append(lambda target: answer)
    for everything in (False, True, False):
        desk.later(days=2)
        try:
            done = desk.run(everything=everything)
        except SiteError:
            continue
        assert done.gone == 0
    desk.blog.faults.clear()
    desk.later(days=2)
    desk.run()
    assert differences(desk) == []


def test_a_site_whose_article_pages_all_answer_404_has_broken_addresses_and_lost_nothing(desk: Desk) -> None:
    desk.blog.put(*posts(12))
    desk.run()
    desk.blog.faults.append(lambda target: trouble(404, "<html>404</html>") if "/post/" in target else None)
    for _ in range(3):
        desk.later(days=2)
        assert desk.run().gone == 0
    assert differences(desk) == []


def test_half_a_page_is_not_taken_for_an_edit(desk: Desk) -> None:
    desk.blog.put(*posts(12))
    desk.run()

    def half(target: str) -> Answer | None:
        if "/post/" not in target:
            return None
        number = int(target.split("/")[-1].removesuffix(".html"))
        page = desk.blog.page(desk.blog.posts[number])
        return Answer(page[: page.index("。") + 1])

    desk.blog.faults.append(half)
    desk.later(minutes=5)
    desk.run()
    assert differences(desk) == []


def test_half_a_feed_is_not_taken_for_edits(desk: Desk) -> None:
    desk.blog.put(*posts(9))
    desk.run()
    desk.blog.faults.append(lambda target: Answer(desk.blog._feed()[:-700]) if target == "/feed.php" else None)
    desk.later(minutes=5)
    done = desk.run()
    assert (done.changed, done.gone) == (0, 0)
    assert differences(desk) == []


def test_articles_that_could_not_be_read_are_read_when_the_site_is_well_again(desk: Desk) -> None:
    desk.blog.put(*posts(25))
    desk.blog.feed = False
    bad = {"/index.php/post/20.html", "/index.php/post/4.html"}
    desk.blog.faults.append(lambda target: trouble(503) if target in bad else None)
    assert desk.run().new == 23
    desk.blog.faults.clear()
    desk.later(minutes=5)
    assert desk.run().new == 2
    assert differences(desk) == []


def test_a_walk_that_was_stopped_goes_on_and_loses_nothing(desk: Desk) -> None:
    desk.blog.feed = False
    desk.blog.put(*posts(60))
    asked = iter(range(100))
    desk.stop = lambda: next(asked) > 30
    desk.run(everything=True)
    taken = len(desk.rows())
    assert 10 < taken < 50
    desk.stop = lambda: False
    desk.blog.asked.clear()
    desk.again()
    desk.run(everything=True)
    assert differences(desk) == []
    pages = [target for target in desk.blog.asked if "/post/" in target]
    assert len(pages) <= 60 - taken + 2 * desk.blog.per_page, "read from where it stopped, not from the beginning"


def test_a_walk_that_the_site_broke_off_goes_on_where_it_was(desk: Desk) -> None:
    desk.blog.api = True
    desk.blog.put(*posts(200))
    calls = iter(range(100))

    def breaks(target: str) -> Answer | None:
        return trouble(500) if "page=3&" in target and next(calls) < 3 else None

    desk.blog.faults.append(breaks)
    with pytest.raises(SiteError):
        desk.run(everything=True)
    assert len(desk.rows()) == 100
    desk.run(everything=True)
    assert differences(desk) == []


def test_posts_that_move_while_we_walk_are_neither_lost_nor_doubled(desk: Desk) -> None:
    desk.blog.feed = False
    desk.blog.put(*posts(45))
    fresh = iter(range(46, 60))

    def publishes(target: str) -> Answer | None:
        if "page_" in target and (number := next(fresh, None)):
            desk.blog.put(post(number))
        return None

    desk.blog.faults.append(publishes)
    desk.run(everything=True)
    desk.blog.faults.clear()
    desk.later(minutes=5)
    desk.run()
    assert differences(desk) == []
    urls = [row.url for row in desk.all_rows()]
    assert len(urls) == len(set(urls))


def test_a_site_that_asks_for_rest_gets_it(desk: Desk) -> None:
    desk.blog.put(*posts(3))
    desk.blog.faults.append(lambda target: Answer("", 429, {"Retry-After": "600"}))
    with pytest.raises(Later):
        desk.run()
    desk.blog.faults.clear()
    desk.blog.asked.clear()
    desk.later(minutes=5)
    with pytest.raises(Later):
        desk.run()
    assert desk.blog.asked == []
    desk.later(minutes=6)
    assert desk.run().new == 3


def test_http_and_https_and_tracking_make_no_second_article(desk: Desk) -> None:
    desk.blog.put(*posts(3))
    desk.run()
    desk.blog.faults.append(
        lambda target: (
            Answer(desk.blog._feed().replace(".html</link>", ".html?utm_source=feed#top</link>"))
            if target == "/feed.php"
            else None
        )
    )
    desk.later(minutes=5)
    desk.run()
    assert len(desk.all_rows()) == 3


def test_a_feed_of_extracts_is_filled_up_from_the_pages(desk: Desk) -> None:
    desk.blog.extracts = True
    desk.blog.put(*posts(12))
    desk.run()
    assert differences(desk) == []


def test_an_article_of_tomorrow_is_stored_and_not_news(desk: Desk) -> None:
    from bot.store import news

    desk.blog.put(
        post(1, title="光模块产业链明天见", posted=desk.now + timedelta(days=1)),
        post(2, title="光模块产业链今天见", posted=desk.now - timedelta(hours=1)),
    )
    desk.run()
    assert len(desk.rows()) == 2
    with desk.store.begin() as session:
        fresh = news.candidates(session, "optical", news.USUAL, desk.now)
    titles = {row.id: title for title, row in desk.rows().items()}
    assert [titles[one.article_id] for one in fresh] == ["光模块产业链今天见"]


def test_progress_is_told_with_how_many_there_are(desk: Desk) -> None:
    desk.blog.api = True
    desk.blog.put(*posts(130))
    desk.run(everything=True)
    assert desk.told[-1][:2] == (130, 130)
