"""A simulator over real HTTP, and a tiny bot that answers it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

import pytest
import requests
from flask import Flask, request
from werkzeug.serving import make_server

from bot.simulator.account import Account
from bot.simulator.app import Simulator, serving
from bot.simulator.crypto import Cipher, signature

Reply = Callable[[dict[str, str]], str | tuple[str, int]]
EMPTY = "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>1</CreateTime>{}</xml>"


def text_reply(nodes: dict[str, str], text: str) -> str:
    kept = text.replace("]]>", "]]]]><![CDATA[>")
    body = f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{kept}]]></Content>"
    return EMPTY.format(nodes["FromUserName"], nodes["ToUserName"], body)


def echo(nodes: dict[str, str]) -> str:
    return text_reply(nodes, "echo: " + nodes.get("Content", nodes.get("Event", nodes["MsgType"])))


@dataclass
class Bot:
    """What the echo bot received, and what it answers with."""

    account: Account
    reply: Reply = echo
    encrypts: bool = True
    got: list[dict[str, str]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask("echo")
        app.add_url_rule("/wechat", view_func=self.view, methods=["GET", "POST"])
        return app

    def view(self) -> str | tuple[str, int]:
        query = request.args.to_dict()
        if request.method == "GET":
            right = signature(self.account.token, query["timestamp"], query["nonce"])
            return query["echostr"] if right == query["signature"] else ("wrong", 403)
        body = request.get_data()
        self.raw.append(body)
        self.queries.append(query)
        self.headers.append(dict(request.headers))
        nodes = self.opened(body, query)
        self.got.append(nodes)
        answer = self.reply(nodes)
        return self.sealed(answer) if isinstance(answer, str) else answer

    def opened(self, body: bytes, query: dict[str, str]) -> dict[str, str]:
        root = ElementTree.fromstring(body)
        encrypted = root.findtext("Encrypt")
        if encrypted and self.account.mode == "safe":
            assert query["msg_signature"] == signature(
                self.account.token, query["timestamp"], query["nonce"], encrypted
            )
            root = ElementTree.fromstring(self.cipher.decrypt(encrypted))
        return {child.tag: child.text or "" for child in root if child.tag != "Encrypt"}

    @property
    def cipher(self) -> Cipher:
        return Cipher(self.account.aes_key, self.account.app_id)

    def sealed(self, answer: str) -> str:
        if self.account.mode == "plain" or not self.encrypts or answer in ("success", ""):
            return answer
        encrypted = self.cipher.encrypt(answer.encode())
        signed = signature(self.account.token, "1767225600", "9", encrypted)
        return (
            f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signed}]]></MsgSignature>"
            "<TimeStamp>1767225600</TimeStamp><Nonce><![CDATA[9]]></Nonce></xml>"
        )


@contextlib.contextmanager
def running_bot(mode: str) -> Iterator[tuple[Bot, str]]:
    bot = Bot(Account(mode=mode))
    server = make_server("127.0.0.1", 0, bot.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield bot, f"http://127.0.0.1:{server.server_port}/wechat"
    server.shutdown()
    server.server_close()


@dataclass
class World:
    """The simulator, its address, and short ways to use both its APIs."""

    sim: Simulator
    base: str
    bot: Bot | None = None
    session: requests.Session = field(default_factory=requests.Session)
    held: str = ""

    @property
    def token(self) -> str:
        if not self.held:
            account = self.sim.account
            wanted = {"grant_type": "client_credential", "appid": account.app_id, "secret": account.app_secret}
            self.held = self.session.post(f"{self.base}/cgi-bin/stable_token", json=wanted).json()["access_token"]
        return self.held

    def post(self, path: str, body: object = None, **query: str) -> dict:
        # As the platform wants it: UTF-8, not escaped.
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = self.session.post(f"{self.base}{path}", data=raw, params={"access_token": self.token, **query})
        assert answer.status_code == 200
        return answer.json()

    def get(self, path: str, **query: str) -> dict:
        answer = self.session.get(f"{self.base}{path}", params={"access_token": self.token, **query})
        assert answer.status_code == 200
        return answer.json()

    def upload(self, path: str, data: bytes, name: str = "a.png", form: dict | None = None, **query: str) -> dict:
        return self.session.post(
            f"{self.base}{path}",
            params={"access_token": self.token, **query},
            files={"media": (name, data)},
            data=form or {},
        ).json()

    def act(self, path: str, body: object = None) -> dict:
        if path == "clock":
            self.held = ""  # a token may be too old by then
        answer = self.session.post(f"{self.base}/sim/{path}", json=body or {})
        assert answer.ok, answer.text
        return answer.json()

    def look(self, path: str, **query: object) -> dict:
        return self.session.get(f"{self.base}/sim/{path}", params=query).json()

    def follower(self, **fields: object) -> str:
        return self.act("followers", {"following": True} | fields)["openid"]

    def settle(self) -> None:
        assert self.act("settle")["settled"]


@pytest.fixture(params=["plain", "compatible", "safe"])
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def talk(mode: str) -> Iterator[World]:
    """A simulator joined to the echo bot, in each mode."""
    yield from _joined(mode)


@pytest.fixture
def safe() -> Iterator[World]:
    """The same in safe mode only."""
    yield from _joined("safe")


def _joined(mode: str) -> Iterator[World]:
    with running_bot(mode) as (bot, url):
        sim = Simulator(Account(mode=mode, kind="service", callback_url=url))
        sim.knobs.settings.interval = 0.5
        sim.knobs.settings.job_delay = 0.02
        with serving(sim) as base:
            yield World(sim, base, bot)


def alone(kind: str) -> Iterator[World]:
    """A simulator without a bot: only its API is used."""
    sim = Simulator(Account(kind=kind, callback_url="http://127.0.0.1:9/wechat"))
    sim.knobs.put({"push_jobs": False, "job_delay": 0.01, "tries": 1, "interval": 0.2})
    with serving(sim) as base:
        yield World(sim, base)


@pytest.fixture
def service() -> Iterator[World]:
    yield from alone("service")


@pytest.fixture
def subscription() -> Iterator[World]:
    yield from alone("subscription")


@pytest.fixture
def personal() -> Iterator[World]:
    yield from alone("subscription-unverified")


PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
JPG = b"\xff\xd8\xff\xe0" + b"0" * 100


@pytest.fixture
def draft(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Makes a draft in the given world; gives its media_id."""

    def make(world: World, **fields: object) -> str:
        thumb = world.upload("/cgi-bin/material/add_material", JPG, "a.jpg", type="image")["media_id"]
        article = {"title": "标题", "content": "<p>正文</p>", "thumb_media_id": thumb} | fields
        return world.post("/cgi-bin/draft/add", {"articles": [article]})["media_id"]

    return make
