"""A Z-Blog site for the tests, over real HTTP: feed, API, list pages, sitemap, robots.txt, and faults on demand."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.site.texts import Post
from tests.site.themes import CONTACT, NAME, THEMES, Page, neighbours


@dataclass
class Answer:
    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Fault = Callable[[str], Answer | None]
"""Asked before every answer, with path and query: an answer it gives is given instead."""


@dataclass
class Blog:
    """`asked` has every request; `faults` stand before the site."""

    posts: dict[int, Post] = field(default_factory=dict)
    theme: str = "tpure"
    api: bool = False
    feed: bool = True
    robots: str = ""
    sitemap: bool = False
    per_page: int = 10
    pinned: tuple[int, ...] = ()
    extracts: bool = False
    contact: tuple[str, ...] = CONTACT
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    edited: dict[int, datetime] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    root: str = ""

    def put(self, *posts: Post) -> None:
        self.posts.update({one.id: one for one in posts})

    def url(self, number: int) -> str:
        return f"{self.root}/index.php/post/{number}.html"

    def newest(self) -> list[Post]:
        return sorted(self.posts.values(), key=lambda one: (one.posted, one.id), reverse=True)

    def answer(self, target: str) -> Answer:
        self.asked.append(target)
        for fault in self.faults:
            if (found := fault(target)) is not None:
                return found
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self._page(parts.path, query)

    def page(self, post: Post) -> str:
        others = neighbours(post, list(self.posts.values()))
        return THEMES[self.theme](Page(post, others, self.url, self.now(), self.contact))

    def _page(self, path: str, query: dict[str, str]) -> Answer:
        match path:
            case "/robots.txt" if self.robots:
                return Answer(self.robots)
            case "/feed.php" if self.feed:
                return Answer(self._feed(), headers={"Content-Type": "application/xml; charset=utf-8"})
            case "/zb_system/api.php":
                return self._api(query)
            case "/sitemap.xml" if self.sitemap:
                return Answer(self._sitemap())
            case "/" | "/index.php/":
                return Answer(self._list(1))
        if path.startswith("/index.php/page_"):
            return Answer(self._list(int(path.removeprefix("/index.php/page_").removesuffix(".html"))))
        number = path.removeprefix("/index.php/post/").removesuffix(".html")
        post = self.posts.get(int(number)) if number.isdigit() else None
        return Answer(self.page(post)) if post else Answer("<html><title>404</title></html>", 404)

    def _feed(self) -> str:
        return feed([self._item(one) for one in self.newest()[:10]], self.root)

    def _item(self, post: Post) -> str:
        markup = Page(post, [post], self.url, self.now(), self.contact).content()
        if self.extracts:
            markup = f"<p>{post.body[:60]}...</p>"
        return item(post, self.url(post.id), markup)

    def _api(self, query: dict[str, str]) -> Answer:
        if not self.api:
            return Answer(json.dumps({"code": 503, "message": "API 未启用！", "data": None}), 503)
        asked = int(query.get("perpage", 10))
        size, page = (asked if asked <= 50 else 10), int(query.get("page", 1))
        when = self._edited if query.get("sortby") == "UpdateTime" else (lambda one: one.posted)
        every = sorted(self.posts.values(), key=lambda one: (when(one), one.id), reverse=True)
        bar = {"AllCount": len(every), "PageAll": -(-len(every) // size), "PageNow": page, "PerPageCount": size}
        rows = [self._row(one) for one in every[(page - 1) * size : page * size]]
        answer = {"code": 200, "message": "OK", "data": {"list": rows, "pagebar": bar}}
        return Answer(json.dumps(answer, ensure_ascii=False), headers={"Content-Type": "application/json"})

    def _row(self, post: Post) -> dict[str, object]:
        content = Page(post, [post], self.url, self.now(), self.contact).content()
        return {
            "ID": post.id, "Type": 0, "Status": 0, "Title": html.escape(post.title), "Content": html.escape(content),
            "PostTime": int(post.posted.timestamp()), "UpdateTime": int(self._edited(post).timestamp()),
            "Url": self.url(post.id), "TagsName": ",".join(post.tags), "Category": {"Name": post.category},
        }  # fmt: skip

    def _edited(self, post: Post) -> datetime:
        return self.edited.get(post.id, post.posted)

    def _list(self, number: int) -> str:
        every = self.newest()
        pinned = [self.posts[one] for one in self.pinned if one in self.posts] if number == 1 else []
        shown = every[(number - 1) * self.per_page : number * self.per_page]
        last = max(1, -(-len(every) // self.per_page))
        items = "".join(
            f'<div class="post item"><h2><a href="{self.url(one.id)}">{one.title}</a></h2><div class="intro">{one.paragraphs[0]}</div></div>'
            for one in [*pinned, *shown]
        )
        links = "".join(
            f'<a href="{self.root}/index.php/page_{n}.html">{n}</a>'
            for n in range(max(1, number - 4), min(last, number + 5) + 1)
            if n != number
        )
        ends = f'<a href="{self.root}/index.php/page_{number + 1}.html">下页</a><a href="{self.root}/index.php/page_{last}.html">尾页</a>'
        bar = f'<div class="pagebar"><span>{number}</span>{links}{ends if number < last else ""}</div>'
        return f'<!DOCTYPE html><html><head><title>{NAME}</title></head><body><ul><li><a href="/">首页</a></li><li><a href="/?id=2">留言本</a></li></ul>{items}{bar}</body></html>'

    def _sitemap(self) -> str:
        rows = "".join(
            f"<url><loc>{self.url(one.id)}</loc><lastmod>{self._edited(one).isoformat()}</lastmod></url>"
            for one in self.newest()
        )
        return f'<?xml version="1.0"?><urlset>{rows}<url><loc>{self.root}/cate-1.html</loc></url></urlset>'


def item(post: Post, url: str, markup: str) -> str:
    title = html.escape(html.escape(post.title))
    return f"<item><title>{title}</title><link>{url}</link><description>{html.escape(markup)}</description><pubDate>{format_datetime(post.posted)}</pubDate></item>"


def feed(items: list[str], root: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{NAME}</title><link>{root}/</link>{"".join(items)}</channel></rss>'


@contextmanager
def served(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[str]:
    """Real HTTP on a free port; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body leave at once: no 40 ms on each request
        wbufsize = -1

        def do_GET(self) -> None:
            found = answer(self.path, dict(self.headers))
            body = found.body.encode() if isinstance(found.body, str) else found.body
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **found.headers}
            self.send_response(found.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError, BrokenPipeError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(blog: Blog) -> Iterator[Blog]:
    def answer(target: str, headers: dict[str, str]) -> Answer:
        blog.headers.append(headers)
        return blog.answer(target)

    with served(answer) as root:
        blog.root = root
        yield blog
