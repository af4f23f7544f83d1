"""The articles as handlers see them: found, opened, related and newest, all from the index alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import tantivy

from bot.dialogue.lookups import Article, Found, Topic
from bot.search.analysis import asked, plain
from bot.search.index import Hit, Index
from bot.search.ranking import ANSWERS_FROM, ranking

CLEAR_LEAD = 1.6
"""How far the first must be ahead of the second to be the answer on its own."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class IndexedArticles:
    index: Index
    topics: tuple[Topic, ...] = ()
    now: Callable[[], datetime] = _utc_now

    def search(self, text: str, limit: int = 30) -> Found:
        topic = self._topic(text)
        if topic and (listed := self.newest(topic.key, limit)):
            return Found(listed, answered=True, topic=topic.key)
        ranked = ranking(self.index, text, self.now(), limit)
        articles = tuple(_article(one.hit) for one in ranked.found)
        if not articles or ranked.confidence < ANSWERS_FROM:
            return Found(articles, answered=False)
        good = tuple(_article(one.hit) for one in ranked.found if one.score >= ranked.found[0].score / 2)
        second = ranked.found[1].score if len(ranked.found) > 1 else 0.0
        return Found(good, answered=True, clear=ranked.found[0].score > CLEAR_LEAD * second)

    def get(self, ids: tuple[int, ...]) -> tuple[Article, ...]:
        known = {hit.id: _article(hit) for hit in self.index.by_id(ids)} if ids else {}
        return tuple(known[one] for one in ids if one in known)

    def related(self, article_id: int, limit: int = 5) -> tuple[Article, ...]:
        this = next(iter(self.index.by_id((article_id,))), None)
        if this is None:
            return ()
        found = ranking(self.index, this.facts["title"], self.now(), limit + 1).found
        same = this.facts["duplicate_of"] or this.id
        others = [one.hit for one in found if (one.hit.facts["duplicate_of"] or one.hit.id) != same]
        return tuple(_article(hit) for hit in others[:limit])

    def newest(self, topic: str = "", limit: int = 10) -> tuple[Article, ...]:
        clauses = self.index.any_of("topics", [topic]) if topic else []
        query = tantivy.Query.boolean_query(clauses) if clauses else tantivy.Query.all_query()
        hits = [hit for hit in self.index.newest(query, limit * 2) if hit.facts["duplicate_of"] is None]
        return tuple(_article(hit) for hit in hits[:limit])

    def _topic(self, text: str) -> Topic | None:
        """The topic whose name or other name is all that was asked for."""
        said = asked(text)
        return next((one for one in self.topics if said in map(plain, (one.name, *one.words))), None)


def _article(hit: Hit) -> Article:
    facts = hit.facts
    return Article(
        hit.id,
        facts["title"],
        facts["summary"],
        facts["url"],
        facts["picture"],
        hit.published,
        tuple(facts["topics"]),
        facts["category"],
    )
