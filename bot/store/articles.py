"""Articles of the firm's site, the topics they belong to, and where the reading of the site stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
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
    html: its lines with their looks and pictures, before cleaning (bot.adapters.site.body); only drafts read it.
    gone_at: since when the site no longer has it.
    origin: `site`, the name of another feed, or `staff`. source: how its text was got: feed, api, page, guess or staff.
    seen: the hash each of these ways gave last; one way may show an article a little differently from another, and
    only a difference from what the same way gave before is an edit.
    checked_at: when it was last known to be at its site.
    replaced: what the site says where staff put it into words of their own (title, summary); kept up to date.
    hidden_at: since when staff keep it, and whatever repeats it, from followers.
    """

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    url: Mapped[str] = mapped_column(sa.String(1024), unique=True)
    title: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[str] = mapped_column(sa.Text)
    html: Mapped[str] = mapped_column(sa.Text, default="", server_default="", deferred=True)
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
    origin: Mapped[str] = mapped_column(sa.String(64), default="site", server_default="site")
    seen: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    checked_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    replaced: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    hidden_at: Mapped[datetime | None]
    index_seq: Mapped[int] = mapped_column(BigId, index=True)

    __table_args__ = (
        sa.Index("ix_articles_origin_checked_at", "origin", "checked_at"),
        sa.Index("ix_articles_duplicate_of", "duplicate_of"),
    )


class ArticleTopic(Base):
    """Why an article belongs to a topic; what staff decided (`by_staff`) is not reassigned.

    A score of 0 means that it does not belong there, although the rules may think so: only staff say that.
    """

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
    origin: str = "site"
    html: str = ""

    @property
    def hash(self) -> str:
        """Of what followers see; the precision of a date or the way it was found do not count."""
        seen = "\x1f".join((self.title, self.body))
        return hashlib.sha256(seen.encode()).hexdigest()


Topics = tuple[tuple[str, float, str], ...]
SHOWN = sa.and_(Article.gone_at.is_(None), Article.hidden_at.is_(None))
"""What followers may get to see."""
REPLACEABLE = ("title", "summary")
"""What staff may put into words of their own."""

EXACT = ("second", "minute", "hour", "day", "week", "month", "year", "unknown")
"""How exactly a time is known, best first."""
OF_THE_SITE = ("page", "api")
"""Ways that tell category and tags as the site has them."""


def upsert(session: Session, found: Content, now: datetime) -> tuple[int, str]:
    """Store an article; gives its id and `new`, `changed` or `same`. One that had gone comes back."""
    known = session.scalar(sa.select(Article).where(Article.url == found.url))
    if known is None:
        return _add(session, found, now), "new"
    edited = _is_edit(known, found)
    if not edited and known.gone_at is None and not _tells_more(known, found):
        _noted(known, found)
        return known.id, "same"
    _rewrite(known, found, edited=edited)
    known.updated_at, known.gone_at, known.checked_at = now, None, now
    known.index_seq = next_seq(session)
    return known.id, "changed"


def set_topics(session: Session, article_id: int, topics: Topics) -> bool:
    """The topics by rule, anew; those that staff set stay as they are. Whether anything is different now."""
    of_article = ArticleTopic.article_id == article_id
    mine = sa.and_(of_article, ArticleTopic.by_staff.is_(False))
    columns = sa.select(ArticleTopic.topic, ArticleTopic.score, ArticleTopic.reason)
    before = {tuple(row) for row in session.execute(columns.where(mine))}
    decided = set(session.scalars(sa.select(ArticleTopic.topic).where(of_article, ArticleTopic.by_staff.is_(True))))
    if before == (after := {one for one in topics if one[0] not in decided}):
        return False
    session.execute(sa.delete(ArticleTopic).where(mine))
    rows = [
        {"article_id": article_id, "topic": topic, "score": score, "reason": reason, "by_staff": False}
        for topic, score, reason in sorted(after, key=lambda one: -one[1])
    ]
    add_missing(session, ArticleTopic, rows)
    return True


