"""What each follower sees in the chat, and the count of who received what how often."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass

from bot.simulator.shapes import Json

CHAT = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """One bubble. by: follower, account or platform. via: how it came (chat, reply, kf, mass, preview, template, ...)."""

    id: int
    at: str
    by: str
    via: str
    kind: str
    content: Json

    def as_json(self) -> Json:
        return {"id": self.id, "at": self.at, "by": self.by, "via": self.via, "kind": self.kind, **self.content}


class Receipts:
    """How often each follower received each thing; the key says what: `kf:text:…`, `mass:900001`, `article:<url>`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)

    def note(self, openid: str, keys: list[str]) -> None:
        with self._lock:
            for key in keys:
                self._counts[key][openid] += 1

    def as_json(self, prefix: str = "", openid: str = "") -> Json:
        with self._lock:
            found = {key: dict(counts) for key, counts in self._counts.items() if key.startswith(prefix)}
        if openid:
            return {key: {openid: counts[openid]} for key, counts in found.items() if openid in counts}
        return found

    def twice(self, prefix: str = "article:") -> Json:
        """Who received a thing more than once."""
        found = self.as_json(prefix)
        repeated = {key: {who: n for who, n in counts.items() if n > 1} for key, counts in found.items()}
        return {key: counts for key, counts in repeated.items() if counts}


def keys_of(via: str, kind: str, content: Json) -> list[str]:
    """The receipt keys of one message to a follower."""
    keys = [f"{via}:{kind}:{_gist(kind, content)}"]
    keys += [f"article:{article.get('source') or article['url'] or article['title']}" for article in _articles(content)]
    return keys


def _articles(content: Json) -> list[Json]:
    return list(content.get("articles", []))


def _gist(kind: str, content: Json) -> str:
    if "job" in content:
        return str(content["job"])
    if kind == "text":
        return str(content.get("text", ""))[:200]
    return "|".join(str(article["title"]) for article in _articles(content))[:200] or str(content.get("gist", ""))


class Ids:
    """Numbers that the platform gives out, safe to take from any thread.

    They start at the time of the start: a bot that remembers an earlier simulator must not meet its numbers again.
    """

    def __init__(self) -> None:
        start = int(time.time())
        self.entries = itertools.count(1)
        # Above 2^53, as real ones are: a bot that reads them as floats loses the last digits.
        self.messages = itertools.count(24_000_000_000_000_000 + start * 1_000_000)
        self.followers = itertools.count(1)
        self.mass_jobs = itertools.count(start)
        self.mass_data = itertools.count(2 * start)
        self.templates = itertools.count(start)
        self.notices = itertools.count(1_800_000_000_000_000_000 + start)
        self.publishing = itertools.count(start)
        self.menus = itertools.count(430_000_001)
        self.media = itertools.count(1)
