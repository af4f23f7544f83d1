"""Industry chains as data: their names, and which of them an article is about, with a reason staff can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.dialogue.lookups import Topic
from bot.search.phrases import Phrases
from bot.search.plain import plain

PUSHED_FROM = 0.9
"""Score from which an article is pushed to a topic's subscribers; what only the body tells is right too seldom."""
IN_TITLE, IN_CATEGORY, TITLE_ONLY, HINTED, DENSE, IN_BODY, OF_PARENT = 1.0, 0.95, 0.85, 0.8, 0.7, 0.5, 0.45

LEAD = 120
"""Characters of a body that say what it is about."""
BODY_TIMES, DENSE_TIMES = 3, 5
LONG = 150
"""A body of so many characters that never comes back to its title's word is about something else."""

Assigned = tuple[str, float, str]
"""Topic key, score 0..1, reason."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One topic. `strong` words point to it by themselves; `weak` ones (up- and downstream) only beside others.

    exclude: words that speak against it. other: longer words that only look like one of its own (数字人民币).
    """

    topic: Topic
    strong: frozenset[str]
    weak: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What the phrases of all chains say of one article: how often each stands in which part."""

    title: Counter[str]
    shown: Counter[str]
    lead: Counter[str]
    body: Counter[str]
    length: int


@dataclass(frozen=True)
class Taxonomy:
    """`guard`: words (war, crime) beside which a title's word no longer shows what the article is about.

    inside: the words that stand in a longer one, which says them, too: 半导体 in 半导体设备.
    pointing: the chains a word is strong or weak for.
    """

    chains: tuple[Chain, ...]
    guard: frozenset[str]
    phrases: Phrases
    inside: Mapping[str, tuple[str, ...]]
    pointing: Mapping[str, tuple[Chain, ...]]
    reasons: Mapping[str, str]

    @classmethod
    def from_toml(cls, data: Mapping[str, Any]) -> Taxonomy:
        chains = tuple(_chain(facts) for facts in data["topic"])
        guard = _plain(data.get("guard", ()))
        others = _plain(word for facts in data["topic"] for word in facts.get("other", ()))
        own = {word for chain in chains for word in chain.strong | chain.weak | chain.exclude} | guard
        inside = {word: tuple(part for part in own if part != word and part in word) for word in own - others}
        pointing: dict[str, tuple[Chain, ...]] = {}
        for chain in chains:
            for word in chain.strong | chain.weak:
                pointing[word] = (*pointing.get(word, ()), chain)
        return cls(chains, guard, Phrases(sorted(own | others)), inside, pointing, data.get("reasons", {}))

    @property
    def topics(self) -> tuple[Topic, ...]:
        return tuple(chain.topic for chain in self.chains)

    @property
    def terms(self) -> tuple[str, ...]:
        """Every word that points to a chain: the terms of the trade."""
        return tuple(sorted({word for chain in self.chains for word in chain.strong | chain.weak}))

    def assign(self, title: str, body: str, category: str = "", tags: tuple[str, ...] = ()) -> tuple[Assigned, ...]:
        """Every topic the article belongs to, best first; a child brings its parent along, below what is pushed."""
        said = self._said(title, body, " ".join((category, *tags)))
        words = (*said.title, *said.shown, *said.body)
        named = {chain.topic.key: chain for word in words for chain in self.pointing.get(word, ())}
        found = {key: one for key, chain in named.items() if (one := self._judged(chain, said))}
        for key in tuple(found):
            parent = named[key].topic.parent
            if parent and parent not in found:
                score = min(OF_PARENT, found[key][1])
                found[parent] = (parent, score, self._reason("parent", [named[key].topic.name]))
        return tuple(sorted(found.values(), key=lambda one: -one[1]))

    def _said(self, title: str, body: str, shown: str) -> Said:
        text = plain(body)
        return Said(
            self._count(plain(title)), self._count(plain(shown)), self._count(text[:LEAD]), self._count(text), len(text)
        )

    def _count(self, text: str) -> Counter[str]:
        found = Counter(phrase for _, phrase in self.phrases.find(text))
        for phrase, count in tuple(found.items()):
            for part in self.inside.get(phrase, ()):
                found[part] += count
        return found

    def _judged(self, chain: Chain, said: Said) -> Assigned | None:
        against = (chain.exclude | self.guard) & said.title.keys()
        strong, weak = _of(chain.strong, said.body), _of(chain.weak, said.body)
        rule = None if against else self._by_title(chain, said, strong, weak)
        rule = rule or self._by_body(chain, said, strong, weak)
        if rule is None:
            return None
        score, reason, words = rule
        return chain.topic.key, score, self._reason(reason, words)

    def _by_title(self, chain: Chain, said: Said, strong: Counter[str], weak: Counter[str]) -> _Rule | None:
        title, shown = _of(chain.strong, said.title), _of(chain.strong, said.shown)
        if title and (strong or weak or said.length < LONG):
            return IN_TITLE, "title", list(title)
        if shown and not chain.exclude & said.body.keys():
            return IN_CATEGORY, "category", list(shown)
        if title:
            return TITLE_ONLY, "title_only", list(title)
        hints = _of(chain.weak, said.title)
        if hints and strong.total() >= 2:
            return HINTED, "title_and_body", [*hints, *strong]
        return None

    def _by_body(self, chain: Chain, said: Said, strong: Counter[str], weak: Counter[str]) -> _Rule | None:
        if strong.total() < BODY_TIMES or (chain.exclude | self.guard) & (said.title.keys() | said.lead.keys()):
            return None
        words = [f"{word}×{count}" for word, count in (strong + weak).most_common(5)]
        dense = strong.total() >= DENSE_TIMES and _of(chain.strong, said.lead) and strong.total() * 80 >= said.length
        return (DENSE, "body_dense", words) if dense else (IN_BODY, "body", words)

    def _reason(self, name: str, words: Iterable[str]) -> str:
        pattern = self.reasons.get(name, name + ": {words}")
        return pattern.format(words=", ".join(words))


_Rule = tuple[float, str, list[str]]


def _of(wanted: frozenset[str], said: Counter[str]) -> Counter[str]:
    return Counter({word: count for word, count in said.items() if word in wanted})


def _chain(facts: Mapping[str, Any]) -> Chain:
    topic = Topic(facts["key"], facts["name"], tuple(facts.get("words", ())), facts.get("parent", ""))
    upstream, downstream = tuple(facts.get("up", ())), tuple(facts.get("down", ()))
    strong = _plain((topic.name, *topic.words, *facts.get("strong", ())))
    weak = _plain((*facts.get("weak", ()), *upstream, *downstream)) - strong
    return Chain(topic, strong, weak, _plain(facts.get("exclude", ())), upstream, downstream)


def _plain(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(plain, words))
