"""A platform of forty lines: answers what the test put in, remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hypothesis
import pytest

from bot.adapters.redis_scripts import Client, connected
from bot.adapters.vault import Vault
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.token import TokenStore

from .sender import APP_ID

hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")

SECRET = "5ecre7-of-the-account"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def token(self) -> str:
        return self.query.get("access_token", "")


Answer = dict[str, Any] | bytes | int | float | None
"""JSON; raw bytes; an HTTP status; seconds to dawdle; None = cut the connection."""


@dataclass
class Api:
    """`answers[path]` is a list used up from the front (its last one stays), or a function."""

    answers: dict[str, list[Answer] | Callable[[Asked], Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    tokens: int = 0
    url: str = ""

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def last(self, path: str) -> Asked:
        return next(asked for asked in reversed(self.asked) if asked.path == path)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        prepared = self.answers.get(asked.path)
        if callable(prepared):
            return prepared(asked)
        if prepared:
            return prepared.pop(0) if len(prepared) > 1 else prepared[0]
        if asked.path == "stable_token":
            self.tokens += 1
            return {"access_token": f"TOKEN-{self.tokens}", "expires_in": 7200}
        return {"errcode": 0, "errmsg": "ok"}


def _handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: otherwise each answer waits 40 ms for an acknowledgement

        def handle_any(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            answer = api.answer(Asked(self.command, url.path.removeprefix("/cgi-bin/"), query, body))
            if isinstance(answer, float):
                time.sleep(answer)
                answer = {"errcode": 0, "errmsg": "ok"}
            if answer is None:
                self.close_connection = True
                return
            status = answer if isinstance(answer, int) else 200
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/cgi-bin/elsewhere?" + url.query)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        do_GET = do_POST = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield api
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(redis_url: str) -> Iterator[Client]:
    made = connected(redis_url)
    yield made
    made.close()


@pytest.fixture
def tokens(client: Client) -> TokenStore:
    return TokenStore(client, Vault(b"k" * 32), APP_ID)


@pytest.fixture
def platform(api: Api, tokens: TokenStore) -> Platform:
    return Platform(APP_ID, SECRET, api.url, tokens, timeout=1.0, sleep=lambda _: None)
