"""Staff at their browsers, and followers who leave inquiries, for the tests of the desk."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from bot.dialogue.effects import Asked, LeadSubmitted
from bot.dialogue.message import Message, Text
from bot.store import effects, staff
from bot.store.base import reading
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead, by_number
from bot.store.staff import Audit
from handlers.web.staff import Desk

PASSWORD = "correct horse battery"
PHONE = "+8613800001234"
SLOTS: Mapping[str, Any] = {
    "deal": "rent",
    "asset": ["factory"],
    "area": {"min": 3000, "max": 5000, "unit": "m2"},
    "region": ["320583|320585"],
    "use": "精密注塑",
    "company": "昆山测试精密机械有限公司",
    "contact": "王小明",
    "mobile": [PHONE],
    "wechat": "wangxm2026",
}


@dataclass
class Clock:
    time: datetime

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass
class Browser:
    """One browser with its own cookies."""

    app: Flask
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/staff{path}")  # type: ignore[no-any-return]

    def post(self, path: str, **form: object) -> TestResponse:
        """Sends a form with the token that pages of this browser hold."""
        return self.client.post(f"/staff{path}", data={"csrf_token": self.token(), **form})  # type: ignore[no-any-return]

    def token(self) -> str:
        page = self.get("/in").text if self.get("/me").status_code != 200 else self.get("/me").text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        return found[1] if found else ""

    def sign_in(self, name: str, password: str = PASSWORD, **more: object) -> TestResponse:
        return self.post("/in", name=name, password=password, **more)

    def version(self, number: str) -> str:
        found = re.search(r'name="version" value="(\d+)"', self.get(f"/leads/{number}").text)
        return found[1] if found else ""

    def act(self, number: str, name: str, /, **form: object) -> TestResponse:
        return self.post(f"/leads/{number}/{name}", version=self.version(number), **form)

    def see(self, path: str) -> str:
        """The page's words, as a reader gets them."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return words(answer)


@dataclass
class Office:
    app: Flask
    desk: Desk
    clock: Clock
    count: int = 0

    def employ(self, name: str, role: str) -> None:
        with self.desk.sessions.begin() as session:
            staff.add(session, name, role, self.clock())
            account = staff.by_name(session, name)
            assert account is not None
            staff.choose_password(session, account, PASSWORD, 0)

    def browser(self, name: str = "") -> Browser:
        made = Browser(self.app)
        if name:
            assert made.sign_in(name).status_code == 303
        return made

    def lead(self, openid: str = "", remarks: tuple[str, ...] = (), scene: str = "", **slots: object) -> str:
        """A follower hands in an inquiry; the number they are told."""
        self.count += 1
        number = f"L1124-T{self.count:03}"
        person = openid or f"o{self.count:027}"
        chosen = {name: value for name, value in {**SLOTS, "mobile": [_phone(self.count)], **slots}.items() if value}
        consents = {"contact": {"notice": "2026-11", "at": self.clock().isoformat(), "key": "k"}}
        effect = LeadSubmitted(number, chosen, consents, remarks, (1, 2), scene)
        self.say(person, f"lead {self.count}", effect, Asked("机器人产业链", False, ()))
        return number

    def say(self, openid: str, key: str, *done: effects.Effect) -> None:
        message = Message(openid, "gh_test", self.clock(), key, Text("…"))
        effects.commit(self.desk.sessions, self.desk.secrets, message, done, self.desk.channels)

    def row(self, number: str) -> Lead:
        with reading(self.desk.sessions) as session:
            found = by_number(session, number)
        assert found is not None
        return found

    def events(self, number: str) -> list[LeadEvent]:
        with reading(self.desk.sessions) as session:
            return session.query(LeadEvent).filter_by(lead_id=self.row(number).id).order_by(LeadEvent.seq).all()

    def log(self, act: str = "") -> list[Audit]:
        with reading(self.desk.sessions) as session:
            rows = session.query(Audit).order_by(Audit.id).all()
        return [row for row in rows if not act or row.act == act]


def words(answer: TestResponse) -> str:
    """What is to be read on a page, without its marks."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def _phone(count: int) -> str:
    """One of the block 138 0000 xxxx, which nobody has."""
    return f"+8613800{count:06}"
