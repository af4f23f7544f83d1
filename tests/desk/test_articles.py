"""Articles at the desk: what came in and why it is where it is, what staff say instead, and one written here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from bot.store import articles
from bot.store.articles import Content
from bot.store.base import Sessions, reading
from handlers.web.staff import Desk, desk_door
from tests.desk.people import Browser, Clock, Office


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
