"""Walks the whole site: by the API where it is on, else by list pages and sitemap; can be stopped anywhere, goes on
where it stopped, and only a walk that saw everything whole decides what is no longer there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.adapters.site.api import ApiPage
from bot.adapters.site.http import Gone, Later, SiteError
from bot.adapters.site.listing import Listed, ListPage, shape
from bot.adapters.site.pages import FoundArticle, Theme
from bot.store import articles
from bot.store.base import Sessions, reading
from bot.taking import Ingested, Taker, known

log = logging.getLogger(__name__)

OVERLAP = 1
"""Pages read again after an interruption: what was taken down meanwhile moves the rest up."""
WITNESSES = 3
"""Other articles that are asked for before some are taken for gone: one of them must be there."""
IN_A_ROW = 5
"""Pages that cannot be had before the site is taken to be in trouble and left alone until the next run."""
UNREAD_KEPT, UNREAD_A_RUN, UNREAD_TRIES = 500, 20, 20
"""Addresses that could not be read: how many are remembered, tried again in a run, and how often each."""
SITE = "site"
"""The source of articles of the firm's own site; other feeds have their names."""

Progress = Callable[[int, int, str], object]
"""progress(done, of all or 0 where unknown, what is being done)."""


class Site(Protocol):
    """What is needed of a site; see bot.adapters.site.site."""

    def recent(self, validators: Mapping[str, str]) -> tuple[list[FoundArticle], Mapping[str, str]]: ...
    def by_api(self, start: int = 1) -> Iterator[ApiPage]: ...
    def edited(self, since: datetime) -> Iterator[ApiPage]: ...
    def list_pages(self, start: int = 1, url: str = "/") -> Iterator[tuple[int, str, ListPage]]: ...
    def in_sitemap(self, now: datetime) -> Iterator[Listed]: ...
    def read(self, url: str, now: datetime) -> FoundArticle | None: ...
    def learn(self, known: Sequence[FoundArticle], now: datetime) -> Theme | None: ...
    def knows(self, urls: Iterable[str]) -> None: ...


@dataclass(frozen=True)
class Run:
    """What every taking in needs. stopped: whether to leave off now; the next run goes on from here."""

    sessions: Sessions
    taker: Taker
    now: Callable[[], datetime]
    progress: Progress
    stopped: Callable[[], bool]

    def state(self, name: str) -> dict[str, Any]:
        with reading(self.sessions) as session:
            return articles.remembered(session, name)

    def remember(self, name: str, value: Mapping[str, object]) -> None:
        with self.sessions.begin() as session:
            articles.remember(session, name, dict(value))

    def alive(self, urls: Iterable[str]) -> None:
        """The site has them."""
        with self.sessions.begin() as session:
            articles.mark_checked(session, urls, self.now())


