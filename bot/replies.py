"""The firm's replies as they are now: config, and over it what staff changed at the desk, followed by every process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.dialogue.lookups import Entry, KeywordRule
from bot.store import replies as stored
from bot.store.base import Sessions, reading
from bot.store.replies import WELCOME, Replies, Shipped


class Live(Mapping[str, str]):
    """A mapping that is looked up anew each time, so that who holds it sees every change."""

    def __init__(self, now: Callable[[], Mapping[str, str]]) -> None:
        self._now = now

    def __getitem__(self, key: str) -> str:
        return self._now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


@dataclass
class OwnReplies:
    """phrases: all of config's, of which staff may change the welcome. seen: the last change that was taken in."""

    sessions: Sessions
    config: Mapping[str, str]
    shipped: Shipped
    now: Replies = field(init=False)
    phrases: Live = field(init=False)
    says: Live = field(init=False)
    seen: int = 0
    _rules: tuple[KeywordRule, ...] = field(init=False, default=())
    _worded: Mapping[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._take(stored.as_shipped(self.shipped))
        self.phrases = Live(lambda: self._worded)
        self.says = Live(lambda: self.now.menu["says"])

    def __iter__(self) -> Iterator[KeywordRule]:
        """The rules that answer."""
        return iter(self._rules)

    def entries(self) -> tuple[Entry, ...]:
        """The menu's entries in their order; those that cannot be words (pictures, scans) are left out."""
        says, menu = self.says, self.now.menu["button"]
        every = [(group, one) for group, top in enumerate(menu) for one in (top.get("sub_button") or [top])]
        made = (Entry(one["name"], says.get(one.get("key", ""), ""), one.get("url", ""), group) for group, one in every)
        return tuple(entry for entry in made if entry.says or entry.url)

    def refresh(self) -> None:
        """Take in what any process has written since the last look."""
        with reading(self.sessions) as session:
            latest = stored.latest(session)
            if latest == self.seen:
                return
            self._take(stored.current(session, self.shipped))
        self.seen = latest

    def _take(self, replies: Replies) -> None:
        self.now = replies
        self._rules = replies.keywords
        self._worded = {**self.config, WELCOME: replies.welcome}


def own_replies(sessions: Sessions, files: Mapping[str, Any], phrases: Mapping[str, str]) -> OwnReplies:
    """files: keywords and menu of config."""
    shipped = Shipped(tuple(files["keywords"].get("rule", ())), phrases[WELCOME], files["menu"])
    return OwnReplies(sessions, phrases, shipped)
