"""Pages that were made to keep a reader busy or to break it: read like any other, in time. Most were found by fuzzing."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime

import pytest

from bot.adapters.site import api, feeds, guessing, listing, pages
from bot.adapters.site.addresses import SiteError
from bot.adapters.site.hrefs import joined
from bot.adapters.site.http import Fetcher, Forbidden
from bot.adapters.site.markup import tree
from tests.site.rules import rules

RULES = rules()
URL, NOW = "https://site.example/index.php/post/1.html", datetime(2026, 11, 25, tzinfo=UTC)
HEAD = "<html><head><title>光模块产业链</title></head><body><h1>光模块产业链</h1>"
TEXT = "<p>" + "光模块产业链进展。" * 20 + "</p>"
SIZE = 150_000
SECONDS = 6.0
"""Of CPU; what grew with the square of a page took minutes."""


@pytest.mark.parametrize(
    "piece",
    [
        "<div>", "<div class=title>光", "<div class=post-title><h2>光</h2>", "<ul><li><a href=/post/1.html>光模块", "<span>", "<b>x",
        "<a href=/x class=cate>光", "<font><p>x", "<table><tr><td>", "<div class=sidebar>光模块产业链进展", "长", "长，", "电话：400 000 0000<br>",
        "x.", "<p>来源：", "[", "<!--", "&#x41;",
    ],
)  # fmt: skip
def test_a_page_of_one_thing_again_and_again_is_read_in_time(piece: str) -> None:
    page = HEAD + TEXT + piece * (SIZE // len(piece)) + TEXT
    began = time.thread_time()
    pages.article(page, URL, RULES.themes, RULES.cleaning, NOW)
    guessing.guessed(page, URL, RULES, NOW)
    listing.list_page(tree(page), URL, 1, [URL], lambda one: one)
    listing.sitemap(page, NOW)
    assert time.thread_time() - began < SECONDS


def test_links_that_are_none_are_passed_over() -> None:
    page = tree("<a href='http://[::1'>1</a><a href='/post/2.html'>x</a><a rel=next href='//[x'>2</a>")
    assert listing.list_page(page, "https://site.example/", 1, [URL], lambda one: one).following == ""
    assert joined("https://site.example/", "http://[") == ""


@pytest.mark.parametrize("sign", ["&#xd800;", "&#x110000;", "&#" + "9" * 5000 + ";", "\x00"])
def test_a_feed_with_characters_that_are_none_is_read_or_refused(sign: str) -> None:
    item = f"<item><title>光{sign}</title><link>/1</link><description>&lt;p{sign}&gt;光</description></item>"
    with contextlib.suppress(SiteError):
        feeds.entries(f"<rss><channel>{item}</channel></rss>", RULES.cleaning)


@pytest.mark.parametrize(
    "date", ["Thu, 19 Nov 2026 23:40:34 +99999999999999999999", "1 Jan 1 00:00:00 +2359", "x", "9" * 400]
)
def test_a_date_that_is_none_leaves_an_article_undated(date: str) -> None:
    item = f"<item><title>光</title><link>/1</link><description></description><pubDate>{date}</pubDate></item>"
    (found,) = feeds.entries(f"<rss><channel>{item}</channel></rss>", RULES.cleaning)
    assert found.title == "光"


def test_a_feed_whose_parts_are_empty_is_read() -> None:
    entry = {"link": "/1", "title": "光", "summary": None, "content": [{"value": None}]}
    found = feeds._article(entry, RULES.cleaning)
    assert found is not None
    assert found.body == ""


def test_half_a_character_in_the_api_breaks_nothing() -> None:
    row = '{"ID":1,"Title":"光\\ud800","Content":"<p \\ud800>光</p>","Url":"/1","PostTime":1}'
    answer = f'{{"code":200,"data":{{"list":[{row}],"pagebar":{{"PageAll":1,"AllCount":1}}}}}}'
    assert [one.title for one in api.api_page(answer, 1, RULES.cleaning).articles] == ["光"]


def test_a_page_with_thousands_of_closed_parts_is_read_to_its_end() -> None:
    page = HEAD + "<div><span>光模块</span></div>" * 4000 + "<div class=x><p>光</p>" * 900 + "<i id=end>x</i>"
    assert tree(page).css_first("#end") is not None


@pytest.mark.parametrize(
    "answer",
    [
        "[" * 100_000,
        '{"code":500,"data":{"list":5,"pagebar":{"PageAll":1,"AllCount":1}}}',
        '{"code":200,"data":{"list":[],"pagebar":{"PageAll":1e999,"AllCount":1}}}',
        '{"code":200,"data":{"list":[],"pagebar":{"PageAll":"' + "9" * 5000 + '","AllCount":1}}}',
    ],
)
def test_an_answer_of_the_api_that_makes_no_sense_is_refused(answer: str) -> None:
    with pytest.raises(SiteError):
        api.api_page(answer, 1, RULES.cleaning)


def test_an_address_that_is_none_is_not_asked_for() -> None:
    with pytest.raises(Forbidden):
        Fetcher("https://site.example", "test").get("http://[::1/x")
