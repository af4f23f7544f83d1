"""Articles of the firm's site, the topics they belong to, and where the reading of the site stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId, add_missing, lock


class Article(Base):
    """One article. index_seq grows with every change of any article: what the index has to take in next.

    published_precision: second, minute, hour, day, week, month or year; how exactly the time is known.
    duplicate_of: the article that tells the same story and is shown instead.
    gone_at: since when the site no longer has it.
    """

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    url: Mapped[str] = mapped_column(sa.String(1024), unique=True)
    title: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[str] = mapped_column(sa.Text)
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    category: Mapped[str] = mapped_column(sa.Text, default="")
    tags: Mapped[list[str]] = mapped_column(default=list)
    author: Mapped[str] = mapped_column(sa.Text, default="")
    published_at: Mapped[datetime] = mapped_column(index=True)
    published_precision: Mapped[str] = mapped_column(sa.String(8), default="second")
    picture: Mapped[str] = mapped_column(sa.Text, default="")
    content_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    duplicate_of: Mapped[int | None] = mapped_column(sa.ForeignKey("articles.id", ondelete="SET NULL"))
    source: Mapped[str] = mapped_column(sa.String(16), default="")
    first_seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    index_seq: Mapped[int] = mapped_column(BigId, index=True)


class ArticleTopic(Base):
    """Why an article belongs to a topic; what staff decided (`by_staff`) is not reassigned."""

    __tablename__ = "article_topics"

    article_id: Mapped[int] = mapped_column(sa.ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    topic: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    score: Mapped[float]
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    by_staff: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (sa.Index("ix_article_topics_topic_article_id", "topic", "article_id"),)


class IngestState(Base):
    """What the reader of a site remembers between runs: validators of conditional requests, how far a sweep came."""

    __tablename__ = "ingest_state"

    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Counter(Base):
    """Numbers that only grow, given out inside the transaction that uses them."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    value: Mapped[int] = mapped_column(BigId)


@dataclass(frozen=True, slots=True)
class Content:
    """An article as found at its source."""

    url: str
    title: str
    body: str
    published_at: datetime
    published_precision: str = "second"
    summary: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    author: str = ""
    picture: str = ""
    source: str = ""

    @property
    def hash(self) -> str:
        """Of what followers see; the precision of a date or the way it was found do not count."""
        seen = "\x1f".join((self.title, self.body))
        return hashlib.sha256(seen.encode()).hexdigest()


Topics = tuple[tuple[str, float, str], ...]


def upsert(session: Session, found: Content, now: datetime) -> tuple[int, str]:
    """Store an article; gives its id and `new`, `changed` or `same`. One that had gone comes back."""
    known = session.scalar(sa.select(Article).where(Article.url == found.url))
    if known is None:
        return _add(session, found, now), "new"
    if known.content_hash == found.hash and known.gone_at is None:
        return known.id, "same"
    _rewrite(known, found)
    known.updated_at, known.gone_at = now, None
    known.index_seq = next_seq(session)
    return known.id, "changed"


def set_topics(session: Session, article_id: int, topics: Topics) -> None:
    """The topics by rule, anew; those that staff set stay as they are."""
    mine = ArticleTopic.article_id == article_id
    session.execute(sa.delete(ArticleTopic).where(mine, ArticleTopic.by_staff.is_(False)))
    rows = [
        {"article_id": article_id, "topic": topic, "score": score, "reason": reason, "by_staff": False}
        for topic, score, reason in topics
    ]
    add_missing(session, ArticleTopic, rows)


def set_duplicate(session: Session, article_id: int, of: int | None) -> None:
    linked = sa.update(Article).where(Article.id == article_id)
    session.execute(linked.values(duplicate_of=of, index_seq=next_seq(session)))


def earlier_with(session: Session, content_hash: str, article_id: int) -> int | None:
    """The first article that says the very same, if it is another one."""
    twin = sa.and_(Article.content_hash == content_hash, Article.id < article_id, Article.gone_at.is_(None))
    return session.scalar(sa.select(Article.id).where(twin).order_by(Article.id).limit(1))


def mark_gone(session: Session, urls: Iterable[str], now: datetime) -> int:
    """The site no longer has them: they disappear from index and answers with the next catch-up."""
    gone = 0
    for url in urls:
        here = sa.and_(Article.url == url, Article.gone_at.is_(None))
        changed = session.execute(sa.update(Article).where(here).values(gone_at=now, index_seq=next_seq(session)))
        gone += changed.rowcount  # type: ignore[attr-defined]
    return gone


def known_urls(session: Session, urls: Iterable[str]) -> set[str]:
    return set(session.scalars(sa.select(Article.url).where(Article.url.in_(list(urls)), Article.gone_at.is_(None))))


def urls_here(session: Session) -> Sequence[str]:
    """Of every article the site had at the last look, newest first."""
    return session.scalars(sa.select(Article.url).where(Article.gone_at.is_(None)).order_by(Article.id.desc())).all()


def changed_since(session: Session, index_seq: int, limit: int) -> Sequence[Article]:
    wanted = sa.select(Article).where(Article.index_seq > index_seq).order_by(Article.index_seq).limit(limit)
    return session.scalars(wanted).all()


def latest_seq(session: Session) -> int:
    return session.scalar(sa.select(sa.func.max(Article.index_seq))) or 0


def topics_of(session: Session, ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Topic keys of each article, best first."""
    rows = session.execute(
        sa.select(ArticleTopic.article_id, ArticleTopic.topic)
        .where(ArticleTopic.article_id.in_(list(ids)))
        .order_by(ArticleTopic.article_id, ArticleTopic.score.desc())
    )
    found: dict[int, tuple[str, ...]] = {}
    for article_id, topic in rows:
        found[article_id] = (*found.get(article_id, ()), topic)
    return found


def next_seq(session: Session) -> int:
    """The next place in the order of changes. Whoever takes one holds the others up until it commits, so that nobody
    reading in this order ever passes over a change that commits later."""
    lock(session, "index_seq")
    add_missing(session, Counter, [{"name": "index_seq", "value": 0}])
    grown = sa.update(Counter).where(Counter.name == "index_seq").values(value=Counter.value + 1)
    return int(session.execute(grown.returning(Counter.value)).scalar_one())


def remembered(session: Session, key: str) -> dict[str, Any]:
    row = session.get(IngestState, key)
    return dict(row.value) if row else {}


def remember(session: Session, key: str, value: dict[str, Any]) -> None:
    row = session.get(IngestState, key)
    if row is None:
        session.add(IngestState(key=key, value=value))
    else:
        row.value = value


def _add(session: Session, found: Content, now: datetime) -> int:
    article = Article(
        url=found.url,
        category="",
        tags=[],
        author="",
        picture="",
        published_at=found.published_at,
        published_precision=found.published_precision,
        first_seen_at=now,
        updated_at=now,
        index_seq=next_seq(session),
    )
    _rewrite(article, found)
    session.add(article)
    session.flush()
    return article.id


def _rewrite(article: Article, found: Content) -> None:
    article.title, article.body, article.summary = found.title, found.body, found.summary
    article.category = found.category or article.category
    article.tags = list(found.tags) or article.tags
    article.author = found.author or article.author
    article.picture = found.picture or article.picture
    article.content_hash, article.source = found.hash, found.source
    # A time from feed or API is not replaced by the day a page shows.
    if found.published_precision == "second":
        article.published_at, article.published_precision = found.published_at, found.published_precision
