"""Knows when there is no good answer: how sure it is that the best article answers the message."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

from bot.search.analysis import runs, segments
from bot.search.phrases import Phrases
from bot.search.plain import lines
from bot.search.ranking import Ranked, Wanted

SHORT_NUMBER = 3
_MARKS = re.compile(r"[\W_]+")

# A logistic regression. Fitted on half of the evaluation queries, on the same queries with their right articles left
# out, on messages made of articles and on idle ones; the other half and hand-written messages only measure.
WEIGHTS = {
    "score": 2.7,
    "passage": 5.6,
    "verbatim": 1.0,
    "exact": 0.55,
    "slight": -2.4,
    "chat": -4.1,
    "errand": -4.9,
}
CONSTANT = -9.25


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for and against an answer, by name; `python -m bot search --explain` shows them.

    passage: the share of what was asked for that stands in the title or close together. slight: how little was asked
    for, where it is not found word for word. chat, errand: the share of the message in such words.
    """

    score: float = 0.0
    passage: float = 0.0
    verbatim: float = 0.0
    exact: float = 0.0
    slight: float = 0.0
    chat: float = 0.0
    errand: float = 0.0

    @property
    def confidence(self) -> float:
        """0..1."""
        told = CONSTANT + sum(weight * getattr(self, name) for name, weight in WEIGHTS.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, told))))


def signs(wanted: Wanted, first: Ranked) -> Signs:
    """What a word and what a whole score tell grows with the size of an index: both are divided by its logarithm."""
    size = math.log(max(wanted.view.size, 3))
    talk = talkative(wanted.question.said)
    length = len(wanted.question.text.replace(" ", ""))
    return Signs(
        score=math.log1p(first.hit.score / size),
        passage=first.passage,
        verbatim=first.verbatim * min(wanted.length, 8) / 4,
        exact=first.exact * min(length, 8) / 4,
        slight=max(0.0, 1.0 - wanted.weight / size) * (1.0 - first.verbatim),
        chat=talk["chat"],
        errand=talk["errand"],
    )


def talkative(text: str) -> dict[str, float]:
    """The share of a message's characters in words of small talk and of everyday errands."""
    phrases, kinds, single = _talk()
    length = max(1, sum(map(len, runs(text))))
    share = dict.fromkeys(("chat", "errand"), 0.0)
    for _, phrase in phrases.find(text):
        share[kinds[phrase]] += len(phrase) / length
    for token in segments(text):
        if token in single:
            share["chat"] += 1 / length
    return share


def is_idle(said: str) -> bool:
    """Sayings everybody knows to be small talk, one character over and over, or a short number."""
    bare = _without_echo(_MARKS.sub("", said))
    known = bare in _small_talk() or _small_talk_in_a_row().fullmatch(bare)
    return bool(known) or len(set(bare)) <= 1 or (bare.isdigit() and len(bare) <= SHORT_NUMBER)


def _without_echo(bare: str) -> str:
    """What is said with a particle at its end, or twice, is the same saying."""
    once = bare.rstrip(_particles()) or bare
    half = once[: len(once) // 2]
    return half if half and half * 2 == once else once


@cache
def _small_talk() -> frozenset[str]:
    return frozenset(word for line in lines("smalltalk.txt") for word in line.split())


@cache
def _small_talk_in_a_row() -> re.Pattern[str]:
    """Sayings and whom they are said to. Those of one character are left out: they may be part of anything."""
    said = "|".join(sorted((re.escape(word) for word in _small_talk() if len(word) > 1), key=len, reverse=True))
    whom = "|".join(word for line in lines("addresses.txt") for word in line.split())
    return re.compile(f"(?:{whom})*(?:(?:{said})(?:{whom}|[{_particles()}])*)+")


@cache
def _particles() -> str:
    """Characters at the end of a saying that leave its meaning as it is."""
    return "".join(word for line in lines("particles.txt") for word in line.split())


@cache
def _talk() -> tuple[Phrases, dict[str, str], frozenset[str]]:
    kinds: dict[str, str] = {}
    for line in lines("talk.txt"):
        kind, *words = line.split()
        kinds |= dict.fromkeys(words, kind)
    long = [word for word in kinds if len(word) > 1]
    return Phrases(long), kinds, frozenset(word for word in kinds if len(word) == 1)