@dataclass(frozen=True)
class Intake(Run):
    """A run over the firm's site. troubles: pages that could not be had, one after the other."""

    site: Site
    troubles: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk over the site. whole: read every article anew, not only those we do not have. thorough: to the very end;
    otherwise up to what is known from earlier runs, `recent` not counted. started: when it began, also if it was
    interrupted since."""

    whole: bool
    started: datetime
    thorough: bool
    recent: frozenset[str] = frozenset()


def sweep(intake: Intake, recent: frozenset[str], *, whole: bool, thorough: bool) -> Ingested:
    """One walk, newest first; an interrupted one goes on. Raises SiteError where it cannot."""
    before = intake.state("sweep")
    walk = Walk(
        whole or bool(before.get("whole")),
        datetime.fromisoformat(before["started"]) if "started" in before else intake.now(),
        thorough or bool(before.get("thorough")),
        recent,
    )
    done, finished = _by_api(intake, walk, before)
    if finished is None:
        done, finished = _by_pages(intake, walk, before)
    if finished:
        if walk.thorough:
            done += unlisted(intake, walk.started)
            intake.remember("swept", {"at": walk.started.isoformat()})
        intake.remember("sweep", {})
    return done


def _by_api(intake: Intake, walk: Walk, before: Mapping[str, Any]) -> tuple[Ingested, bool | None]:
    """The walk by the API, and whether it came to its end; None where the API is off."""
    done, on = Ingested(), False
    for page in intake.site.by_api(max(1, int(before.get("api", 1)) - OVERLAP)):
        on = True
        urls = [one.url for one in page.articles]
        caught_up = not walk.thorough and _caught_up(intake, urls, walk.recent)
        done += sum((intake.taker.take(one) for one in page.articles), Ingested(failed=page.broken))
        intake.alive(urls)
        _keep_place(intake, walk, api=page.number + 1)
        reached = page.total if page.number >= page.last else page.number * len(urls)
        intake.progress(reached, page.total, _told(done))
        if caught_up or intake.stopped():
            return done, caught_up
    return done, True if on else None


def _by_pages(intake: Intake, walk: Walk, before: Mapping[str, Any]) -> tuple[Ingested, bool]:
    """The walk by list pages, and whether it came to its end. The place kept is the page before the one read last."""
    start = dict(before.get("page") or {"number": 1, "url": "/"})
    done, place, finished = Ingested(), start, False
    for number, url, page in intake.site.list_pages(int(start["number"]), str(start["url"])):
        caught_up = not walk.thorough and _caught_up(intake, page.urls, walk.recent)
        done += _listed(intake, walk, number, page)
        if intake.stopped():
            return done, False
        _keep_place(intake, walk, page=place)
        place = {"number": number, "url": url}
        finished = not page.following and number >= page.last
        if caught_up:
            return done, True
    return (done + _by_sitemap(intake), True) if finished and walk.thorough else (done, finished)


def _listed(intake: Intake, walk: Walk, number: int, page: ListPage) -> Ingested:
    """What one list page shows."""
    done, size = Ingested(), len(page.urls)
    intake.site.knows(page.urls)
    for place, url in enumerate(_wanted(intake, walk, page.urls), 1):
        if intake.stopped():
            return done
        done += read(intake, url)
        intake.progress((number - 1) * size + place, page.last * size, _told(done))
    intake.alive(known(intake.sessions, page.urls))
    return done


def _by_sitemap(intake: Intake) -> Ingested:
    """Articles that no list page shows, and those that say they were changed since we saw them."""
    with reading(intake.sessions) as session:
        shapes = {shape(url) for url in articles.examples(session, SITE, 50)}
    done, listed = Ingested(), [one for one in intake.site.in_sitemap(intake.now()) if shape(one.url) in shapes]
    with reading(intake.sessions) as session:
        updated = articles.updated_at(session, (one.url for one in listed))
    for one in listed:
        if intake.stopped():
            break
        before = updated.get(one.url)
        if before is None or (one.changed is not None and one.changed > before):
            done += read(intake, one.url)
    intake.alive(one.url for one in listed if one.url in updated)
    return done


def _wanted(intake: Intake, walk: Walk, urls: Sequence[str]) -> list[str]:
    """What to read of a list page: what we do not have; in a whole walk also what this walk has not read yet."""
    with reading(intake.sessions) as session:
        here = articles.known_urls(session, urls)
        fresh = articles.checked_since(session, urls, walk.started) if walk.whole else here
    return [url for url in urls if url not in here or url not in fresh]


def read(intake: Intake, url: str) -> Ingested:
    """One article page, stored; one that cannot be had now is remembered. Raises SiteError where the site is in
    trouble. A page that is gone is only passed over here: `vanished` decides, and asks for a witness."""
    try:
        found = intake.site.read(url, intake.now())
    except Later:
        raise
    except Gone:
        return Ingested(failed=1)
    except SiteError as error:
        return _troubled(intake, url, error)
    intake.troubles.clear()
    if found is None or not found.title or not found.body:
        return Ingested(failed=1)
    done = intake.taker.take(_under(intake, found, url))
    intake.alive([url, found.url])
    return done


def _troubled(intake: Intake, url: str, error: SiteError) -> Ingested:
    log.warning("an article cannot be read", extra={"url": url, "why": f"{type(error).__name__} {error}"})
    waiting = intake.state("unread")
    if url in waiting or len(waiting) < UNREAD_KEPT:
        intake.remember("unread", {**waiting, url: int(waiting.get(url, 0)) + 1})
    intake.troubles.append(url)
    if len(intake.troubles) >= IN_A_ROW:
        raise SiteError(f"{IN_A_ROW} pages in a row cannot be read")
    return Ingested(failed=1)


def unread(intake: Intake) -> Ingested:
    """Another try at what could not be read in earlier runs."""
    done = Ingested()
    for url, tries in list(intake.state("unread").items())[:UNREAD_A_RUN]:
        if intake.stopped():
            break
        try:
            done += read(intake, url) if tries < UNREAD_TRIES and not known(intake.sessions, [url]) else Ingested()
        except Later:
            raise
        except SiteError:
            break
        waiting = intake.state("unread")
        if waiting.get(url) == tries:  # not put back by another failure
            intake.remember("unread", {other: count for other, count in waiting.items() if other != url})
    intake.troubles.clear()
    return done


def _under(intake: Intake, found: FoundArticle, url: str) -> FoundArticle:
    """By the address the page calls its own, unless that belongs to another article: then by the one we asked for."""
    if found.url == url:
        return found
    with reading(intake.sessions) as session:
        title = articles.title_of(session, found.url)
    return found if title in (None, found.title) else found.at(url)


def unlisted(intake: Intake, since: datetime) -> Ingested:
    """What a complete walk did not show is looked at one by one."""
    with reading(intake.sessions) as session:
        suspects = articles.unchecked_since(session, SITE, since, limit=10_000)
    return vanished(intake, suspects)


def vanished(intake: Intake, suspects: Iterable[str]) -> Ingested:
    """Which of these the site no longer has. Nothing is, unless the site shows another article at the same time:
    a site whose every page answers 404 has broken addresses, it has not taken everything down."""
    done, lost, witnessed = Ingested(), list[str](), False
    for url in suspects:
        if intake.stopped():
            break
        try:
            found = intake.site.read(url, intake.now())
        except Gone:
            lost.append(url)
        except Later:
            raise
        except SiteError as error:
            log.warning("cannot tell whether an article is gone", extra={"url": url, "why": str(error)})
        else:
            if found and found.body:
                witnessed = True
                done += intake.taker.take(_under(intake, found, url))
                intake.alive([url])
    if lost and not (witnessed or _witness(intake, lost)):
        log.error("no article of the site can be read: none is taken for gone", extra={"suspects": len(lost)})
        return done
    with intake.sessions.begin() as session:
        gone = articles.mark_gone(session, lost, intake.now())
    return done + Ingested(gone=gone)


def _witness(intake: Intake, lost: Sequence[str]) -> bool:
    with reading(intake.sessions) as session:
        others = [url for url in articles.examples(session, SITE, WITNESSES + len(lost)) if url not in lost]
    return any(_shows_article(intake, url) for url in others[:WITNESSES])


def _shows_article(intake: Intake, url: str) -> bool:
    try:
        found = intake.site.read(url, intake.now())
    except Later:
        raise
    except SiteError:
        return False
    return found is not None and bool(found.body)


def _caught_up(intake: Intake, urls: Sequence[str], recent: frozenset[str]) -> bool:
    """Whether the walk has reached articles of earlier runs. Pinned posts lead first pages, so one is not enough."""
    older = [url for url in urls if url not in recent]
    return bool(older) and len(known(intake.sessions, older)) == len(older)


def _keep_place(intake: Intake, walk: Walk, **place: object) -> None:
    kept = {"whole": walk.whole, "thorough": walk.thorough, "started": walk.started.isoformat(), **place}
    intake.remember("sweep", kept)


def _told(done: Ingested) -> str:
    return f"{done.new} new, {done.changed} changed, {done.same} known, {done.failed} unreadable"
