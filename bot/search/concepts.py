"""What a message asks for: its words, each by how much finding it tells, and how far an article has them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bot.search.analysis import tagged, words
from bot.search.index import View
from bot.search.synonyms import Synonym

BY_ANOTHER_NAME = 0.85
BY_CHARACTERS = 0.5
"""What it tells that a word's characters stand there but not the word: 补 for 补贴, 军舰 where there is 舰艇."""

TELLS = {"n": 1.0, "j": 1.0, "l": 1.0, "i": 1.0, "s": 1.0, "vn": 1.0, "an": 1.0, "eng": 1.0}
TELLS |= {"v": 0.5, "a": 0.5, "b": 0.5, "z": 0.5, "g": 0.5}
TELLS_LITTLE = 0.2
"""How much a word tells beside its rarity, by its part of speech (names and nouns, verbs, all others)."""

STRETCH = 50
"""Characters. A passage is two neighbouring stretches of an article."""
LOOKED_AT, OFTEN = 2, 40
"""Passages that are read, those with most of the words, and places of a word that are noted."""


class Asked(NamedTuple):
    """One thing asked for: how much finding it tells, as it was said, and the other ways to say it."""

    weight: float
    said: str
    others: tuple[str, ...]

    def told(self, content: str) -> float:
        """0..1: how far it stands there."""
        if self.said in content:
            return 1.0
        if self.others and any(map(content.__contains__, self.others)):
            return BY_ANOTHER_NAME
        return 0.0

    def hinted(self, passage: str) -> float:
        """The same of a short piece of text, where single characters tell something, too."""
        told = self.told(passage)
        if told or len(self.said) == 1 or self.said.isascii():
            return told
        return BY_CHARACTERS * sum(map(passage.__contains__, self.said)) / len(self.said)


def share(asked: Sequence[Asked], content: str) -> float:
    """How much of what was asked for stands there, less of what does by another name; in the unit of the weights."""
    found = 0.0
    for weight, said, others in asked:
        if said in content:
            found += weight
        elif others and any(map(content.__contains__, others)):
            found += weight * BY_ANOTHER_NAME
    return found


def concepts(text: str, synonyms: Iterable[Synonym], view: View) -> tuple[Asked, ...]:
    """The words of a plain text; those inside a phrase with synonyms count together, as the most telling of them."""
    inside = {word: synonym for synonym in synonyms for word in words(synonym.phrase)}
    weights: dict[tuple[str, ...], float] = {}
    for word, tag in tagged(text):
        synonym = inside.get(word)
        names = (synonym.phrase, *synonym.others) if synonym else (word,)
        weights[names] = max(weights.get(names, 0.0), _tells(word, tag) * view.rarity("words", word))
    return tuple(Asked(weight, said, tuple(others)) for (said, *others), weight in weights.items())


def _tells(word: str, tag: str) -> float:
    if word.isascii():
        return TELLS["eng"]
    tells = TELLS.get(tag) or TELLS.get(tag[:1], TELLS_LITTLE)
    return tells if len(word) > 1 else tells / 2


def in_one_passage(asked: Sequence[Asked], title: str, content: str) -> float:
    """How much of what was asked for stands in the title or in one and the same passage, in the unit of the weights."""
    titled = [one.hinted(title) for one in asked]
    missing = [(one, told) for one, told in zip(asked, titled, strict=True) if told < 1.0]
    found = sum(one.weight * told for one, told in zip(asked, titled, strict=True))
    more = (_more(missing, content[at * STRETCH : (at + 2) * STRETCH]) for at in _passages(missing, content))
    return found + max(more, default=0.0)


def _more(missing: Sequence[tuple[Asked, float]], passage: str) -> float:
    return sum(one.weight * max(0.0, one.hinted(passage) - told) for one, told in missing)


def _passages(missing: Sequence[tuple[Asked, float]], content: str) -> list[int]:
    """The stretches that begin the passages with most of the missing words."""
    having: dict[int, float] = defaultdict(float)
    for one, _ in missing:
        for at in {place // STRETCH for name in (one.said, *one.others) for place in _places(name, content)}:
            having[at] += one.weight
    worth = {at: having.get(at, 0.0) + having.get(at + 1, 0.0) for one in having for at in (one - 1, one) if at >= 0}
    return sorted(worth, key=lambda at: (-worth[at], at))[:LOOKED_AT]


def _places(name: str, content: str) -> Iterable[int]:
    place = content.find(name)
    for _ in range(OFTEN):
        if place < 0:
            return
        yield place
        place = content.find(name, place + STRETCH)
