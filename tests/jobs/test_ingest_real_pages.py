"""The real pages, feed and API answers of a Z-Blog site, served from ../shared/zblog: each of the three ways stores the
customer's article with date, category and a clean body, and the search finds it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.adapters.site.pages import article
from bot.store.articles import Article
from tests.site.rules import rules
from tests.site.zblog import Answer, served

SHARED = Path(__file__).parents[2].parent / "shared" / "zblog"
BASE = "http://127.0.0.1:18080"
TITLE = "探索赋能产业链发展新路径"
POSTED = datetime(2026, 9, 21, 10, 3, tzinfo=UTC)
NEVER = (
    "微信号",
    "13391219793",
    "400 0123 021",
    "版权声明",
    "扫一扫",
    "分享给朋友",
    "相关文章",
    "上一篇",
    "请说明您的需求",
)

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/zblog is not here")


def file(name: str) -> str:
    return (SHARED / name).read_text(encoding="utf-8")


def truth() -> list[str]:
    """The paragraphs as they were posted, from the API's own answer; the contact block is the last paragraph."""
    import html
    import re

    content = html.unescape(json.loads(file("api_post_get.json"))["data"]["post"]["Content"])
    return [one.replace("\u3000", "").strip() for one in re.findall(r"<p>(.*?)</p>", content)[:-1]]


def pages(theme: str) -> dict[str, str]:
    second = "tpure_index_page2.html" if theme == "tpure" else "default_page2.html"
    made = {
        "/": f"{theme}_index.html", "/index.php/page_2.html": second, "/index.php/post/3.html": f"{theme}_article_3_seed.html",
        "/index.php/post/50.html": f"{theme}_article_50.html",
    }  # fmt: skip
    if theme == "tpure":
        made["/index.php/post/60.html"] = "tpure_article_60.html"
    return made


def seed_item() -> str:
    """The customer's article as one more item of the real feed: the real one had ten newer ones."""
    import html

    post = json.loads(file("api_post_get.json"))["data"]["post"]
    return (
        f"<item><title>{TITLE}</title><link>{post['Url']}</link><description>{post['Content']}</description>"
        f"<pubDate>Mon, 21 Sep 2026 18:03:00 +0800</pubDate></item>{html.escape('')}"
    )


def site(theme: str, way: str) -> Callable[[str, dict[str, str]], Answer]:
    def answer(target: str, headers: dict[str, str]) -> Answer:
        parts, home = urlsplit(target), f"http://{headers['Host']}"
        text = text_of(parts.path, parse_qs(parts.query))
        if text is None:
            return Answer(file("tpure_404.html"), 404)
        return Answer(text.replace(BASE, home), 503 if "API 未启用" in text else 200)

    def text_of(path: str, query: dict[str, list[str]]) -> str | None:
        if path == "/feed.php":
            return file("feed.xml").replace("</channel>", seed_item() + "</channel>") if way == "feed" else None
        if path == "/zb_system/api.php":
            return api(query) if way == "api" else file("api_disabled_http503.json")
        if way == "pages" and path == "/":
            return file(pages(theme)[path]).replace("/post/1.html", "/post/3.html")
        return file(pages(theme)[path]) if path in pages(theme) else None

    return answer


def api(query: dict[str, list[str]]) -> str:
    made = json.loads(file("api_post_list.json"))
    made["data"]["list"].append(json.loads(file("api_post_get.json"))["data"]["post"])
    made["data"]["pagebar"] |= {"AllCount": len(made["data"]["list"]), "PageAll": 1}
    return json.dumps(made, ensure_ascii=False)


@contextmanager
def told(root: str, folder: Path, redis_url: str) -> Iterator[dict[str, str]]:
    yield {
        **os.environ, "SITE_URL": root, "SITE_ALLOW_PRIVATE": "1", "DATA_DIR": str(folder), "REDIS_URL": redis_url,
        "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}", "WECHAT_APP_ID": "wx" + "0" * 16, "WECHAT_APP_SECRET": "s" * 16,
        "WECHAT_TOKEN": "token", "WECHAT_AES_KEY": "A" * 43, "SECRET_KEY": "k" * 32,
        "DATA_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    }  # fmt: skip


def run(environ: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words], env=environ, capture_output=True, text=True, timeout=120
    )
    assert done.stdout, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("theme", "way"), [("tpure", "feed"), ("tpure", "api"), ("tpure", "pages"), ("default", "pages")]
)
def test_each_way_stores_the_customers_article_and_the_search_finds_it(
    theme: str, way: str, tmp_path: Path, redis_url: str
) -> None:
    from bot.store.base import sessions

    with served(site(theme, way)) as root, told(root, tmp_path, redis_url) as environ:
        run(environ, "ingest", *([] if way == "feed" else ["--all"]))
        answer = json.loads(run(environ, "search", "小米 智能工厂", "--json"))
    assert answer["answered"] and answer["articles"][0]["title"] == TITLE
    with sessions(environ["DATABASE_URL"])() as session:
        row = session.query(Article).filter(Article.title == TITLE).one()
    assert row.url == f"{root}/index.php/post/3.html"
    assert row.category == "产业地产资讯"
    assert abs((row.published_at - POSTED).total_seconds()) <= 86400
    assert row.body.split("\n") == truth()
    assert not [word for word in NEVER if word in row.body + row.summary]
    assert row.summary.endswith(("。", "？", "！", "?")) and len(row.summary) <= 120


@pytest.mark.parametrize(
    ("name", "title", "category"),
    [
        ("tpure_article_3_seed", TITLE, "产业地产资讯"),
        ("default_article_3_seed", TITLE, "产业地产资讯"),
        ("tpure_article_50", None, None),
        ("default_article_50", None, None),
        ("tpure_article_60", None, None),
    ],
)
def test_every_real_page_gives_title_category_date_and_a_clean_body(
    name: str, title: str | None, category: str | None
) -> None:
    now = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    found = article(file(f"{name}.html"), f"{BASE}/x", rules().themes, rules().cleaning, now)
    assert found and found.category and found.author == "admin" and found.precision != "unknown"
    assert title in (None, found.title) and category in (None, found.category)
    assert not [word for word in NEVER if word in found.body]
    assert len(found.body) > 200


def test_both_themes_show_the_same_article_the_same() -> None:
    now = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    for number in ("3_seed", "50"):
        one, other = (
            article(file(f"{theme}_article_{number}.html"), f"{BASE}/x", rules().themes, rules().cleaning, now)
            for theme in ("tpure", "default")
        )
        assert one and other and (one.title, one.body, one.category) == (other.title, other.body, other.category)
        assert abs(one.published - other.published).total_seconds() <= 86400


def test_a_list_page_is_not_taken_for_an_article() -> None:
    now = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    for name in ("default_index.html", "tpure_index.html", "tpure_category2.html", "default_page2.html"):
        assert article(file(name), f"{BASE}/", rules().themes, rules().cleaning, now) is None
