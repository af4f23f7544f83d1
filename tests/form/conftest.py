"""The whole front with a public address, a follower who chats, and the browser they open the page in."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from bot import wiring
from bot.store.base import reading
from bot.store.lead_content import Content
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead, LeadAlias, LeadPhone, content, of_person
from bot.store.outbox import Outbox
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from tests.conftest import redis_server
from tests.transcripts.conftest import AES_KEY, APP_ID, TOKEN
from tests.transcripts.phone import Phone

SITE = "https://bot.example"


@pytest.fixture(scope="package")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[wiring.Front]:
    """One for all tests: its thread goes on looking at the rows as long as the process lives."""
    folder = tmp_path_factory.mktemp("form")
    with redis_server(folder) as redis_url:
        settings = read(environ(folder, redis_url))
        wiring.migrate(settings)
        with closing(wiring.front(settings, answer)) as made:
            yield made


def environ(folder: Path, redis_url: str) -> dict[str, str]:
    return {
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_APP_SECRET": "not-a-real-secret",
        "WECHAT_TOKEN": TOKEN,
        "WECHAT_AES_KEY": AES_KEY,
        "SECRET_KEY": "a secret of the form tests",
        "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
        "REDIS_URL": redis_url,
        "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
        "DATA_DIR": str(folder),
        "PUBLIC_URL": SITE,
        "WECOM_ROBOT_URL": "http://127.0.0.1:9/robot",
    }


@pytest.fixture(scope="package")
def app(front: wiring.Front) -> Flask:
    return make(front)


@dataclass
class Follower:
    """Somebody who chats and opens the page."""

    front: wiring.Front
    app: Flask
    openid: str
    chat: Phone = field(init=False)
    browser: Any = field(init=False)
    link: str = ""

    def __post_init__(self) -> None:
        self.chat = Phone(self.app.test_client(), TOKEN, AES_KEY, APP_ID, self.openid)
        self.browser = self.app.test_client()

    def say(self, text: str) -> str:
        said = self.chat.say(text).text
        if found := re.search(rf'href="{SITE}(/form/[^"]+)"', said):
            self.link = found[1]
        return said

    def opens(self, link: str = "") -> str:
        self.link = link or self.link
        answer = self.browser.get(self.link, base_url=SITE)
        assert answer.status_code == 200, answer.status
        return str(answer.text)

    def hidden(self, name: str, text: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', text)
        return unescape(found[1]) if found else ""

    def types(self, name: str, *values: str, was: str = "", **more: str) -> TestResponse:
        form = {"sign": self.hidden("sign", self.opens()), "name": name, "value": list(values), "was": was, **more}
        return self.browser.post(f"{self.link}/field", data=form, base_url=SITE)  # type: ignore[no-any-return]

    def submits(self, text: str = "", **form: object) -> TestResponse:
        """Sends the page `text` (default: as it is now), with everything it shows and what is in `form`."""
        text = text or self.opens()
        kept = {
            name: unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text)
        }
        shown = {
            name: unescape(value)
            for name, value in re.findall(r'<input id="f-[^"]+" name="([^"]+)" value="([^"]*)"', text)
        }
        ticked: dict[str, list[str]] = {}
        for name, key in re.findall(r'name="(\w+)" value="(\w+)" checked', text):
            ticked.setdefault(name, []).append(key)
        return self.browser.post(self.link, data={**kept, **shown, **ticked, **form}, base_url=SITE)  # type: ignore[no-any-return]

    def leads(self) -> list[tuple[Lead, Content]]:
        with reading(self.front.made.sessions) as session:
            rows = session.query(Lead).filter(of_person(self.openid)).order_by(Lead.id).all()
            return [(row, content(self.front.made.vault, row)) for row in rows]

    def events(self) -> list[LeadEvent]:
        with reading(self.front.made.sessions) as session:
            return session.query(LeadEvent).order_by(LeadEvent.id).all()


@pytest.fixture
def wang(front: wiring.Front, app: Flask) -> Follower:
    """A follower nobody has met before, with a phone nobody else has; what others did is gone."""
    front.made.redis.flushall()
    with front.made.sessions.begin() as session:
        for table in (Outbox, LeadEvent, LeadPhone, LeadAlias, Lead):
            session.execute(sa.delete(table))
    return Follower(front, app, f"oForm_wang_{next(_numbers):017}")


_numbers = itertools.count(1)
