"""Every door of the web part over HTTP: strangers, a follower's sealed messages, the form page, the desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import quote

from argon2 import PasswordHasher
from flask import Flask
from hypothesis import strategies as st

from bot import wiring
from bot.store import staff
from handlers.web import form
from handlers.web.main import make
from handlers.web.staff import signin
from handlers.web.staff.routes import ROUTES
from tests.bench.world import AES_KEY, APP_ID, TOKEN
from tests.desk.people import PASSWORD, Browser
from tests.fuzz.followers import SAID, WRITTEN
from tests.fuzz.platform import MESSAGES, XML
from tests.fuzz.target import Target
from tests.transcripts.phone import Phone

FIELDS = (
    "after", "again", "answer", "arrived", "article", "at", "before", "begin", "canned", "code", "date", "end", "id", "kind",
    "match", "more", "name", "new", "next", "number", "on", "other", "owner", "password", "priority", "q", "reason", "role",
    "table", "text", "title", "to", "topic", "until", "verdict", "version", "who", "words",
)  # fmt: skip
"""Everything pages of the desk ask a form or an address for."""

BUSY = 503
"""Said by the form page itself where a conversation cannot be had in time: right on a machine with too much to do."""

OPENED = (
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/wechat",
    "/staff/in",
    "/staff/leads",
    "/form/x",
    "/a/x",
    "/form/x/done",
)
OPEN = mock.patch.multiple(signin, PER_ADDRESS="9999 per second", PER_NAME="9999 per second", PER_NAME_ANYWHERE="9999 per second")  # fmt: skip


@contextmanager
def unhurried() -> Iterator[None]:
    """No limits of rate, which would turn away what is to be tried, and passwords that are hashed quickly."""
    quick = cache(lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    often = mock.patch.multiple(form, PER_LINK="9999 per second", PER_ADDRESS="9999 per second")
    with OPEN, often, mock.patch.object(staff, "_hasher", quick):
        yield


def at_the_doors(front: wiring.Front) -> list[Target]:
    app = make(front)
    strange = (*XML, *(path.encode() for path in OPENED), b"staff/leads?x=1")
    told = tuple(text.encode() for text in WRITTEN)
    return [
        Target("HTTP: strangers at every door", _strangers(app), strange, 12, MESSAGES),
        Target("HTTP: sealed messages", _messages(front, app), (*told, *XML), 8, st.one_of(SAID, MESSAGES)),
        Target("HTTP: form page", _form(front, app), told, 5, SAID),
        Target("HTTP: desk", _desk(front, app), told, 8, SAID),
    ]


def _strangers(app: Flask) -> Any:
    client = app.test_client()

    def posted(data: bytes) -> None:
        """Unsigned: nothing but a refusal may come back, and no page may break."""
        query = {"signature": data[:40].hex(), "timestamp": "1767225600", "nonce": data[:9].hex()}
        response = client.post("/wechat", query_string=query, data=data)
        assert response.status_code in (400, 403, 413, 429), response.status
        words = quote(data[:60], safe="/&=+;:@%")
        start = OPENED[data[0] % len(OPENED)] if data else "/"
        for path in ("/" + words.lstrip("/"), f"{start}?{words}", f"{start.rstrip('/')}/{words.lstrip('/')}"):
            response = client.open(path, method=("GET", "POST", "HEAD", "PUT")[len(data) % 4], data=data)
            assert response.status_code < 500 or path.startswith("/readyz"), (path, response.status)

    return posted


def _messages(front: wiring.Front, app: Flask) -> Any:
    """Signed and sealed as by the platform, by one of fifty followers."""
    client = app.test_client()
    phones = [Phone(client, TOKEN, AES_KEY, APP_ID, f"oFuzz{number:023d}") for number in range(50)]

    def sent(data: bytes) -> None:
        phone = phones[len(data) % len(phones)]
        if data.startswith(b"<xml>"):
            response, _ = phone.sent(data.decode("utf-8", "replace"))
            assert response.status_code in (200, 400), response.status
            return
        answer = phone.say(_typed(data))
        assert front.apology.text not in answer.text, "an apology"

    return sent


def _typed(data: bytes) -> str:
    """What XML can hold: the platform sends nothing else."""
    words = data[:2000].decode("utf-8", "replace").replace("]]>", "]]&gt;")
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", words)


def _form(front: wiring.Front, app: Flask) -> Any:
    client = app.test_client()
    names = [slot.name for slot in front.lookups.form.slots] + ["remark", "agree", "share", "anyway", "once", "x"]
    signs: dict[str, str] = {}

    def sign(path: str) -> str:
        if path not in signs:
            found = re.search(r'name="sign" value="([^"]*)"', client.get(path).text)
            signs[path] = found[1] if found else ""
        return signs[path]

    paths = [
        "/form/" + wiring.links_of(front.made).token(f"oPage{number:023d}", datetime.now(UTC)) for number in range(9)
    ]

    def posted(data: bytes) -> None:
        path, name = paths[len(data) % len(paths)], names[data[0] % len(names)] if data else ""
        words = data[1:].decode("utf-8", "replace")
        one = {"sign": sign(path), "name": name, "value": words, "was": words[::2], "pick": words[:3]}
        whole = {
            "sign": sign(path),
            name: words,
            f"was.{name}": words[:9],
            "agree": "1",
            "anyway": "1",
            "once": words[-9:],
        }
        for answer in (client.post(f"{path}/field", data=one), client.post(path, data=whole), client.get(path)):
            assert answer.status_code < 500 or answer.status_code == BUSY, answer.status

    return posted


@dataclass
class _Admin:
    """Somebody who may do everything, and comes in again where they were put out."""

    front: wiring.Front
    app: Flask
    browser: Browser = field(init=False)
    token: str = ""

    def __post_init__(self) -> None:
        self.come_in()

    def come_in(self) -> None:
        with self.front.made.sessions.begin() as session:
            account = staff.by_name(session, "fuzz")
            if account is None:
                staff.add(session, "fuzz", "admin", datetime.now(UTC))
                account = staff.by_name(session, "fuzz")
            assert account is not None
            account.disabled_at, account.totp_on = None, False
            staff.choose_password(session, account, PASSWORD, 0)
        self.browser = Browser(self.app)
        assert self.browser.sign_in("fuzz").status_code == 303
        self.token = self.browser.token()


def _desk(front: wiring.Front, app: Flask) -> Any:
    admin = _Admin(front, app)
    stranger = Browser(app)
    strange_token = stranger.token()
    places = re.compile(r"<(int:)?\w+>")

    def visited(data: bytes) -> None:
        """The first byte says where, the rest is what the address, the query and the form hold."""
        route = ROUTES[data[0] % len(ROUTES)] if data else ROUTES[0]
        words = data[1:].decode("utf-8", "replace")
        safe = re.sub(r"[/?#%\\\s]", "", words)[:20] or "x"
        path = places.sub(lambda place: str(len(data) % 4) if place[1] else safe, route.path)
        sent = {name: words[at % 7 : at % 7 + 40] for at, name in enumerate(FIELDS) if (len(data) + at) % 3}
        client = admin.browser.client
        if route.method == "GET":
            answer = client.get(f"/staff{path}", query_string=sent)
        else:
            answer = client.post(f"/staff{path}", data={"csrf_token": admin.token, **sent})
        assert answer.status_code < 500, (route.name, answer.status)
        at_the_door = {"csrf_token": strange_token, **sent}
        knocked = stranger.client.post("/staff/in" if len(data) % 2 else "/staff/in/code", data=at_the_door)
        assert knocked.status_code < 500, knocked.status
        if answer.status_code == 400 or answer.headers.get("Location", "").startswith("/staff/in"):
            admin.come_in()

    return visited
