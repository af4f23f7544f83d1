"""What sending news one by one needs: who sends, what is left, how it is put, how fast it may go."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from bot.adapters.wechat.errors import PlatformError
from bot.dialogue.reply import Card, fitted, link
from bot.store.base import Sessions
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.news import SHANGHAI, Fresh, Story
from jobs.habits import Habits

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""What one sender holds, with its timeouts and quick repeats, must be sent within this."""
WAITS, PAUSE_S = 40, 0.5
"""Tries, and seconds between them, should the database be away: only we know how what we sent went."""
FIELD = 20
"""Characters of one field of a template message; the platform strips what is longer (reference §9.1)."""


class Sender(Protocol):
    """The platform's calls to one follower. Raises PlatformError."""

    def send_text(self, openid: str, text: str) -> None: ...
    def send_card(self, openid: str, card: Card) -> None: ...
    def send_template(
        self, openid: str, template_id: str, data: Mapping[str, str], url: str = "", client_msg_id: str = ""
    ) -> str: ...
    def send_notice(self, openid: str, template_id: str, data: Mapping[str, str], page: str = "") -> None: ...


class Ledger(Protocol):
    """What is left to send; bot.adapters.wechat.quota.Ledger."""

    def spend(self, openid: str, now: datetime, keep: int = 0) -> str: ...
    def give_back(self, openid: str, kind: str) -> None: ...
    def correct(self, openid: str, error: PlatformError) -> None: ...
    def calls_left(self, call: str, now: datetime) -> int | None: ...
    def pace(self, name: str, per_second: float, burst: int = 1) -> timedelta: ...
    def hold(self, name: str, wait: timedelta) -> None: ...
    def is_held(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the account and how its fields are filled: {topic}, {title}, {count}, {time}. Without id: none."""

    id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def filled(self, facts: Mapping[str, object]) -> dict[str, str]:
        return {name: " ".join(form.format(**facts).split())[:FIELD] for name, form in self.fields.items()}


@dataclass(frozen=True, slots=True)
class Filled:
    """A template message ready to be sent."""

    template_id: str
    data: Mapping[str, str]
    url: str


Content = Card | str | Filled


@dataclass(frozen=True, slots=True)
class Wording:
    """How news is put. texts: config/staff.toml, news. names: topics by key. pictures: of topics, for articles that
    have none of their own."""

    texts: Mapping[str, Any]
    names: Mapping[str, str]
    templates: Mapping[str, Template] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)

    def content(self, channel: str, broadcast: Broadcast, stories: Sequence[Story], at: datetime) -> Content:
        template = self.templates.get(channel)
        if template is None:
            return self.message(broadcast.topic, stories, broadcast.title)
        facts = {
            "topic": self.names.get(broadcast.topic, broadcast.topic),
            "title": broadcast.title or stories[0].title,
            "count": len(stories),
            "time": f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        }
        return Filled(template.id, template.filled(facts), stories[0].url)

    def message(self, topic: str, stories: Sequence[Story], title: str = "") -> Card | str:
        """One article is a card; several share one text, for each message counts against the five of a window.

        title: the line above in staff's own words.
        """
        if len(stories) == 1:
            (story,) = stories
            picture = story.picture or self.pictures.get(topic, "")
            return Card(title or story.title, story.summary, picture, story.url)
        lines = [self.texts["line"].format(title=link(story.title, story.url)) for story in stories]
        name = self.names.get(topic, topic)
        head, tail = title or self.texts["head"].format(topic=name), self.texts["tail"].format(topic=name)
        return fitted("\n".join([head, *lines, tail]))[0]


@dataclass(frozen=True, slots=True)
class Speed:
    """at_once: messages of this process on their way at the same time. per_second: over all machines; 0 = as fast as
    it goes."""

    at_once: int = 1
    per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Edition:
    """A broadcast with what it brings, as it was looked up `at` this moment; once let go it changes only if the site takes an
    article down. fresh: newest first. stories: by article id, of those still at the site."""

    broadcast: Broadcast
    fresh: Sequence[Fresh]
    stories: Mapping[int, Story]
    at: datetime


ONE_BY_ONE, ALWAYS = Speed(), Habits()


@dataclass(frozen=True)
class Courier:
    """Everything one run needs; `worker` names it in the rows it holds.

    more: there is a lot to do, others may help. alarm: a person should know of this error.
    stopped: channels that would fail for everybody now. seen: broadcasts looked up lately, by number.
    """

    sessions: Sessions
    sender: Sender
    ledger: Ledger
    wording: Wording
    now: Callable[[], datetime]
    worker: str
    channels: tuple[str, ...] = ("service",)
    speed: Speed = ONE_BY_ONE
    habits: Habits = ALWAYS
    more: Callable[[], object] = lambda: None
    alarm: Callable[[PlatformError], object] = lambda _: None
    stopped: set[str] = field(default_factory=set)
    halt: threading.Event = field(default_factory=threading.Event)
    seen: dict[int, Edition] = field(default_factory=dict)

    @property
    def open_channels(self) -> list[str]:
        """Those worth trying now."""
        if self.halt.is_set():
            return []
        return [one for one in self.channels if one not in self.stopped and not self.ledger.is_held(one)]


@dataclass(frozen=True, slots=True)
class Packet:
    """A delivery that is ready: what goes out, and what it took from the ledger (the window's kind)."""

    row: Delivery
    content: Content
    client_msg_id: str
    window: str = ""


def client_msg_id(broadcast: Broadcast, openid: str) -> str:
    """The same for every try of the same broadcast to the same follower, so that the platform sends it once."""
    made_of = f"{broadcast.key} {broadcast.created_at.isoformat()} {openid}"
    return hashlib.sha256(made_of.encode()).hexdigest()[:32]


T = TypeVar("T")


def when_database_answers(work: Callable[[], T]) -> T:
    """Does it again while the database is away; it must do no harm to what the first try did. Raises DBAPIError."""
    for _ in range(WAITS):
        try:
            return work()
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError):
            log.warning("the database is away; there is something to write down")
            time.sleep(PAUSE_S)
    return work()
