"""Industry chains as data: their names, and which of them an article is about, with a reason staff can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.dialogue.lookups import Topic
from bot.search.analysis import plain

IN_TITLE, IN_CATEGORY, IN_BODY = 1.0, 0.9, 0.5
PUSHED_FROM = 0.9
"""Score from which an article is pushed to a topic's subscribers; body-only finds are right too seldom."""

BODY_TIMES = 3
"""How often a topic's words must stand in a body to count."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One topic with the words that point to it (`strong` by themselves) and those that speak against it."""

    topic: Topic
    strong: tuple[str, ...]
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taxonomy:
    chains: tuple[Chain, ...]

    @classmethod
    def from_toml(cls, data: Mapping[str, Any]) -> Taxonomy:
        return cls(tuple(_chain(facts) for facts in data["topic"]))

    @property
    def topics(self) -> tuple[Topic, ...]:
        return tuple(chain.topic for chain in self.chains)

    def assign(
        self, title: str, body: str, category: str = "", tags: tuple[str, ...] = ()
    ) -> tuple[tuple[str, float, str], ...]:
        """(topic key, score 0..1, reason), best first."""
        shown = plain(" ".join((category, *tags)))
        found = [_judged(chain, plain(title), plain(body), shown) for chain in self.chains]
        return tuple(sorted((one for one in found if one), key=lambda one: -one[1]))


def _chain(facts: Mapping[str, Any]) -> Chain:
    topic = Topic(facts["key"], facts["name"], tuple(facts.get("words", ())), facts.get("parent", ""))
    strong = tuple(plain(word) for word in (topic.name, *topic.words, *facts.get("strong", ())))
    return Chain(topic, strong, tuple(plain(word) for word in facts.get("exclude", ())))


def _judged(chain: Chain, title: str, body: str, shown: str) -> tuple[str, float, str] | None:
    if any(word in title for word in chain.exclude):
        return None
    for score, text, where in ((IN_TITLE, title, "title"), (IN_CATEGORY, shown, "category")):
        word = next((word for word in chain.strong if word in text), None)
        if word:
            return chain.topic.key, score, f"{where}: {word}"
    counts = {word: body.count(word) for word in chain.strong if word in body}
    if sum(counts.values()) < BODY_TIMES:
        return None
    return chain.topic.key, IN_BODY, "body: " + ", ".join(f"{word} {count}" for word, count in counts.items())
