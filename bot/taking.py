"""The road of one article: cleaned with what was learned, stored, given its topics, linked to its twin."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from bot.adapters.site.cleaning import Cleaning, edges, trimmed
from bot.adapters.site.listing import LONGEST_URL
from bot.adapters.site.markup import tidy
from bot.adapters.site.pages import FoundArticle, cleaned
from bot.store import articles, lines
from bot.store.articles import Article, Content, Topics
from bot.store.base import Sessions, reading
from bot.store.lines import Threshold

STAFF = "staff"
OWN_PAGE = "/a/"
"""Where the web process shows articles that stand on no site."""

Assign = Callable[[str, str, str, tuple[str, ...]], Topics]
DuplicateOf = Callable[[int, Content], int | None]


@dataclass(frozen=True, slots=True)
class Ingested:
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    failed: int = 0

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def seen(self) -> int:
        return self.new + self.changed + self.same


@dataclass
class Taker:
    """Takes in articles of every origin. duplicate_of: the article that tells the same story, if one is known."""

    sessions: Sessions
    cleaning: Cleaning
    assign: Assign
    duplicate_of: DuplicateOf
    now: Callable[[], datetime]
    threshold: Threshold = Threshold()  # noqa: RUF009 - frozen
    _learned: dict[str, frozenset[str]] = field(default_factory=dict)

    def take(self, found: FoundArticle, origin: str = "site") -> Ingested:
        """One article with its topics and its twin, in one transaction."""
        content = _content(cleaned(found, self.cleaning, self._known(origin)), origin)
        with self.sessions.begin() as session:
            article_id, what = articles.upsert(session, content, self.now())
            if what == "new":
                self._learn(session, article_id, found, origin)
            if what != "same":
                self._place(session, article_id)
        return Ingested(**{what: 1})

    def _known(self, origin: str) -> frozenset[str]:
        if origin not in self._learned:
            with reading(self.sessions) as session:
                self._learned[origin] = lines.learned(session, origin)
        return self._learned[origin]

    def _learn(self, session: Session, article_id: int, found: FoundArticle, origin: str) -> None:
        """Count its first and last lines; what stands on many articles leaves all of them."""
        fresh = lines.note(session, origin, article_id, edges(found.lines), self.threshold, self.now())
        if not fresh:
            return
        self._learned[origin] = self._known(origin) | fresh
        for article in lines.having(session, origin, fresh):
            self._trim(session, article, origin)
        lines.forget_counts(session, origin, fresh)

    def _trim(self, session: Session, article: Article, origin: str) -> None:
        body = trimmed(article.body, self._learned[origin])
        if body == article.body:
            return
        before = article.content_hash
        articles.put(article, body=body, summary=self.cleaning.summary(body))
        title = article.replaced.get("title", article.title)
        article.content_hash = Content(article.url, title, body, article.published_at).hash
        # The ways that gave the untrimmed text will give the trimmed one from now on.
        article.seen = {way: article.content_hash if hash == before else hash for way, hash in article.seen.items()}
        articles.touch(session, [article.id])

    def _place(self, session: Session, article_id: int) -> None:
        article = session.get_one(Article, article_id)
        content = stored(article)
        topics = self.assign(content.title, content.body, content.category, content.tags)
        articles.set_topics(session, article_id, topics)
        articles.set_duplicate(session, article_id, self.duplicate_of(article_id, content))


def retopic(sessions: Sessions, assign: Assign, after: int, limit: int) -> tuple[int, int]:
    """Topics by the rules of today for the next articles after this id; gives the last id looked at, 0 at the end,
    and how many of them have other topics now. What staff decided stays."""
    with sessions.begin() as session:
        page = articles.page_of(session, after, limit)
        different = [row.id for row in page if _has_other_topics(session, row, assign)]
        articles.touch(session, different)
    return (page[-1].id if len(page) == limit else 0), len(different)


def _has_other_topics(session: Session, row: Article, assign: Assign) -> bool:
    return articles.set_topics(session, row.id, assign(row.title, row.body, row.category, tuple(row.tags)))


def typed(
    taker: Taker, title: str, category: str, body: str, url: str, picture: str, own_pages: str
) -> tuple[int, str]:
    """An article that staff wrote; gives its id and address. Without an address of its own it gets a page here, below
    `own_pages` (PUBLIC_URL). The same address once more changes the article. Raises ValueError, saying what is missing.
    """
    text = tuple(line for line in map(tidy, body.split("\n")) if line)
    if not tidy(title) or not text:
        raise ValueError("an article needs a title and a body")
    if not url and not own_pages:
        raise ValueError("an article needs an address of its own, or PUBLIC_URL to be shown under")
    address = url or f"{own_pages.rstrip('/')}{OWN_PAGE}{secrets.token_hex(6)}"
    if urlsplit(address).scheme not in ("http", "https") or len(address) > LONGEST_URL:
        raise ValueError("an address begins with http:// or https://")
    found = FoundArticle(
        url=address, title=tidy(title), body="", published=taker.now(), category=tidy(category),
        picture=picture.strip(), source=STAFF, lines=text,
    )  # fmt: skip
    taker.take(found, STAFF)
    with reading(taker.sessions) as session:
        return articles.id_of(session, address), address


def stored(row: Article) -> Content:
    return Content(
        row.url,
        row.title,
        row.body,
        row.published_at,
        row.published_precision,
        row.summary,
        row.category,
        tuple(row.tags),
        row.author,
        row.picture,
        row.source,
        row.origin,
    )


def known(sessions: Sessions, urls: Iterable[str]) -> set[str]:
    with reading(sessions) as session:
        return articles.known_urls(session, urls)


def _content(found: FoundArticle, origin: str) -> Content:
    return Content(
        found.url,
        found.title,
        found.body,
        found.published,
        found.precision,
        found.summary,
        found.category,
        found.tags,
        found.author,
        found.picture,
        found.source,
        origin,
        found.html,
    )
