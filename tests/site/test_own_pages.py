"""The page of an article that staff wrote here."""

from __future__ import annotations

from flask import Flask

from handlers.web.own_pages import OwnPages, Shown, own_pages_door
from tests.site.texts import BEGAN

WRITTEN = Shown("光模块<b>签约", "园区动态", "", ("第一段。", "<script>alert(1)</script>"), BEGAN)


def get(path: str) -> tuple[int, str]:
    app = Flask(__name__)
    app.register_blueprint(own_pages_door(OwnPages({"/a/abc123": WRITTEN}.get, "某某产业园区网")))
    answer = app.test_client().get(path)
    return answer.status_code, answer.get_data(as_text=True)


def test_the_page_shows_the_article_and_runs_nothing_of_it() -> None:
    status, page = get("/a/abc123")
    assert status == 200 and "第一段。" in page and "2026-09-01" in page
    assert "<script>" not in page and "&lt;script&gt;alert(1)" in page and "光模块&lt;b&gt;签约" in page


def test_other_addresses_show_nothing() -> None:
    for path in ("/a/other", "/a/abc123%25", "/a/..", "/a/%2e%2e%2fabc"):
        assert get(path)[0] == 404
