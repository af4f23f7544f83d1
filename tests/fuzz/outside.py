"""What comes from the firm's site and from the robots of staff groups."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from unittest import mock

import httpx
from hypothesis import strategies as st

from bot.adapters.site import api, feeds, guessing, listing, pages
from bot.adapters.site.addresses import SiteError
from bot.adapters.site.http import Fetcher
from bot.adapters.site.markup import tree
from bot.adapters.site.pages import Rules
from bot.adapters.site.site import Site
from bot.adapters.staff import robot
from bot.adapters.staff.dingtalk import DingTalk
from bot.adapters.staff.errors import NotTold
from bot.adapters.staff.feishu import Feishu
from bot.adapters.staff.wecom import WeCom
from bot.samplesite.app import create_app
from bot.samplesite.posts import Posts
from config import texts
from tests.fuzz.shapes import json_like, objects_of, pieces
from tests.fuzz.target import Target

URL = "https://site.example/index.php/post/1.html"
TAGS = (
    "<html>", "<head>", "<title>光模块</title>", "</head>", "<body>", "<h1>", "</h1>", "<h1 class='title'>", "<div>", "</div>",
    "<div class='content'>", "<article>", "</article>", "<p>", "</p>", "<table><tr><td>", "<li>", "<ul>", "<br>", "<img src='",
    "<img src='data:x'>", "<a href='/index.php/post/2.html'>", "<a href='http://[::1'>", "<a href='//x:99999/'>", "'>", "</a>",
    "<link rel='canonical' href='", "<base href='http://['>", "<script>", "</script>", "<style>", "<!--", "-->", "<![CDATA[",
    "<meta name='description' content='", "<time datetime='", "2026-13-45", "2026年2月30日", "刚刚", "99999999999天前", "昨天 25:61",
    "&#x110000;", "&nbsp;", "&lt;", "版权所有", "来源：", "<template>", "<svg>", "<math>", "<noscript>", "<frameset>", "\x00", "\ufeff",
    "<urlset>", "<url><loc>", "</loc></url>", "<sitemap><loc>/x</loc></sitemap>", "<lastmod>x</lastmod>",
    "<a href='/page_2.html'>下一页</a>", "光模块产业链进展。" * 20, "<div>" * 300,
)  # fmt: skip
FEED = (
    "<?xml version='1.0' encoding='utf-8'?>", "<?xml version='1.0' encoding='x'?>", "<rss version='2.0'><channel>",
    "</channel></rss>", "<item>", "</item>", "<title>", "</title>", "<link>", "</link>", "/index.php/post/1.html", "http://[",
    "<description>", "</description>", "<![CDATA[", "]]>", "<pubDate>", "</pubDate>", "Mon, 30 Feb 2026 25:61:00 +9999",
    "Thu, 01 Jan 1970 00:00:00 +0000", "<category>", "</category>", "<author>", "</author>", "<guid>", "</guid>",
    "<content:encoded>", "</content:encoded>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>", "</entry>",
    "<updated>99999-01-01</updated>", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;", "&#0;", "\x00", "<p>光模块</p>",
    "<enclosure url='x'/>", "<dc:date>x</dc:date>", "<media:content url='http://[' />", "\ud83d",
)  # fmt: skip
ANYTHING = json_like("Name", "StaticName", "x")
POSTS = st.builds(
    lambda code, rows, last, total: b'{"code":%s,"data":{"list":%s,"pagebar":{"PageAll":%s,"AllCount":%s}}}' % (code, rows, last, total),
    st.one_of(st.just(b"200"), ANYTHING),
    st.one_of(st.lists(objects_of(
        "ID", "Title", "Content", "Url", "PostTime", "UpdateTime", "Category", "Author", "TagsName", "Type", "Status",
    ), max_size=3).map(lambda rows: b"[%s]" % b",".join(rows)), ANYTHING),
    st.one_of(st.just(b"1"), ANYTHING),
    st.one_of(st.just(b"1"), ANYTHING),
)  # fmt: skip
ROBOT = json_like("errcode", "errmsg", "code", "msg", "StatusCode", "StatusMessage", "data")
ROW = b'{"ID":1,"Title":"t","Content":"<p>x</p>","Url":"/1","PostTime":1,"UpdateTime":1,"Category":{"Name":"c"}}'
LISTED = b'{"code":200,"data":{"list":[' + ROW + b'],"pagebar":{"PageAll":1,"AllCount":1}}}'
SITEMAP = b"<urlset><url><loc>https://site.example/1</loc><lastmod>2026-01-01</lastmod></url></urlset>"


def from_outside() -> list[Target]:
    rules = Rules.from_toml(texts.read()["site"])
    client = create_app(Posts(), api=True).test_client()
    first = Posts().all()[0].id
    page, home, feed = (client.get(path).data for path in (f"/index.php/post/{first}.html", "/", "/feed.php"))
    return [
        *_pages(rules, page, home),
        *_feeds(rules, feed),
        _over_http(rules, (page, home, feed, LISTED, SITEMAP)),
        _robots(),
    ]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _pages(rules: Rules, page: bytes, home: bytes) -> list[Target]:
    now = datetime.now(UTC)

    def article(data: bytes) -> None:
        pages.article(_text(data), URL, rules.themes, rules.cleaning, now)
        guessing.guessed(_text(data), URL, rules, now)

    def lists(data: bytes) -> None:
        listing.list_page(tree(_text(data)), URL, 1, [URL], lambda one: one)
        listing.sitemap(_text(data), now)

    return [
        Target("site: article page", article, (page,), 25, pieces(TAGS, 60), guided=True),
        Target("site: lists and sitemaps", lists, (home, SITEMAP), 40, pieces(TAGS, 60), guided=True),
    ]


def _feeds(rules: Rules, feed: bytes) -> list[Target]:
    def read_feed(data: bytes) -> None:
        with contextlib.suppress(SiteError):
            feeds.entries(_text(data), rules.cleaning)

    def read_api(data: bytes) -> None:
        with contextlib.suppress(SiteError):
            api.api_page(_text(data), 1, rules.cleaning)

    return [
        Target("site: feed", read_feed, (feed, feed[:3000] + b"</item></channel></rss>"), 12, pieces(FEED, 60), guided=True),
        Target("site: API", read_api, (LISTED,), 80, POSTS, guided=True),
    ]  # fmt: skip


STATUS = (200, 200, 200, 200, 200, 304, 301, 302, 308, 404, 410, 403, 429, 500, 503, 206, 204, 100)
HEADERS: tuple[dict[str, str], ...] = (
    {}, {"content-type": "text/html; charset=gb2312"}, {"content-type": "text/html; charset=x\x00y"},
    {"content-encoding": "gzip"}, {"content-encoding": "br"}, {"content-encoding": "deflate"}, {"retry-after": "99999999"},
    {"retry-after": "Mon, 30 Feb 2026 25:61:00 GMT"}, {"etag": '"x"', "last-modified": "x"},
)  # fmt: skip


def _over_http(rules: Rules, seeds: tuple[bytes, ...]) -> Target:
    """The whole reader: status, headers and place to go on to are harmful, too."""
    now, said = datetime.now(UTC), [b""]

    def answer(request: httpx.Request) -> httpx.Response:
        data = said[0]
        if request.url.path == "/robots.txt" and len(data) % 5:
            return httpx.Response(404)
        status = STATUS[data[0] % len(STATUS)] if data else 200
        headers = list(HEADERS[data[1] % len(HEADERS)].items()) if len(data) > 1 else []
        sent = [(name.encode(), value.encode()) for name, value in headers]
        if 300 < status < 309:
            sent.append((b"location", data[3:40].replace(b"\r", b"").replace(b"\n", b"")))
        return httpx.Response(status, headers=sent, stream=httpx.ByteStream(data[3:]))

    fetcher = Fetcher("https://site.example", "fuzz", private=True, pause=0, sleep=lambda _: None)
    fetcher._client = httpx.Client(transport=httpx.MockTransport(answer))
    site = Site(fetcher, rules)
    looks: tuple[Callable[[], object], ...] = (
        lambda: site.read(URL, now),
        lambda: site.recent({}),
        lambda: next(site.by_api(), None),
        lambda: next(site.list_pages(), None),
        lambda: list(site.in_sitemap(now)),
        lambda: fetcher.file("/x.png"),
    )

    def asked(data: bytes) -> None:
        said[0], fetcher._robots = data, None
        site._examples.clear()
        with contextlib.suppress(SiteError):
            looks[data[2] % len(looks) if len(data) > 2 else 0]()

    begun = tuple(bytes([0, 0, at]) + one for at, one in zip((0, 3, 1, 2, 4), seeds, strict=True))
    moved = tuple(bytes([6, 0, 0]) + one for one in (b"http://[::1/x", b"//x@site.example/", b"/index.php/post/1.html"))
    head = st.binary(min_size=3, max_size=3)
    shape = st.tuples(head, st.one_of(pieces(TAGS, 30), pieces(FEED, 30), POSTS, st.binary(max_size=60))).map(b"".join)
    return Target("site: status, headers, redirects", asked, (*begun, *moved), 25, shape)


def _robots() -> Target:
    url = "https://robot.example/send?key=x"
    channels = (WeCom(url), DingTalk(url, "SEC"), Feishu(url, "SEC"))

    def told(data: bytes) -> None:
        status = 200 if len(data) % 5 else 100 + data[0] * 2 if data else 500
        with mock.patch.object(robot.httpx, "post", lambda *_, **__: httpx.Response(status, content=data)):
            for channel in channels:
                with contextlib.suppress(NotTold):
                    channel.send("新线索")

    return Target(
        "robots: answers", told, (b'{"errcode":0,"errmsg":"ok"}', b'{"code":19021,"msg":"sign"}'), 60, ROBOT, guided=True
    )  # fmt: skip
