"""The articles as handlers see them: found, opened, related and newest, all from the index alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache

from bot.dialogue.lookups import AT_ONCE, Article, Found, Topic
from bot.dialogue.worktime import SHANGHAI
from bot.search.finding import Findings, Tools, find
from bot.search.index import Clause, Hit, Index
from bot.search.plain import plain

CLEAR_LEAD = 1.5
"""How far the first must be ahead of the second to be the answer on its own."""
WORTH = 0.55
"""Of the best one's score: what has less is not offered beside it."""
REMEMBERED = 256
"""Messages whose articles are remembered: at most 2 MB."""
RELATED_WORDS, RELATED_BY = 12, 400
"""Words, out of so many characters of an article, by which others are related to it."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class IndexedArticles:
    """topics: a message that is nothing but the name of one, or another name of it, lists that topic.
    pictures: of topics, by their keys, for articles that have none of their own."""

    index: Index
    topics: tuple[Topic, ...] = ()
    tools: Tools = field(default_factory=Tools)
    now: Callable[[], datetime] = _utc_now
    pictures: Mapping[str, str] = field(default_factory=dict)
    _by_name: Mapping[str, Topic] = field(init=False, repr=False, compare=False)
    _known: Callable[[str, int, int, date], Found] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Of two topics with the same name the first one has it."""
        object.__setattr__(self, "_known", lru_cache(REMEMBERED)(self._searched))
        named = {plain(name): topic for topic in reversed(self.topics) for name in (*topic.words, topic.name)}
        object.__setattr__(self, "_by_name", named)

    def find(self, text: str, limit: int = 30) -> Findings:
        return find(self.index, text, self.now(), self.tools, limit, self.index.answers_from)

    def search(self, text: str, limit: int = 30) -> Found:
        """The articles for a message. A message that is a topic's name lists the topic.

        Followers tap the same words: what was found is found again until the index or the day is another.
        """
        return self._known(text.strip(), limit, self.index.view().number, self.now().astimezone(SHANGHAI).date())

    def _searched(self, text: str, limit: int, *_as_of: object) -> Found:
        return self.told(self.find(text, limit), limit, AT_ONCE)

    def told(self, findings: Findings, limit: int = 30, at_once: int | None = None) -> Found:
        """What a follower gets of what was found; `at_once`: so many articles are told, of the others only the ids."""
        hits, found = self._offered(findings, limit)
        articles = tuple(self._article(hit) for hit in hits[:at_once])
        return replace(found, articles=articles, more=tuple(hit.id for hit in hits[len(articles) :]))

    def _offered(self, findings: Findings, limit: int) -> tuple[Sequence[Hit], Found]:
        """What is offered, best first, and what is said of it all; the articles themselves are not told yet."""
        question = findings.question
        if not question.text and question.newest:
            return self._latest(findings, limit)
        topic = self._by_name.get(findings.respelled or question.text)
        if topic and (listed := self._of_topic(topic, findings, limit)):
            return listed, _said(findings, topic=topic.key)
        if not findings.answered:
            return [one.hit for one in findings.found], Found((), answered=False, close=findings.close)
        best = max(one.score for one in findings.found)
        good = [one.hit for one in findings.found if one.score >= WORTH * best]
        return good, _said(findings, clear=_is_clear(findings))

    def get(self, ids: tuple[int, ...]) -> tuple[Article, ...]:
        known = {hit.id: self._article(hit) for hit in self.index.by_id(ids)} if ids else {}
        return tuple(known[one] for one in ids if one in known)

    def related(self, article_id: int, limit: int = 5) -> tuple[Article, ...]:
        this = next(iter(self.index.by_id((article_id,))), None)
        if this is None:
            return ()
        text = f"{this.facts.title}\n{this.body[:RELATED_BY]}"
        near = self.index.like(text, RELATED_WORDS, limit * 2 + 2, least=2)
        return tuple(self._article(hit) for hit in _once(near) if hit.group != this.group)[:limit]

    def newest(self, topic: str = "", limit: int = 10) -> tuple[Article, ...]:
        clauses = self.index.view().all_of("topics", [topic]) if topic else []
        return tuple(self._article(hit) for hit in self._newest(clauses, limit))

    def _newest(self, clauses: Sequence[Clause], limit: int) -> list[Hit]:
        return _once(self.index.newest(clauses, limit * 2))[:limit]

    def _latest(self, findings: Findings, limit: int) -> tuple[Sequence[Hit], Found]:
        """What is new: of the time that was named, or of any if nothing is."""
        period = findings.question.period
        within = [self.index.view().between(period.start, period.end)] if period else []
        found = self._newest(within, limit)
        if found or period is None:
            return found, Found((), answered=bool(found), period=period.words if period else "")
        late = self._newest((), limit)
        return late, Found((), answered=bool(late), period=period.words, missed_period=True)

    def _of_topic(self, topic: Topic, findings: Findings, limit: int) -> Sequence[Hit]:
        """The topic's articles: those with the very word in their title newest first, those that say it, the rest."""
        period, view = findings.question.period, self.index.view()
        within = [view.between(period.start, period.end)] if period and not findings.missed_period else []
        listed = _once(self.index.newest([*view.all_of("topics", [topic.key]), *within], limit * 2))
        good = findings.found if findings.answered else ()
        titled = sorted((one.hit for one in good if one.in_title == 1.0), key=lambda hit: hit.seconds, reverse=True)
        saying = [one.hit for one in good if one.in_title < 1.0 and one.verbatim == 1.0]
        wanted = {hit.id: hit for hit in (*titled, *saying, *listed)}
        return list(wanted.values())[:limit]

    def _article(self, hit: Hit) -> Article:
        facts = hit.shown
        topics = tuple(facts["topics"])
        picture = facts["picture"] or next((self.pictures[topic] for topic in topics if topic in self.pictures), "")
        return Article(
            hit.id,
            facts["title"],
            facts["summary"],
            facts["url"],
            picture,
            hit.published,
            topics,
            facts["category"],
        )


def _said(findings: Findings, *, topic: str = "", clear: bool = False) -> Found:
    """How an answered message was read, without its articles."""
    period = findings.question.period
    return Found(
        (),
        answered=True,
        clear=clear,
        topic=topic,
        read_as=findings.respelled,
        period=period.words if period else "",
        missed_period=findings.missed_period,
    )


def _is_clear(findings: Findings) -> bool:
    """Whether the first stands out so far that it alone is the answer."""
    first, *others = findings.found
    return not others or first.score > CLEAR_LEAD * others[0].score


def _once(hits: Sequence[Hit]) -> list[Hit]:
    """One article of each story, the original where both were found."""
    kept: dict[int, Hit] = {}
    for hit in hits:
        if hit.group not in kept or hit.id == hit.group:
            kept[hit.group] = hit
    return list(kept.values())
