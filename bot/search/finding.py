"""The whole search of one message: read it, rank, read slips anew, keep to the time it names, and judge the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.search.index import Index, View
from bot.search.judging import Signs, is_idle, signs
from bot.search.question import Question, read
from bot.search.ranking import CANDIDATES, Ranked, Wanted, is_broad, newest_first, ranked
from bot.search.respelling import Speller
from bot.search.synonyms import Synonyms
from bot.search.threshold import ANSWERS_FROM

GOOD = 0.55
"""Coverage and verbatim finds (0..2) of the best article below which the message may be misspelt."""
BETTER = 0.05
CHANGE_COSTS = 0.1
LONG, LONGEST, ENOUGH = 12, 24, 0.5
"""Characters of a message from which on, with enough of it found, or at all, no slip is looked for."""
CLOSE = 0.5
"""Of the confidence to answer with: what has as much is no answer, but close to what was asked."""
MOST_TALK = 0.15
"""Share of a message in words of small talk and errands, beyond which no article is close to it."""
NEARLY_AS_GOOD = 0.7
"""What the time that was named must have to offer, measured by what any other has."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, best first.

    close: none of them answers, but the first ones are near enough to be offered as that.
    respelled: the message as it was read, where that is not how it was written.
    missed_period: nothing was found in the time the message names; these are from other times.
    """

    found: tuple[Ranked, ...]
    signs: Signs
    answered: bool
    question: Question
    close: bool = False
    respelled: str = ""
    missed_period: bool = False

    @property
    def confidence(self) -> float:
        return self.signs.confidence if self.found else 0.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What the search knows beside the index."""

    synonyms: Synonyms = field(default_factory=Synonyms)
    speller: Speller = field(default_factory=Speller)

    @classmethod
    def of(cls, synonyms: Synonyms, terms: Sequence[str] = ()) -> Tools:
        return cls(synonyms, Speller((*synonyms.known, *terms)))


@dataclass(frozen=True, slots=True)
class _Attempt:
    wanted: Wanted
    found: list[Ranked]
    changed: int = 0

    @property
    def quality(self) -> float:
        """0..2."""
        best = self.found[0] if self.found else None
        return (best.coverage + best.verbatim if best else 0.0) - CHANGE_COSTS * bool(self.changed)


def find(
    index: Index, message: str, now: datetime, tools: Tools, limit: int = CANDIDATES, answers_from: float = ANSWERS_FROM
) -> Findings:
    """The articles for a message, near-duplicates shown once."""
    question, view = read(message, now), index.view()
    best = _best_reading(question, view, tools, now)
    missed = False
    if question.period and (best.found or not question.text):
        within = _within(best, question, now)
        missed = within.quality < NEARLY_AS_GOOD * best.quality or not within.found
        best = best if missed else within
    found = _once(best.found)
    judged = signs(best.wanted, found[0]) if found else Signs()
    meant = bool(found) and not is_idle(question.said)
    answered = meant and judged.confidence >= answers_from
    close = meant and not answered and _is_close(judged, answers_from)
    if found and is_broad(best.wanted, found, newest=question.newest):
        found = newest_first(best.wanted, found, now)
    respelled = best.wanted.question.text if best.changed else ""
    return Findings(tuple(found[:limit]), judged, answered, question, close, respelled, missed)


def _is_close(judged: Signs, answers_from: float) -> bool:
    return judged.confidence >= CLOSE * answers_from and judged.chat + judged.errand <= MOST_TALK


def _best_reading(question: Question, view: View, tools: Tools, now: datetime) -> _Attempt:
    """As it was written; where that finds little, as it may have been meant."""
    first = _attempt(question, view, tools, now)
    if first.quality >= 2.0 - GOOD or not question.text or _is_told_at_length(first):
        return first
    respelled = tools.speller.respelled(question.text, view)
    if respelled is None:
        return first
    meant = replace(question, text=respelled.text, said=respelled.text)
    second = replace(_attempt(meant, view, tools, now), changed=respelled.changed)
    return second if second.quality > first.quality + BETTER else first


def _is_told_at_length(first: _Attempt) -> bool:
    """In a long message most words are right, and one slip among them does no harm."""
    length = _length(first.wanted.question.text)
    return length > LONGEST or (bool(first.found) and length > LONG and first.found[0].coverage > ENOUGH)


def _length(text: str) -> float:
    """In characters; of Latin letters some three make one, as in typed pinyin."""
    return len(text) - sum("a" <= char <= "z" for char in text) * 2 / 3


def _attempt(question: Question, view: View, tools: Tools, now: datetime) -> _Attempt:
    synonyms = tools.synonyms.find(question.text) if len(question.text) <= LONGEST else ()
    wanted = Wanted(question, tuple(synonyms), view)
    return _Attempt(wanted, ranked(wanted, now) if question.text else [])


def _within(best: _Attempt, question: Question, now: datetime) -> _Attempt:
    """The same search among the articles of the time that was named; where nothing else was said, all of them."""
    period = question.period
    if period is None:
        return best
    between = best.wanted.view.between(period.start, period.end)
    wanted = replace(best.wanted, extra=(between,))
    return _Attempt(wanted, ranked(wanted, now), best.changed)


def _once(found: list[Ranked]) -> list[Ranked]:
    """Of articles that tell the same story the best place stays, and the original where it was found, too."""
    kept: dict[int, Ranked] = {}
    for one in found:
        first = kept.setdefault(one.hit.group, one)
        if one.hit.id == one.hit.group and first.hit.id != one.hit.id:
            kept[one.hit.group] = first._replace(hit=one.hit)
    return list(kept.values())