def decide_topic(session: Session, article_id: int, topic: str, *, belongs: bool | None, reason: str = "") -> None:
    """What staff say about one article and one topic; None takes it back, and the rules decide at the next look."""
    row = sa.and_(ArticleTopic.article_id == article_id, ArticleTopic.topic == topic)
    session.execute(sa.delete(ArticleTopic).where(row))
    if belongs is not None:
        score = 1.0 if belongs else 0.0
        session.add(ArticleTopic(article_id=article_id, topic=topic, score=score, reason=reason, by_staff=True))
    touch(session, [article_id])


def reword(session: Session, article: Article, words: Mapping[str, str]) -> tuple[str, ...]:
    """Title and summary in the words of staff, whatever the site says later; what is empty or the very same as at the
    site is the site's again. Gives the names of what is different now."""
    before = {name: getattr(article, name) for name in REPLACEABLE}
    theirs = {name: article.replaced.get(name, before[name]) for name in REPLACEABLE}
    own = {name: words[name] for name in REPLACEABLE if words.get(name) and words[name] != theirs[name]}
    article.replaced = {name: theirs[name] for name in own}
    for name in REPLACEABLE:
        setattr(article, name, own.get(name, theirs[name]))
    different = tuple(name for name in REPLACEABLE if getattr(article, name) != before[name])
    if different:
        article.index_seq = next_seq(session)
    return different


def set_hidden(session: Session, article: Article, since: datetime | None) -> bool:
    """Keep an article and its repeats from followers, or show them again (None). Whether anything is different now."""
    if (article.hidden_at is None) == (since is None):
        return False
    for one in (article, *session.scalars(sa.select(Article).where(Article.duplicate_of == article.id))):
        one.hidden_at, one.index_seq = since, next_seq(session)
    return True


def put(article: Article, **texts: str) -> None:
    """What the site says now; followers see it unless staff said it in their own words."""
    kept = {name: text for name, text in texts.items() if name in article.replaced}
    article.replaced = {**article.replaced, **kept}
    for name in texts.keys() - kept.keys():
        setattr(article, name, texts[name])


def touch(session: Session, ids: Iterable[int]) -> None:
    """The index should look at these again."""
    for article_id in ids:
        session.execute(sa.update(Article).where(Article.id == article_id).values(index_seq=next_seq(session)))


def set_duplicate(session: Session, article_id: int, of: int | None) -> None:
    """Link an article to the one that is shown instead: to its own original, if that is a repeat itself."""
    if of is not None:
        of = session.scalar(sa.select(Article.duplicate_of).where(Article.id == of)) or of
    article = session.get(Article, article_id)
    if article is None or of == article_id or article.duplicate_of == of:
        return
    article.duplicate_of, article.index_seq = of, next_seq(session)
    if of is not None:
        article.hidden_at = article.hidden_at or session.get_one(Article, of).hidden_at
        _pass_on(session, article_id, of)


def _pass_on(session: Session, article_id: int, to: int) -> None:
    """Whoever pointed at this article points at that one now: there are no chains."""
    for repeat in session.scalars(sa.select(Article).where(Article.duplicate_of == article_id, Article.id != to)):
        repeat.duplicate_of, repeat.index_seq = to, next_seq(session)


def _release(session: Session, article_id: int) -> None:
    """The article others point at is gone: the first of those still here is shown instead."""
    repeats = session.scalars(
        sa.select(Article).where(Article.duplicate_of == article_id, Article.gone_at.is_(None)).order_by(Article.id)
    ).all()
    for repeat in repeats:
        repeat.duplicate_of = None if repeat is repeats[0] else repeats[0].id
        repeat.index_seq = next_seq(session)


def earlier_with(session: Session, content_hash: str, article_id: int) -> int | None:
    """The first article that says the very same, if it is another one."""
    twin = sa.and_(Article.content_hash == content_hash, Article.id < article_id, Article.gone_at.is_(None))
    return session.scalar(sa.select(Article.id).where(twin).order_by(Article.id).limit(1))


def still_here(session: Session, article_id: int | None) -> int | None:
    """The article, unless its site no longer has it."""
    here = sa.and_(Article.id == article_id, Article.gone_at.is_(None))
    return session.scalar(sa.select(Article.id).where(here)) if article_id is not None else None


