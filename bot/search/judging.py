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

# Fitted on half of the evaluation queries and on messages made of articles against idle ones, by a logistic regression;
# the other half and the hand-written messages of tests/eval/search_messages.tsv only measure.
WEIGHTS = {
    "score": 6.2,
    "norm": -1.2,
    "coverage": 1.25,
    "verbatim": 2.45,
    "exact": 2.6,
    "missing": -1.4,
    "changed": -1.0,
    "chat": -3.8,
    "errand": -4.3,
    "together": 1.15,
}
CONSTANT = -9.0


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for and against an answer, by name; `python -m bot search --explain` shows them."""

    score: float = 0.0
    norm: float = 0.0
    coverage: float = 0.0
    verbatim: float = 0.0
    exact: float = 0.0
    missing: float = 0.0
    changed: float = 0.0
    chat: float = 0.0
    errand: float = 0.0
    together: float = 0.0

    @property
    def confidence(self) -> float:
        """0..1."""
        told = CONSTANT + sum(weight * getattr(self, name) for name, weight in WEIGHTS.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, told))))


def signs(wanted: Wanted, first: Ranked, changed: int = 0) -> Signs:
    """The score of an index grows with its size, so it is divided by the logarithm of that."""
    size = math.log(max(wanted.view.size, 3))
    weights = sum(concept.weight for concept in wanted.concepts)
    missed = [one.weight for one in wanted.concepts if not one.stands_in(first.hit.content)]
    talk = talkative(wanted.question.said)
    length = len(wanted.question.text.replace(" ", ""))
    return Signs(
        score=math.log1p(first.hit.score / size),
        norm=first.hit.score / (2.2 * weights) if weights else 0.0,
        coverage=first.coverage,
        verbatim=first.verbatim * min(wanted.length, 8) / 4,
        exact=first.exact * min(length, 8) / 4,
        missing=max(missed, default=0.0) / size,
        changed=changed / max(length, 1),
        chat=talk["chat"],
        errand=talk["errand"],
        together=together(wanted, first.hit.content),
    )


def together(wanted: Wanted, content: str) -> float:
    """The longest piece of the message that stands in the article, as a share of the message's longest run."""
    said = max(runs(wanted.question.text), key=len, default="")
    if not said:
        return 0.0
    for size in range(min(len(said), 10), 1, -1):
        if any(said[at : at + size] in content for at in range(len(said) - size + 1)):
            return size / min(len(said), 10)
    return 0.0


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
    """A saying everybody knows to be small talk, one character over and over, or a short number."""
    bare = _MARKS.sub("", said)
    return bare in _small_talk() or len(set(bare)) <= 1 or (bare.isdigit() and len(bare) <= SHORT_NUMBER)


@cache
def _small_talk() -> frozenset[str]:
    return frozenset(word for line in lines("smalltalk.txt") for word in line.split())


@cache
def _talk() -> tuple[Phrases, dict[str, str], frozenset[str]]:
    kinds: dict[str, str] = {}
    for line in lines("talk.txt"):
        kind, *words = line.split()
        kinds |= dict.fromkeys(words, kind)
    long = [word for word in kinds if len(word) > 1]
    return Phrases(long), kinds, frozenset(word for word in kinds if len(word) == 1)
