"""Figures: counted from rows made by the same road as real ones, drawn, tabled and taken home as files."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import pytest
from openpyxl import load_workbook

from bot.commands import demo as made_up
from bot.dialogue.effects import Asked, Followed, InquiryBegun, TopicsChosen
from bot.store import articles, figures, leads
from bot.store.articles import Content
from bot.store.base import Sessions, reading
from bot.store.figures import Span
from config import texts
from tests.desk.people import Browser, Clock, Office


@pytest.fixture
def busy(office: Office, clock: Clock) -> Office:
    """Three followed, two by the fair; two asked; of two leads of the fair one was won, one waits."""
    for number, scene in enumerate(("展会", "展会", "")):
        office.say(f"o{number}", f"follow {number}", Followed(scene))
    office.say("o0", "ask 0", Asked("光模块", True, (1,)))
    office.say("o2", "ask 2", Asked("冷库", False))
    # Three of the fair and one of nowhere began an inquiry; two of the fair came to its end.
    for turn, (number, scene) in enumerate(((0, "展会"), (1, "展会"), (1, "展会"), (2, ""))):
        office.say(f"o{number}", f"begin {turn}", InquiryBegun(scene))
    won, _ = office.lead("o0", scene="展会"), office.lead("o1", scene="展会", mobile=["+8613800000999"])
    with office.desk.sessions.begin() as session:
        clock.forward(hours=2)
        assert leads.claim(session, won, leads.by_number(session, won).version, "li", clock())  # type: ignore[union-attr]
    for state in ("contacted", "visited", "negotiating", "won"):
        with office.desk.sessions.begin() as session:
            clock.forward(hours=1)
            leads.move(session, won, state, "li", clock())
    return office


def test_the_way_from_following_to_a_lease_by_source(busy: Office, store: Sessions, clock: Clock) -> None:
    span = Span.last(30, clock())
    with reading(store) as session:
        rows = {row.name: row.counts for row in figures.by_source(session, span)}
        speeds = figures.speeds(session, span)
        every, unanswered = figures.questions(session, span)
    assert rows["展会"] == [2, 2, 3, 2, 1, 1, 1]
    assert rows[""] == [1, 1, 1, 0, 0, 0, 0]
    assert (speeds["claimed"].median, speeds["claimed"].count, speeds["claimed"].of) == (2.0, 1, 2)
    assert speeds["contacted"].median == 3.0
    assert (every, unanswered) == (4, 3)  # each lead comes with a question of its own, see people.py


def test_what_was_before_the_span_does_not_count(busy: Office, store: Sessions, clock: Clock) -> None:
    clock.forward(days=40)
    with reading(store) as session:
        assert figures.by_source(session, Span.last(30, clock())) == []
        assert figures.by_source(session, Span.last(90, clock()))


def test_a_topic_counts_who_follows_reads_and_hands_in(office: Office, store: Sessions, clock: Clock) -> None:
    with store.begin() as session:
        found = Content("https://site.example/1.html", "光模块", "内容", clock())
        article, _ = articles.upsert(session, found, clock())
        articles.set_topics(session, article, (("robot", 1.0, "标题"),))
    office.say("o0", "topics", TopicsChosen(("robot",)))
    office.say("o0", "ask", Asked("机器人", True, (article,)))
    office.say("o0", "ask again", Asked("机器人企业", True, (article,)))
    office.say("o0", "begin", InquiryBegun("", (article,)))
    office.say("o1", "begin too", InquiryBegun("", (article, 999)))
    office.say("o2", "begin for nothing", InquiryBegun("", (999,)))
    office.lead("o0")  # its lead has read articles 1 and 2
    with reading(store) as session:
        rows = {row.name: row.counts for row in figures.by_topic(session, Span.last(30, clock()))}
    assert rows["robot"] == [1, 1, 2, 1, 0, 0, 0]


@pytest.mark.parametrize(("days", "points"), [(7, 7), (30, 30), (90, 13), (365, 53)])
def test_a_series_has_days_or_weeks(busy: Office, store: Sessions, clock: Clock, days: int, points: int) -> None:
    with reading(store) as session:
        drawn = figures.series(session, Span.last(days, clock()))
    assert {name: len(counts) for name, counts in drawn.lines.items()} == dict.fromkeys(drawn.lines, points)
    assert {name: sum(counts) for name, counts in drawn.lines.items()} == {
        "followed": 3, "asked": 4, "lead": 2, "won": 1,
    }  # fmt: skip


def test_a_day_begins_at_midnight_in_china(clock: Clock) -> None:
    span = Span.last(1, clock())
    assert span.since.isoformat().endswith("00:00+08:00")
    assert span.since <= clock() < span.until


def test_the_page_draws_and_tables_them(busy: Office, wang: Browser) -> None:
    page = wang.get("/figures?days=30").text
    found = re.search(r'data-chart="([^"]+)"', page)
    assert found
    chart = json.loads(unescape(found[1]))
    assert [line["name"] for line in chart["lines"]] == ["新关注", "提问", "新线索", "成交"]
    assert all(len(line["counts"]) == len(chart["at"]) for line in chart["lines"])
    words = wang.see("/figures?days=30")
    assert "展会 2 2 3 2 1 1 1" in words and "冷库" in words


def test_files_say_the_same_and_hold_no_formula(busy: Office, wang: Browser) -> None:
    busy.say("o2", "ask evil", Asked("=HYPERLINK(1)", False))
    told = wang.post("/figures", kind="csv", table="unanswered", days=30)
    rows = list(csv.reader(io.StringIO(told.data.decode("utf-8-sig"))))
    assert ["'=HYPERLINK(1)", "1"] in [row[:2] for row in rows]
    book = load_workbook(io.BytesIO(wang.post("/figures", kind="xlsx", days=30).data))
    assert book.sheetnames[0] == "按来源"
    assert [cell.value for cell in book["按来源"][2]] == ["展会", 2, 2, 3, 2, 1, 1, 1]
    assert len(busy.log("export figures")) == 2
    assert wang.post("/figures", kind="csv", table="nothing").status_code == 404


def test_an_empty_desk_has_figures_too(wang: Browser) -> None:
    assert "这段时间没有数据" in wang.see("/figures")


def test_a_living_desk_is_shown_quickly(office: Office, wang: Browser, clock: Clock) -> None:
    topics = ["optical", "cnc"]
    made_up.demo(
        made_up.Demo(office.desk.sessions, office.desk.secrets, texts.one("demo"), topics, clock()), io.StringIO()
    )
    clock.forward(seconds=1)
    words = wang.see("/figures?days=90")
    assert "demo-chen" in words and "招商大会" in words