def mark_gone(session: Session, urls: Iterable[str], now: datetime) -> int:
    """The site no longer has them: they disappear from index and answers with the next catch-up."""
    gone = 0
    for url in urls:
        article = session.scalar(sa.select(Article).where(Article.url == url, Article.gone_at.is_(None)))
        if article is not None:
            article.gone_at, article.duplicate_of, article.index_seq = now, None, next_seq(session)
            _release(session, article.id)
            gone += 1
    return gone


def mark_checked(session: Session, urls: Iterable[str], now: datetime) -> None:
    """They are at their site now."""
    for chunk in _chunks(urls):
        session.execute(sa.update(Article).where(Article.url.in_(chunk)).values(checked_at=now))


def known_urls(session: Session, urls: Iterable[str]) -> set[str]:
    here = Article.gone_at.is_(None)
    return {
        url
        for chunk in _chunks(urls)
        for url in session.scalars(sa.select(Article.url).where(Article.url.in_(chunk), here))
    }


def unchecked_since(session: Session, origin: str, moment: datetime, limit: int) -> Sequence[str]:
    """Of articles not known to be at their site since then, the longest unseen first."""
    here = sa.and_(Article.origin == origin, Article.gone_at.is_(None))
    late = sa.or_(Article.checked_at.is_(None), Article.checked_at < moment)
    order = sa.func.coalesce(Article.checked_at, Article.first_seen_at)
    return session.scalars(sa.select(Article.url).where(here, late).order_by(order, Article.id).limit(limit)).all()


def published_between(session: Session, origin: str, first: datetime, last: datetime) -> Sequence[str]:
    here = sa.and_(Article.origin == origin, Article.gone_at.is_(None))
    time = Article.published_at.between(first, last)
    return session.scalars(sa.select(Article.url).where(here, time)).all()


def examples(session: Session, origin: str, limit: int) -> Sequence[str]:
    """Addresses of the newest articles: what addresses of articles look like at this site."""
    here = sa.and_(Article.origin == origin, Article.gone_at.is_(None))
    return session.scalars(sa.select(Article.url).where(here).order_by(Article.id.desc()).limit(limit)).all()


def before(session: Session, origin: str, article_id: int, limit: int) -> Sequence[tuple[int, str]]:
    """Ids and addresses of articles before this one, newest first; 0 begins at the newest."""
    here = sa.and_(Article.origin == origin, Article.gone_at.is_(None))
    if article_id:
        here = sa.and_(here, Article.id < article_id)
    rows = session.execute(sa.select(Article.id, Article.url).where(here).order_by(Article.id.desc()).limit(limit))
    return [(row.id, row.url) for row in rows]


def checked_since(session: Session, urls: Iterable[str], moment: datetime) -> set[str]:
    """Those that were at the site at that moment or later."""
    late = Article.checked_at >= moment
    return {
        url
        for chunk in _chunks(urls)
        for url in session.scalars(sa.select(Article.url).where(Article.url.in_(chunk), late))
    }


def updated_at(session: Session, urls: Iterable[str]) -> dict[str, datetime]:
    """When each of those we have was last changed here."""
    wanted, here = sa.select(Article.url, Article.updated_at), Article.gone_at.is_(None)
    rows = (row for chunk in _chunks(urls) for row in session.execute(wanted.where(Article.url.in_(chunk), here)))
    return {row.url: row.updated_at for row in rows}


def id_of(session: Session, url: str) -> int:
    return session.scalars(sa.select(Article.id).where(Article.url == url)).one()


def own_page(session: Session, ending: str) -> Article | None:
    """An article of ours that is shown by ourselves, by the end of its address."""
    mine = sa.and_(Article.origin == "staff", SHOWN, Article.url.endswith(ending, autoescape=True))
    return session.scalar(sa.select(Article).where(mine))


def title_of(session: Session, url: str) -> str | None:
    return session.scalar(sa.select(Article.title).where(Article.url == url))


def page_of(session: Session, after: int, limit: int) -> Sequence[Article]:
    """Articles in the order of their ids, those that are gone left out."""
    wanted = sa.select(Article).where(Article.id > after, Article.gone_at.is_(None)).order_by(Article.id)
    return session.scalars(wanted.limit(limit)).all()


