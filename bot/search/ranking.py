"""Best first: candidates by BM25 over words and character pairs, then ranked again by what they really contain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import tantivy

from bot.search.analysis import pairs, words
from bot.search.concepts import Asked, concepts, in_one_passage, share
from bot.search.index import Clause, Hit, Term, View
from bot.search.question import Question
from bot.search.synonyms import Synonym

CANDIDATES = 30
CLOSELY = 6
"""Of them are read closely, for what they say together."""
FOCUS = 12
"""Words of a message that are looked for together."""
ENOUGH = 3
BROAD, BROAD_LENGTH = 8, 8
BEGUN, BEGINNINGS = 3, 8
"""Letters of a Latin term no article has from which on it stands for those that begin so, and for how many of them."""
PAIR_WEIGHT = 0.7
SYNONYM_WEIGHT = 0.5
PASSAGE_WEIGHT = 1.0
FRESH_DAYS = 180
"""Half-life of the small bonus for new articles."""
LONG = 3000
"""Bytes of an article whose bonus for being short and to the point is half."""

ALL = 1.0 - 1e-9
"""Of the words, but for the rounding of a sum."""

TERMS, PAIRS = 24, 40
"""Terms looked for at most, the rarest first: a pasted paragraph is found as well by these, and in time."""


class Ranked(NamedTuple):
    """An article with its score.

    coverage: how much of what the words tell it has; verbatim: of the message's runs; passage: of what the words tell
    in its title or close together, the same as coverage until it is read closely.
    """

    hit: Hit
    score: float
    coverage: float
    verbatim: float
    in_title: float
    exact: float
    passage: float


@dataclass(frozen=True)
class Wanted:
    """What is looked for, weighed against one view of the index."""

    question: Question
    synonyms: tuple[Synonym, ...]
    view: View
    extra: Sequence[Clause] = field(default=())

    @cached_property
    def terms(self) -> list[str]:
        return self._rarest("words", self.question.terms, TERMS)

    @cached_property
    def grams(self) -> list[str]:
        return self._rarest("pairs", self.question.pairs, PAIRS)

    def _rarest(self, field_name: str, terms: list[str], limit: int) -> list[str]:
        once = list(dict.fromkeys(terms))
        if field_name == "words":
            once = list(dict.fromkeys(known for term in once for known in self._spelled_out(term)))
        if len(once) <= limit:
            return once
        return sorted(once, key=lambda term: -self.view.rarity(field_name, term))[:limit]

    def _spelled_out(self, term: str) -> list[str]:
        """A Latin term no article has stands for those that begin with it."""
        if not term.isascii() or len(term) < BEGUN or self.view.having("words", term):
            return [term]
        return [known for known, _ in self.view.searcher.terms_with_prefix("words", term, limit=BEGINNINGS)] or [term]

    @cached_property
    def weights(self) -> dict[Term, float]:
        """What is looked for: words and character pairs as they were said, and by their other names."""
        weights = {("words", term): 1.0 for term in self.terms} | {("pairs", pair): PAIR_WEIGHT for pair in self.grams}
        others: dict[Term, float] = defaultdict(float)
        for synonym in self.synonyms:
            for other in synonym.others:
                for term, weight in self._other_way(synonym, other):
                    others[term] += weight
        return {**others, **weights}

    def _other_way(self, synonym: Synonym, other: str) -> Iterator[tuple[Term, float]]:
        """A synonym of many words must not outweigh what was said: all of it counts as much as the phrase it is for."""
        said, instead = words(synonym.phrase), words(other)
        own, whole = (sum(self.view.rarity("words", word) for word in group) for group in (said, instead))
        share = SYNONYM_WEIGHT * min(1.0, own / whole if whole else 0.0) / len(synonym.others) ** 0.5 or 0.01
        yield from ((("words", word), share) for word in dict.fromkeys(instead))
        yield from ((("pairs", pair), share * PAIR_WEIGHT) for pair in dict.fromkeys(pairs(other)))

    def candidates(self, limit: int) -> list[Hit]:
        """The best by the terms that tell most; of these, the common ones count by whether they stand there."""
        looked_for, common = self.view.by_worth(self.weights)
        hits = self.view.best(self._limited(self.view.any_weighted(looked_for, self.weights)), limit)
        if not common:
            return hits
        worth = [(term, self.weights[field, term] * self.view.rarity(field, term)) for field, term in common]
        counted = [hit._replace(score=hit.score + _standing_in(hit.content, worth)) for hit in hits]
        return sorted(counted, key=lambda hit: -hit.score)

    def _limited(self, clauses: list[Clause]) -> tantivy.Query:
        """With `extra` conditions the clauses are one condition more: any of them must hold."""
        query = tantivy.Query.boolean_query(clauses)
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *self.extra]) if self.extra else query

    def together(self) -> tantivy.Query | None:
        """Articles that have every character pair of a short message."""
        grams = list(dict.fromkeys(self.question.pairs))
        if not 1 <= len(grams) <= 8:
            return None
        return self._limited(self.view.all_of("pairs", grams))

    @cached_property
    def concepts(self) -> tuple[Asked, ...]:
        return concepts(self.question.bare, self.synonyms, self.view)

    @cached_property
    def runs(self) -> tuple[Asked, ...]:
        """Each unbroken piece of the message, by its length, and the ways to say it."""
        return tuple(Asked(len(run), run, self._other_ways(run)) for run in self.question.runs)

    def _other_ways(self, run: str) -> tuple[str, ...]:
        found = [synonym for synonym in self.synonyms if synonym.phrase in run]
        return tuple(run.replace(synonym.phrase, other) for synonym in found for other in synonym.others)

    @cached_property
    def length(self) -> int:
        return int(sum(run.weight for run in self.runs))

    @cached_property
    def weight(self) -> float:
        return sum(concept.weight for concept in self.concepts)

    @cached_property
    def is_one_piece(self) -> bool:
        """Whether no article has the message word for word that lacks one of its words: then none has to be looked at."""
        if len(self.runs) != 1 or self.synonyms:
            return False
        return all(concept.said in self.runs[0].said for concept in self.concepts)

    def coverage(self, content: str) -> float:
        return share(self.concepts, content) / self.weight if self.weight else 0.0

    @cached_property
    def focus(self) -> tuple[Asked, ...]:
        """What tells most: as much as one passage may have."""
        return tuple(sorted(self.concepts, key=lambda one: -one.weight)[:FOCUS])

    def passage(self, hit: Hit) -> float:
        weight = sum(one.weight for one in self.focus)
        return in_one_passage(self.focus, hit.title, hit.content) / weight if weight else 0.0

    def verbatim(self, content: str) -> float:
        return share(self.runs, content) / self.length if self.length else 0.0


def _standing_in(content: str, worth: Sequence[tuple[str, float]]) -> float:
    return sum(weight for term, weight in worth if term in content)


def ranked(wanted: Wanted, now: datetime) -> list[Ranked]:
    hits = wanted.candidates(CANDIDATES)
    best, at = hits[0].score if hits else 1.0, now.timestamp()
    found = [_ranked(wanted, hit, best, at) for hit in hits]
    if sum(one.verbatim == 1.0 for one in found) < ENOUGH and (query := wanted.together()):
        known = {hit.id for hit in hits}
        more = [hit for hit in wanted.view.best(query, CANDIDATES // 2) if hit.id not in known]
        floor = hits[-1].score if hits else 0.0
        found += [_ranked(wanted, hit._replace(score=floor), best, at) for hit in more]
    found.sort(key=lambda one: -one.score)
    close = [_read_closely(wanted, one) for one in found[:CLOSELY]]
    return [*sorted(close, key=lambda one: -one.score), *found[CLOSELY:]]


def _read_closely(wanted: Wanted, one: Ranked) -> Ranked:
    passage = 1.0 if wanted.is_one_piece and one.verbatim == 1.0 else wanted.passage(one.hit)
    return one._replace(passage=passage, score=one.score + PASSAGE_WEIGHT * (passage - one.passage))


def _ranked(wanted: Wanted, hit: Hit, best: float, now: float) -> Ranked:
    """best: the highest score of all candidates. now: in seconds since 1970."""
    content = hit.content
    coverage = wanted.coverage(content)
    verbatim = 0.0 if coverage < ALL and wanted.is_one_piece else wanted.verbatim(content)
    in_title = wanted.verbatim(hit.title) if verbatim else 0.0
    exact = float((verbatim == 1.0 or not wanted.runs) and wanted.question.said in content)
    age = max(0.0, now - hit.seconds) / 86400
    score = (
        hit.score / best
        + (0.5 + PASSAGE_WEIGHT) * coverage
        + 0.5 * verbatim
        + 0.3 * in_title
        + 0.3 * exact
        + 0.1 * 2 ** (-age / FRESH_DAYS)
        + 0.2 / (1 + hit.size / LONG)
    )
    return Ranked(hit, score, coverage, verbatim, in_title, exact, coverage)


def is_broad(wanted: Wanted, found: Sequence[Ranked], *, newest: bool) -> bool:
    """Whether so many articles are about the one thing asked for that only their age tells them apart."""
    if len(wanted.runs) != 1 or wanted.length > BROAD_LENGTH:
        return False
    return sum(one.in_title > 0.0 for one in found) >= (1 if newest else BROAD)


def newest_first(wanted: Wanted, found: Sequence[Ranked], now: datetime) -> list[Ranked]:
    """Those with the thing in their title by age, also those the ranking left out; then the others as they were."""
    grams = wanted.view.all_of("pairs", wanted.question.pairs)
    latest = wanted.view.newest([*grams, *wanted.extra], CANDIDATES) if grams else []
    best, at = max(one.hit.score for one in found), now.timestamp()
    known = {one.hit.id for one in found}
    more = [_ranked(wanted, hit._replace(score=0.0), best, at) for hit in latest if hit.id not in known]
    about = [one for one in (*found, *more) if one.in_title > 0.0]
    rest = [one for one in found if one.in_title == 0.0]
    return [*sorted(about, key=lambda one: -one.hit.seconds), *rest]
