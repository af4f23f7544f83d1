"""A follower who talks with the bot's routes in memory: no network, the time is set by hand."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import ConsentWithdrawn, Effect, LeadRevised, LeadSubmitted, PersonErased
from bot.dialogue.form import Form
from bot.dialogue.inquiry import Inquiry
from bot.dialogue.lookups import Advisor, Article, Found, Lookups, OpenLead, WaitingNews
from bot.dialogue.message import Content, Message, Text
from bot.dialogue.reply import Words
from bot.dialogue.wording import Heard, Wording
from bot.understanding.reading import Reading
from config import texts
from handlers.routes import answer
from tests.intake import plain_reader

START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FACTS = {
    "firm": "测试园区",
    "name": "李顾问",
    "phone": "400-000-0000",
    "wechat": "li",
    "hours": "",
    "topic_taps": "光模块",
}
Understand = Callable[..., Reading]


def load(name: str) -> dict[str, Any]:
    return tomllib.loads((texts.HERE / f"{name}.toml").read_text(encoding="utf-8"))


FORM = Form.from_toml(load("intake"))


class Shelf:
    """Two articles, found by a word of their title."""

    titles = ("光模块产业链全景", "厂房消防验收要点")

    def _article(self, number: int) -> Article:
        return Article(number, self.titles[number], "摘要", f"https://site.example/{number}", "", START)

    def search(self, text: str, limit: int = 30) -> Found:
        words = ("光模块", "消防验收")
        found = tuple(self._article(n) for n, word in enumerate(words) if word in text)
        return Found(found, answered=bool(found), clear=len(found) == 1)

    def get(self, ids: tuple[int, ...]) -> tuple[Article, ...]:
        return tuple(self._article(number) for number in ids)

    def related(self, article_id: int, limit: int = 5) -> tuple[Article, ...]:
        return ()

    def newest(self, topic: str = "", limit: int = 10) -> tuple[Article, ...]:
        return ()


@dataclass
class Office:
    """What the database would hold: open leads by number, made from effects."""

    leads: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    created: int = 0

    def open_lead(self, openid: str) -> OpenLead | None:
        return self._open(openid, ())

    def _open(self, openid: str, phones: tuple[str, ...]) -> OpenLead | None:
        for number, lead in self.leads.items():
            same_phone = set(phones) & set(lead["slots"].get("mobile", ()))
            if lead["open"] and (openid in lead["openids"] or same_phone):
                return OpenLead(number, lead["slots"], "new", START)
        return None

    def _submit(self, openid: str, number: str, slots: dict[str, Any]) -> None:
        """As the store does it: the same phone from another account joins the open lead."""
        known = self._open(openid, tuple(slots.get("mobile", ())))
        if known is not None:
            self.aliases[number] = known.number
            self.leads[known.number]["slots"] |= slots
            self.leads[known.number]["openids"].add(openid)
            return
        self.created += 1
        self.leads[number] = {"openids": {openid}, "slots": slots, "open": True}

    def note(self, openid: str, effect: Effect) -> None:
        match effect:
            case LeadSubmitted(number=number, slots=slots):
                self._submit(openid, number, dict(slots))
            case LeadRevised(number=number, slots=slots):
                self.leads[self.aliases.get(number, number)]["slots"] = dict(slots)
            case ConsentWithdrawn() | PersonErased():
                for lead in self.leads.values():
                    lead["open"] = lead["open"] and openid not in lead["openids"]
            case _:
                pass


def lookups_for(understand: Understand, office: Office, place: Callable[[str], str] | None = None) -> Lookups:
    replies, intake = load("replies"), load("intake")
    return Lookups(
        say=Wording(replies["phrases"] | intake["phrases"], FACTS),
        heard=Heard.of(replies["heard"]),
        understand=understand,
        wants_human=lambda text: understand(text).command == "human",
        articles=Shelf(),
        topics=(),
        advisor=Advisor("李顾问", "400-000-0000", "li"),
        keywords=(),
        menu=load("menu")["says"],
        form=FORM,
        latest_broadcast=lambda: 0,
        waiting_news=lambda openid: WaitingNews((), ()),
        open_lead=office.open_lead,
        firm="测试园区",
        place=place or (lambda code: plain_reader.NAMES.get(code, code)),
    )


_keys = itertools.count(1)


@dataclass
class Follower:
    """`say` sends a text through all routes and gives the words that come back; state goes through JSON each time."""

    lookups: Lookups
    office: Office
    openid: str = "oTest_follower"
    at: datetime = START
    conversation: Conversation = field(default_factory=Conversation)
    effects: list[Effect] = field(default_factory=list)
    route: str = ""

    def say(self, text: str) -> str:
        return self.send(Text(text))

    def send(self, content: Content, key: str = "") -> str:
        self.at += timedelta(seconds=20)
        message = Message(self.openid, "gh_test", self.at, key or f"{next(_keys)}", content)
        self.route, turn = answer(message, self.conversation, self.lookups)
        self.conversation = Conversation.from_dict(turn.conversation.to_dict())
        for effect in turn.effects:
            self.effects.append(effect)
            self.office.note(self.openid, effect)
        return turn.reply.text if isinstance(turn.reply, Words) else repr(turn.reply)

    def waits(self, time: timedelta) -> None:
        self.at += time

    @property
    def inquiry(self) -> Inquiry:
        assert self.conversation.inquiry is not None
        return self.conversation.inquiry


def follower(understand: Understand = plain_reader.read) -> Follower:
    office = Office()
    return Follower(lookups_for(understand, office), office)


def readable(text: str) -> str:
    """The reply as it is seen on the phone: links show their words."""
    return re.sub(r"<a [^>]*>([^<]*)</a>", r"\1", text)