def latest(session: Session, before: int, limit: int) -> Sequence[Article]:
    """As they came in, newest first, those that have gone included; `before`: 0 = from the newest."""
    wanted = sa.select(Article).order_by(Article.id.desc()).limit(limit)
    return session.scalars(wanted.where(Article.id < before) if before else wanted).all()


def reasons_of(session: Session, ids: Iterable[int]) -> dict[int, list[ArticleTopic]]:
    """Topics of each article with why, also those that staff said it does not belong to; best first."""
    mine = sa.select(ArticleTopic).where(ArticleTopic.article_id.in_(list(ids)))
    found: dict[int, list[ArticleTopic]] = {}
    for row in session.scalars(mine.order_by(ArticleTopic.score.desc(), ArticleTopic.topic)):
        found.setdefault(row.article_id, []).append(row)
    return found


def changed_since(session: Session, index_seq: int, limit: int) -> Sequence[Article]:
    wanted = sa.select(Article).where(Article.index_seq > index_seq).order_by(Article.index_seq).limit(limit)
    return session.scalars(wanted).all()


def latest_seq(session: Session) -> int:
    return session.scalar(sa.select(sa.func.max(Article.index_seq))) or 0


def topics_of(session: Session, ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Topic keys of each article, best first."""
    rows = session.execute(
        sa.select(ArticleTopic.article_id, ArticleTopic.topic)
        .where(ArticleTopic.article_id.in_(list(ids)), ArticleTopic.score > 0)
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
        origin=found.origin,
        seen={},
        replaced={},
        published_at=found.published_at,
        published_precision=found.published_precision,
        first_seen_at=now,
        updated_at=now,
        checked_at=now,
        index_seq=next_seq(session),
    )
    _rewrite(article, found, edited=True)
    session.add(article)
    session.flush()
    return article.id


def _is_edit(known: Article, found: Content) -> bool:
    """Whether the text was changed, or only looks different by another way; a guess is believed least."""
    if found.hash == known.content_hash or known.seen.get(found.source) == found.hash:
        return False
    return found.source in known.seen or found.source != "guess"


def _tells_more(known: Article, found: Content) -> bool:
    """Whether anything beside the text is new: a category, tags, a picture, a better known time."""
    if found.source in OF_THE_SITE and (found.category or known.category, list(found.tags) or known.tags) != (
        known.category,
        known.tags,
    ):
        return True
    return bool(found.picture and not known.picture) or _is_better_time(known, found)


def _is_better_time(known: Article, found: Content) -> bool:
    """A time from feed or API is not replaced by the day a page shows, but a later one as exact is."""
    better = EXACT.index(found.published_precision) - EXACT.index(known.published_precision)
    return better < 0 or (
        better == 0 and found.published_precision == "second" and found.published_at != known.published_at
    )


def _noted(known: Article, found: Content) -> None:
    if found.html and not known.html:
        known.html = found.html
    if known.seen.get(found.source) != found.hash:
        known.seen = {**known.seen, found.source: found.hash}


def _rewrite(article: Article, found: Content, *, edited: bool) -> None:
    if edited and found.source == "staff":
        article.replaced = {}  # who wrote it writes it anew
    if edited:
        put(article, title=found.title, body=found.body, summary=found.summary)
        article.content_hash, article.source, article.html = found.hash, found.source, found.html
    _noted(article, found)
    article.category = found.category or article.category
    article.tags = list(found.tags) or article.tags
    article.author = found.author or article.author
    article.picture = found.picture or article.picture
    if _is_better_time(article, found):
        article.published_at, article.published_precision = found.published_at, found.published_precision


def _chunks(urls: Iterable[str], size: int = 500) -> list[list[str]]:
    every = list(urls)
    return [every[at : at + size] for at in range(0, len(every), size)]


def topic_counts(session: Session) -> dict[str, int]:
    """How many articles each topic has, repeats and those that are gone left out."""
    shown = sa.and_(SHOWN, Article.duplicate_of.is_(None), ArticleTopic.score > 0)
    wanted = sa.select(ArticleTopic.topic, sa.func.count()).join(Article, Article.id == ArticleTopic.article_id)
    return {topic: int(count) for topic, count in session.execute(wanted.where(shown).group_by(ArticleTopic.topic))}
