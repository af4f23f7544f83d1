"""Takes in the firm's site: what is new by the feed, the rest by API or list pages; deletions are noticed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from bot.adapters.site.http import Gone, SiteError
from bot.adapters.site.pages import FoundArticle
from bot.store import articles
from bot.store.articles import Content, Topics
from bot.store.base import Sessions, reading

log = logging.getLogger(__name__)

CHECKED_A_RUN = 20
"""Articles looked at in a run to see whether they are still there; all of them get their turn."""

Assign = Callable[[str, str, str, tuple[str, ...]], Topics]
DuplicateOf = Callable[[int, Content], int | None]
Progress = Callable[[str], None]


class Site(Protocol):
    """What is needed of a site; see bot.adapters.site.site."""

    def recent(self, validators: Mapping[str, str]) -> tuple[list[FoundArticle], Mapping[str, str]]: ...
    def by_api(self, start: int = 1) -> Iterable[tuple[int, list[FoundArticle]]]: ...
    def addresses(self, start: int = 1) -> Iterable[tuple[int, list[str]]]: ...
    def read(self, url: str, now: datetime) -> FoundArticle | None: ...
    def is_there(self, url: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Ingested:
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    failed: int = 0

    def __add__(self, other: Ingested) -> Ingested:
        return Ingested(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True)
class Intake:
    """Everything one run needs."""

    sessions: Sessions
    site: Site
    assign: Assign
    duplicate_of: DuplicateOf
    now: Callable[[], datetime]
    progress: Progress


def ingest(intake: Intake, *, everything: bool = False) -> Ingested:
    """One run. With `everything` the whole site is walked, from where an interrupted walk stopped.

    Raises SiteError where not even the feed and the first page can be had; what was read before stays.
    """
    feed = _from_feed(intake)
    found = feed.done
    if everything or feed.overflowed or _state(intake, "sweep"):
        found += _sweep(intake, feed.urls, whole=everything)
    found += _checked(intake)
    log.info("ingested", extra={name: getattr(found, name) for name in Ingested.__slots__})
    return found


@dataclass(frozen=True, slots=True)
class _Feed:
    """What the feed brought. overflowed: all of it was new, so more may have come than a feed holds."""

    done: Ingested
    urls: frozenset[str] = frozenset()
    overflowed: bool = False


def _from_feed(intake: Intake) -> _Feed:
    try:
        found, validators = intake.site.recent(_state(intake, "feed"))
    except SiteError as error:
        log.warning("the feed cannot be read", extra={"why": str(error)})
        return _Feed(Ingested(failed=1), overflowed=True)
    done = sum((_stored(intake, one) for one in found), Ingested())
    _remember(intake, "feed", dict(validators))
    return _Feed(done, frozenset(one.url for one in found), bool(found) and done.new == len(found))


def _sweep(intake: Intake, recent: frozenset[str], *, whole: bool) -> Ingested:
    """Everything else, newest first, up to what is known from earlier runs (`recent` is from this one)."""
    done = _sweep_api(intake, recent, whole=whole)
    return done if done is not None else _sweep_pages(intake, recent, whole=whole)


def _sweep_api(intake: Intake, recent: frozenset[str], *, whole: bool) -> Ingested | None:
    """The walk by the API, or None where it is off."""
    done, on = Ingested(), False
    for number, found in intake.site.by_api(_state(intake, "sweep").get("api", 1)):
        on = True
        caught_up = not whole and _caught_up(intake, [one.url for one in found], recent)
        done += sum((_stored(intake, one) for one in found), Ingested())
        _remember(intake, "sweep", {"api": number + 1})
        intake.progress(f"API page {number}: {done.new} new, {done.changed} changed, {done.same} known")
        if caught_up:
            break
    if on:
        _remember(intake, "sweep", {})
    return done if on else None


def _sweep_pages(intake: Intake, recent: frozenset[str], *, whole: bool) -> Ingested:
    done = Ingested()
    for number, urls in intake.site.addresses(_state(intake, "sweep").get("page", 1)):
        caught_up = not whole and _caught_up(intake, urls, recent)
        wanted = urls if whole else _unknown(intake, urls)
        done += sum((_read(intake, url) for url in wanted), Ingested())
        _remember(intake, "sweep", {"page": number})
        intake.progress(f"list page {number}: {done.new} new, {done.changed} changed, {done.failed} unreadable")
        if caught_up:
            break
    _remember(intake, "sweep", {})
    return done


def _caught_up(intake: Intake, urls: list[str], recent: frozenset[str]) -> bool:
    """Whether the walk has reached articles of earlier runs. Pinned posts lead every first page, so one is not enough."""
    older = [url for url in urls if url not in recent]
    return bool(older) and not _unknown(intake, older)


def _read(intake: Intake, url: str) -> Ingested:
    try:
        found = intake.site.read(url, intake.now())
    except Gone:
        return Ingested(gone=_mark_gone(intake, url))
    except SiteError as error:
        log.warning("an article cannot be read", extra={"url": url, "why": str(error)})
        return Ingested(failed=1)
    if found is None or not found.title or not found.body:
        return Ingested(failed=1)
    return _stored(intake, found, paged=True)


def _checked(intake: Intake) -> Ingested:
    """The next few articles in turn: is each of them still there?"""
    with reading(intake.sessions) as session:
        urls = list(articles.urls_here(session))
    place = int(_state(intake, "check").get("place", 0))
    if place >= len(urls):
        place = 0
    done = Ingested()
    for url in urls[place : place + CHECKED_A_RUN]:
        try:
            if not intake.site.is_there(url):
                done += Ingested(gone=_mark_gone(intake, url))
        except SiteError:
            break  # a site in trouble has not taken anything down
        place += 1
    _remember(intake, "check", {"place": place})
    return done


def _stored(intake: Intake, found: FoundArticle, *, paged: bool = False) -> Ingested:
    """One article, its topics and its twin, in one transaction. A feed tells no category: a new one's page does."""
    if not found.category and not paged and _unknown(intake, [found.url]):
        found = _with_page(intake, found)
    content = _content(found)
    with intake.sessions.begin() as session:
        article_id, what = articles.upsert(session, content, intake.now())
        if what != "same":
            articles.set_topics(
                session, article_id, intake.assign(content.title, content.body, content.category, content.tags)
            )
    if what != "same":
        _link_twin(intake, article_id, content)
    return Ingested(**{what: 1})


def _with_page(intake: Intake, found: FoundArticle) -> FoundArticle:
    try:
        page = intake.site.read(found.url, intake.now())
    except SiteError:
        return found
    if page is None:
        return found
    return replace(
        found, category=page.category, tags=page.tags, author=page.author, picture=found.picture or page.picture
    )


def _link_twin(intake: Intake, article_id: int, content: Content) -> None:
    twin = intake.duplicate_of(article_id, content)
    if twin is not None:
        with intake.sessions.begin() as session:
            articles.set_duplicate(session, article_id, twin)


def _unknown(intake: Intake, urls: list[str]) -> list[str]:
    with reading(intake.sessions) as session:
        known = articles.known_urls(session, urls)
    return [url for url in urls if url not in known]


def _mark_gone(intake: Intake, url: str) -> int:
    with intake.sessions.begin() as session:
        return articles.mark_gone(session, [url], intake.now())


def _state(intake: Intake, name: str) -> dict[str, Any]:
    with reading(intake.sessions) as session:
        return articles.remembered(session, name)


def _remember(intake: Intake, name: str, value: dict[str, object]) -> None:
    with intake.sessions.begin() as session:
        articles.remember(session, name, value)


def _content(found: FoundArticle) -> Content:
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
    )
