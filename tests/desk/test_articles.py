"""Articles at the desk: what came in and why it is where it is, what staff say instead, and one written here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from bot import wiring
from bot.store import articles, news
from bot.store.articles import Content
from bot.store.base import Sessions, reading
from handlers.web.staff import Desk, desk_door
from tests.desk.people import Browser, Clock, Office

URL = "https://site.example/1.html"


@pytest.fixture
def shelf(store: Sessions, clock: Clock) -> int:
    with store.begin() as session:
        found = Content("https://site.example/1.html", "<b>机器人</b>产业链", "内容", clock(), summary="一句话")
        number, _ = articles.upsert(session, found, clock())
        articles.set_topics(session, number, (("robot", 0.95, "标题里有 机器人"),))
    return number


def topics(store: Sessions, number: int) -> list[tuple[str, float, bool]]:
    with reading(store) as session:
        return [(row.topic, row.score, row.by_staff) for row in articles.reasons_of(session, [number]).get(number, [])]


def test_an_article_is_shown_with_its_topics_and_why(shelf: int, li: Browser) -> None:
    assert "机器人 标题里有 机器人" in li.see("/articles")
    assert "<b>机器人</b>产业链" not in li.get("/articles").text


def test_staff_overrule_a_topic_and_give_it_back(shelf: int, wang: Browser, store: Sessions, office: Office) -> None:
    assert wang.post(f"/articles/{shelf}/topic", topic="robot", verdict="no").status_code == 303
    assert topics(store, shelf) == [("robot", 0.0, True)]
    assert "不属于 同事决定：wang" in wang.see("/articles")
    wang.post(f"/articles/{shelf}/topic", topic="robot", verdict="rules")
    assert topics(store, shelf) == []
    wang.post(f"/articles/{shelf}/topic", topic="robot", verdict="yes")
    assert topics(store, shelf) == [("robot", 1.0, True)]
    assert [row.detail for row in office.log("article topic")] == ["robot no", "robot rules", "robot yes"]


def test_an_agent_only_looks(shelf: int, li: Browser, store: Sessions) -> None:
    assert li.post(f"/articles/{shelf}/topic", topic="robot", verdict="no").status_code == 403
    assert topics(store, shelf) == [("robot", 0.95, False)]


@pytest.mark.parametrize(("number", "form", "status"), [
    (99, {"topic": "robot", "verdict": "no"}, 404),
    (1, {"topic": "nothing", "verdict": "no"}, 400),
    (1, {"topic": "robot", "verdict": "perhaps"}, 400),
])  # fmt: skip
def test_what_is_not_there_cannot_be_decided(
    shelf: int, wang: Browser, number: int, form: dict[str, str], status: int
) -> None:
    assert wang.post(f"/articles/{number}/topic", **form).status_code == status


def test_one_is_written_and_an_incomplete_one_is_not(desk: Desk, office: Office) -> None:
    taken: list[tuple[str, ...]] = []

    def write(*given: str) -> tuple[int, str]:
        if not given[0] or not given[2]:
            raise ValueError
        taken.append(given)
        return 7, "https://bot.example/a/7"

    app = Flask("written")
    desk_door(app, replace(desk, write_article=write))
    wang = Browser(app)
    assert wang.sign_in("wang").status_code == 303
    wang.post("/articles", title="新园区开园", category="动态", body="第一段\r\n第二段", url="")
    assert taken == [("新园区开园", "动态", "第一段\n第二段", "")]
    assert "文章已发布" in wang.see("/articles")
    wang.post("/articles", title="", body="x", url="")
    assert "标题和正文都要写" in wang.see("/articles")
    assert len(taken) == 1
    assert [row.target for row in office.log("write article")] == ["7"]


def test_a_page_has_thirty_and_older_ones_follow(store: Sessions, clock: Clock, li: Browser) -> None:
    with store.begin() as session:
        for number in range(31):
            articles.upsert(
                session, Content(f"https://site.example/{number}", f"第 {number} 号", "x", clock()), clock()
            )
    first = li.get("/articles").text
    assert "第 30 号" in first and "第 0 号" not in first
    assert "第 0 号" in li.get("/articles?before=2").text


def row(store: Sessions, number: int) -> articles.Article:
    with reading(store) as session:
        return session.get_one(articles.Article, number)


@pytest.fixture(params=["store", "postgres_store"])
def either(request: pytest.FixtureRequest) -> Sessions:
    made: Sessions = request.getfixturevalue(request.param)
    return made


def from_site(store: Sessions, clock: Clock, title: str, body: str, summary: str, url: str = URL) -> int:
    with store.begin() as session:
        return articles.upsert(session, Content(url, title, body, clock(), summary=summary, source="feed"), clock())[0]


def test_words_of_staff_stay_when_the_site_changes_its_own(either: Sessions, clock: Clock) -> None:
    number = from_site(either, clock, "原题", "内容", "一句话")
    seq = row(either, number).index_seq
    with either.begin() as session:
        article = session.get_one(articles.Article, number)
        assert articles.reword(session, article, {"title": "更好的标题", "summary": ""}) == ("title",)
    assert row(either, number).index_seq > seq
    assert from_site(either, clock, "又改的题", "新内容", "又一句") == number
    now = row(either, number)
    assert (now.title, now.body, now.summary) == ("更好的标题", "新内容", "又一句")
    with either.begin() as session:
        articles.reword(session, session.get_one(articles.Article, number), {"title": "", "summary": ""})
    assert (row(either, number).title, row(either, number).replaced) == ("又改的题", {})


def test_the_same_words_change_nothing(either: Sessions, clock: Clock) -> None:
    number = from_site(either, clock, "原题", "内容", "一句话")
    before = row(either, number).index_seq
    with either.begin() as session:
        article = session.get_one(articles.Article, number)
        assert articles.reword(session, article, {"title": "原题", "summary": "一句话"}) == ()
    assert (row(either, number).index_seq, row(either, number).replaced) == (before, {})


def test_a_hidden_article_is_in_no_answer_and_no_push_whatever_the_site_does(either: Sessions, clock: Clock) -> None:
    number = from_site(either, clock, "原题", "内容", "")
    with either.begin() as session:
        articles.set_topics(session, number, (("robot", 0.95, "标题"),))
    later = clock() + timedelta(minutes=1)

    def where() -> tuple[bool, bool, bool, int]:
        with reading(either) as session:
            article = session.get_one(articles.Article, number)
            return (
                wiring.document_of(article, ()) is not None,
                bool(news.candidates(session, "robot", news.USUAL, later)),
                bool(news.stories(session, [number])),
                articles.topic_counts(session).get("robot", 0),
            )

    assert where() == (True, True, True, 1)
    with either.begin() as session:
        assert articles.set_hidden(session, session.get_one(articles.Article, number), clock())
    assert where() == (False, False, False, 0)
    from_site(either, clock, "改过的题", "改过的内容", "")
    with either.begin() as session:
        articles.mark_gone(session, [URL], clock())
    from_site(either, clock, "回来了", "回来了", "")
    assert where() == (False, False, False, 0)
    with either.begin() as session:
        assert articles.set_hidden(session, session.get_one(articles.Article, number), None)
    assert where() == (True, True, True, 1)


def test_repeats_are_hidden_with_it_also_those_that_come_later(either: Sessions, clock: Clock) -> None:
    first, second, third = (
        from_site(either, clock, "同一条", "同一条", "", f"https://site.example/same/{n}") for n in range(3)
    )
    with either.begin() as session:
        articles.set_duplicate(session, second, first)
        articles.set_hidden(session, session.get_one(articles.Article, first), clock())
        articles.set_duplicate(session, third, first)
    assert [row(either, one).hidden_at for one in (first, second, third)] == [clock()] * 3


def test_staff_reword_an_article_and_take_it_back(shelf: int, wang: Browser, store: Sessions, office: Office) -> None:
    assert wang.post(f"/articles/{shelf}/reword", title=" 机器人\n<i>园区</i> ", summary="一句话").status_code == 303
    assert row(store, shelf).title == "机器人 <i>园区</i>"
    page = wang.get("/articles").text
    assert "机器人 &lt;i&gt;园区&lt;/i&gt;" in page and "<i>园区" not in page
    assert "网站上：&lt;b&gt;机器人" in page
    wang.post(f"/articles/{shelf}/reword", title="", summary="")
    assert (row(store, shelf).title, row(store, shelf).summary) == ("<b>机器人</b>产业链", "一句话")
    wang.post(f"/articles/{shelf}/reword", title="", summary="")
    assert [one.detail for one in office.log("edit article")] == ["title", "title"]


def test_staff_hide_an_article_and_show_it_again(
    shelf: int, wang: Browser, li: Browser, store: Sessions, office: Office
) -> None:
    assert wang.post(f"/articles/{shelf}/hide").status_code == 303
    assert row(store, shelf).hidden_at is not None
    assert "已隐藏" in li.see("/articles")
    wang.post(f"/articles/{shelf}/hide")
    assert wang.post(f"/articles/{shelf}/show").status_code == 303
    assert row(store, shelf).hidden_at is None
    acts = [(one.who, one.act, one.target) for act in ("hide article", "show article") for one in office.log(act)]
    assert acts == [("wang", "hide article", str(shelf)), ("wang", "show article", str(shelf))]


@pytest.mark.parametrize("act", ["reword", "hide", "show"])
def test_only_managers_change_an_article_and_only_one_that_is_there(
    shelf: int, li: Browser, wang: Browser, store: Sessions, act: str
) -> None:
    assert li.post(f"/articles/{shelf}/{act}", title="x").status_code == 403
    assert wang.client.post(f"/staff/articles/{shelf}/{act}", data={"title": "x"}).status_code == 400
    assert (row(store, shelf).replaced, row(store, shelf).hidden_at) == ({}, None)
    assert wang.post(f"/articles/{shelf + 98}/{act}").status_code == 404
