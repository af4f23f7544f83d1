"""What is fuzzed: each target takes bytes and raises nothing but the errors it promises."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bot import wiring
from bot.adapters.site import api, feeds, guessing, listing, pages
from bot.adapters.site.addresses import SiteError
from bot.adapters.site.markup import tree
from bot.adapters.site.pages import Rules
from bot.adapters.staff import dingtalk, feishu, wecom
from bot.adapters.staff.errors import NotTold
from bot.adapters.staff.robot import _body, check
from bot.adapters.wechat.callback import Refused
from bot.dialogue.conversation import Conversation
from bot.dialogue.message import Location, Message, Text, Voice
from bot.samplesite.app import create_app
from bot.samplesite.posts import Posts
from config import texts
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from tests.bench import world
from tests.webhook.conftest import fill
from tests.wechat.sender import NOW, callback, encrypt_raw, event_xml, safe, sealed, signed, text_xml


@dataclass(frozen=True)
class Target:
    """seeds: good inputs. slow: a share of the number of inputs, for what takes long."""

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    share: float = 1.0


@contextlib.contextmanager
def targets() -> Iterator[list[Target]]:
    with tempfile.TemporaryDirectory(prefix="fuzz") as name, world.environment(Path(name)) as environ:
        settings = read(environ)
        wiring.migrate(settings)
        fill(wiring.base(settings))
        front = wiring.front(settings, answer)
        yield [*_callback(), *_site(), *_robots(), _routes(front), _door(front)]


# The callback

XML = (
    text_xml("想在昆山租3000平厂房，王总13800001234").encode(),
    event_xml("<Event>CLICK</Event><EventKey>TOPICS</EventKey>").encode(),
    event_xml("<Event>subscribe</Event><EventKey>qrscene_1</EventKey>").encode(),
    b"<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>location</MsgType>"
    b"<Location_X>31</Location_X><Location_Y>121</Location_Y><Label>x</Label><MsgId>1</MsgId></xml>",
)


def _callback() -> list[Target]:
    doors = {mode: callback(mode) for mode in ("plain", "compatible", "safe")}

    def raw(data: bytes) -> None:
        """The first bytes are the query, the rest is the body."""
        query = {name: data[at : at + 20].decode("latin-1") for at, name in enumerate(signed())}
        for door in doors.values():
            for given in (query, signed(), {**signed(), "msg_signature": "0" * 40, "encrypt_type": "aes"}):
                with contextlib.suppress(Refused):
                    door.open(given, data, NOW)

    def plain(data: bytes) -> None:
        with contextlib.suppress(Refused):
            opened = doors["plain"].open(signed(), data, NOW)
            assert isinstance(opened.message, Message)

    def deciphered(data: bytes) -> None:
        query, body = safe(data)
        with contextlib.suppress(Refused):
            doors["safe"].open(query, body, NOW)

    def blocks(data: bytes) -> None:
        framed = data[: len(data) // 16 * 16] or b"\x20" * 32
        query, body = sealed(encrypt_raw(framed))
        with contextlib.suppress(Refused):
            doors["safe"].open(query, body, NOW)

    _, good = safe(XML[0])
    return [
        Target("callback: bytes and query", raw, (good, *XML)),
        Target("callback: signed XML", plain, XML),
        Target("callback: decrypted payload", deciphered, XML),
        Target(
            "callback: decrypted blocks", blocks, (b"r" * 16 + b"\x00\x00\x00\x04<a/>wx1234567890abcdef" + b"\x08" * 8,)
        ),
    ]


# The firm's site


def _site() -> list[Target]:
    rules = Rules.from_toml(texts.read()["site"])
    client = create_app(Posts(), api=True).test_client()
    first = Posts().all()[0].id
    page = client.get(f"/index.php/post/{first}.html").data
    home, feed = client.get("/").data, client.get("/feed.php").data
    url, now = "https://site.example/index.php/post/1.html", datetime.now(UTC)

    def text(data: bytes) -> str:
        return data.decode("utf-8", "replace")

    def article(data: bytes) -> None:
        pages.article(text(data), url, rules.themes, rules.cleaning, now)
        guessing.guessed(text(data), url, rules, now)

    def lists(data: bytes) -> None:
        listing.list_page(tree(text(data)), url, 1, [url], lambda one: one)
        listing.sitemap(text(data), now)

    def read_feed(data: bytes) -> None:
        with contextlib.suppress(SiteError):
            feeds.entries(text(data), rules.cleaning)

    def read_api(data: bytes) -> None:
        with contextlib.suppress(SiteError):
            api.api_page(text(data), 1, rules.cleaning)

    answer_of_api = b'{"code":200,"data":{"list":[{"ID":1,"Title":"t","Content":"<p>x</p>","Url":"/1","PostTime":1}],"pagebar":{"PageAll":1,"AllCount":1}}}'
    sitemap = b"<urlset><url><loc>https://site.example/1</loc><lastmod>2026-01-01</lastmod></url></urlset>"
    return [
        Target("site: article page", article, (page,), 0.1),
        Target("site: lists and sitemaps", lists, (home, sitemap), 0.2),
        Target("site: feed", read_feed, (feed,), 0.1),
        Target("site: API", read_api, (answer_of_api,), 0.5),
    ]


# Robots


def _robots() -> list[Target]:
    tables = (wecom.CODES, dingtalk.CODES, feishu.CODES)

    def told(data: bytes) -> None:
        status = 200 if len(data) % 5 else 100 + data[0] * 2 if data else 500
        with contextlib.suppress(NotTold):
            body = _body(httpx.Response(status, content=data))
            for table in tables:
                check(body.get("errcode", body.get("code")), body.get("errmsg"), table)

    return [Target("robots: answers", told, (b'{"errcode":0,"errmsg":"ok"}', b'{"code":19021,"msg":"sign"}'))]


# What followers write

WRITTEN = (
    "光模块", "更多", "第2篇", "想在昆山租3000平厂房，做注塑模具，税收200万，苏州测试模具有限公司，王总13800001234", "同意并提交",
    "电话改成13900001234", "预算每平20到25块，要5吨行车，层高8米以上", "不要苏州，改太仓或者昆山", "买地50亩", "订阅光模块", "转人工", "撤回授权", "删除我的信息",
    "3000", "1", "是", "不填", "上一步", "从头来",
)  # fmt: skip


def _routes(front: wiring.Front) -> Target:
    before = [Conversation()]
    number = [0]

    def written(data: bytes) -> None:
        """A conversation that goes on for 25 messages, as text, as a voice or as a place."""
        number[0] += 1
        words = data.decode("utf-8", "replace")
        content = (Text(words), Text(words), Voice("M", words), Location(31.0, 121.0, words))[number[0] % 4]
        message = Message("oFuzz", "gh", datetime.now(UTC), f"k{number[0]}", content)
        _, turn = answer(message, before[0], replace(front.lookups, latest_broadcast=lambda: 0))
        before[0] = turn.conversation if number[0] % 25 else Conversation()
        Conversation.from_dict(turn.conversation.to_dict())

    return Target("routes: what followers write", written, tuple(text.encode() for text in WRITTEN), 0.1)


def _door(front: wiring.Front) -> Target:
    client = make(front).test_client()

    def posted(data: bytes) -> None:
        """Over HTTP, unsigned: nothing but a refusal may come back."""
        query = {"signature": data[:40].hex(), "timestamp": "1767225600", "nonce": data[:9].hex()}
        response = client.post("/wechat", query_string=query, data=data)
        assert response.status_code in (400, 403, 413, 429), response.status
        path = "/" + data[:30].decode("latin-1")
        response = client.get(path.replace("//", "/"))
        assert response.status_code < 500, (path, response.status)

    return Target("HTTP: every door", posted, (*XML, b"staff/leads?x=1", b"healthz", b"wechat"), 0.1)
