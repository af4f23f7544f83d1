"""Best first: candidates by BM25 over words and character pairs, then ranked again by what they really contain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import tantivy

from bot.search.analysis import asked, pairs, plain, runs, words
from bot.search.index import Hit, Index

CANDIDATES = 30
PAIR_WEIGHT = 0.7
FRESH_DAYS = 180
"""Half-life of the small bonus for new articles."""

ANSWERS_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Ranked:
    """An article with its score. coverage: how much of what the words tell it has; verbatim: of the message's runs."""

    hit: Hit
    score: float
    coverage: float
    verbatim: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """`confidence` is 0..1: how sure it is that the first article answers the message."""

    found: tuple[Ranked, ...]
    confidence: float


def ranking(index: Index, message: str, now: datetime, limit: int = CANDIDATES) -> Ranking:
    """The articles for a message, near-duplicates shown once."""
    text = asked(message)
    terms, grams = words(text), pairs(text)
    if not terms and not grams:
        return Ranking((), 0.0)
    clauses = [*index.any_of("words", terms), *index.any_of("pairs", grams, PAIR_WEIGHT)]
    hits = index.best(tantivy.Query.boolean_query(clauses), CANDIDATES)
    if not hits:
        return Ranking((), 0.0)
    rarity = {term: index.rarity(term) for term in dict.fromkeys(terms)}
    ranked = [_ranked(hit, hits[0].score, text, rarity, now) for hit in hits]
    ranked = _once(sorted(ranked, key=lambda one: -one.score))
    return Ranking(tuple(ranked[:limit]), _confidence(ranked[0], hits[0].score, text, rarity, len(index)))


def _ranked(hit: Hit, best: float, text: str, rarity: dict[str, float], now: datetime) -> Ranked:
    content = hit.facts["plain"]
    coverage = _coverage(content, rarity)
    verbatim = _verbatim(content, text)
    in_title = _verbatim(plain(hit.facts["title"]), text)
    age = max(0.0, (now - hit.published).total_seconds() / 86400)
    fresh = 1 + 0.1 * 2 ** (-age / FRESH_DAYS)
    return Ranked(
        hit, (hit.score / best + 0.4 * coverage + 0.4 * verbatim + 0.3 * in_title) * fresh, coverage, verbatim
    )


def _coverage(content: str, rarity: dict[str, float]) -> float:
    whole = sum(rarity.values())
    return sum(value for word, value in rarity.items() if word in content) / whole if whole else 0.0


def _verbatim(content: str, text: str) -> float:
    said = runs(text)
    whole = sum(map(len, said))
    return sum(len(run) for run in said if run in content) / whole if whole else 0.0


def _once(ranked: list[Ranked]) -> list[Ranked]:
    """Of articles that tell the same story the best one stays."""
    seen: dict[int, Ranked] = {}
    for one in ranked:
        seen.setdefault(one.hit.facts["duplicate_of"] or one.hit.id, one)
    return list(seen.values())


def _confidence(first: Ranked, score: float, text: str, rarity: dict[str, float], size: int) -> float:
    """A logistic on scaled score, coverage and verbatim finds; the score grows with ln N, so it is divided by it."""
    scaled = score / math.log(max(size, 3))
    norm = score / (2.2 * sum(rarity.values()) or 1.0)
    length = sum(map(len, runs(text)))
    told = (
        5.5 * math.log1p(scaled) - 0.5 * norm + 2.5 * first.coverage + 3.5 * first.verbatim * min(length, 8) / 4 - 9.4
    )
    return 1 / (1 + math.exp(-told))
