"""Takes in the firm's site and other feeds: what is new, what was changed, what is gone; again and again, politely."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.adapters.site.http import Later, SiteError
from bot.adapters.site.pages import FoundArticle, same_story
from bot.store import articles
from bot.store.base import reading
from bot.taking import Ingested, Taker, known, retopic
from jobs.sweep import SITE, Intake, Run, Site, sweep, unread, vanished

__all__ = ["Ingested", "Intake", "Run", "Site", "Taker", "ingest", "other_feeds", "reassign"]

log = logging.getLogger(__name__)

CHECKED_A_RUN = 20
"""Articles read again in a run to see edits and deletions the feed does not tell; all of them get their turn."""
SWEPT_EVERY = timedelta(days=1)
LEARNED_EVERY = timedelta(hours=1)
"""How soon a theme that could not be learned, or does not fit any longer, is tried again."""
API_OFF = timedelta(hours=6)
"""How long an API that was off is not asked again."""
UNFED_KEPT = 100
"""Addresses remembered that the feed no longer has and that were looked at: none is looked at for it again."""
RETOPIC_BATCH = 200
"""Articles that get their topics anew with one commit."""


class Feed(Protocol):
    """Another source; see bot.adapters.site.other."""

    @property
    def name(self) -> str: ...

    def recent(self, validators: Mapping[str, str]) -> tuple[list[FoundArticle], Mapping[str, str]]: ...


@dataclass(frozen=True, slots=True)
class _Feed:
    """What the feed brought. overflowed: all of it was new, so more may have come than a feed holds."""

    done: Ingested
    found: tuple[FoundArticle, ...] = ()
    overflowed: bool = False

    @property
    def urls(self) -> frozenset[str]:
        return frozenset(one.url for one in self.found)


def ingest(intake: Intake, *, everything: bool = False) -> Ingested:
    """One run. With `everything` the whole site is read, from where an interrupted walk stopped.

    Raises SiteError where the walk could not go on (Later: the site asks for a rest, and gets it); what was read
    before stays.
    """
    until = intake.state("later").get("until")
    if until and intake.now() < datetime.fromisoformat(until):
        raise Later(f"the site asked to be left alone until {until}", 0.0)
    try:
        return _run(intake, everything=everything)
    except Later as later:
        intake.remember("later", {"until": (intake.now() + timedelta(seconds=later.seconds)).isoformat()})
        raise


def _run(intake: Intake, *, everything: bool) -> Ingested:
    with reading(intake.sessions) as session:
        intake.site.knows(articles.examples(session, SITE, 50))
    feed = _from_feed(intake)
    done = feed.done + unread(intake)
    if not everything:
        done += _edited(intake)
    swept = intake.state("swept").get("at")
    due = swept is not None and intake.now() - datetime.fromisoformat(swept) > SWEPT_EVERY
    if everything or due or feed.overflowed or intake.state("sweep"):
        done += sweep(intake, feed.urls, whole=everything, thorough=everything or due or swept is None)
    if not everything:
        done += _unfed(intake, feed) + _checked(intake)
    log.info("ingested", extra=asdict(done))
    return done


def other_feeds(run: Run, feeds: Sequence[Feed]) -> Ingested:
    """What other feeds bring. One that cannot be read does not keep us from the rest."""
    done = Ingested()
    for feed in feeds:
        key = f"feed {feed.name}"
        try:
            found, validators = feed.recent(run.state(key))
        except SiteError as error:
            log.warning("a feed cannot be read", extra={"feed": feed.name, "why": str(error)})
            done += Ingested(failed=1)
            continue
        done += sum((run.taker.take(one, feed.name) for one in found), Ingested())
        run.remember(key, validators)
    return done


def reassign(run: Run, taxonomy: str, *, whole: bool = False) -> int:
    """Topics anew where the taxonomy changed since the last look (`taxonomy` is its hash); how many articles have
    other topics now. Goes on where it was interrupted; `whole` begins at the beginning in any case."""
    before = run.state("taxonomy")
    after = int(before.get("after", 0)) if before.get("hash") == taxonomy and not whole else 0
    if before.get("hash") == taxonomy and not after and not whole:
        return 0
    changed = 0
    while not run.stopped():
        after, different = retopic(run.sessions, run.taker.assign, after, RETOPIC_BATCH)
        changed += different
        run.remember("taxonomy", {"hash": taxonomy, "after": after})
        if not after:
            break
    return changed


def _from_feed(intake: Intake) -> _Feed:
    try:
        found, validators = intake.site.recent(intake.state("feed"))
    except Later:
        raise
    except SiteError as error:
        log.warning("the feed cannot be read", extra={"why": str(error)})
        return _Feed(Ingested(failed=1), overflowed=True)
    _learn(intake, found)
    fresh = {one.url for one in found} - known(intake.sessions, (one.url for one in found))
    done = sum((_fed(intake, one, new=one.url in fresh) for one in found), Ingested())
    intake.alive(one.url for one in found)
    intake.remember("feed", validators)
    return _Feed(done, tuple(found), bool(found) and len(fresh) == len(found))


def _fed(intake: Intake, found: FoundArticle, *, new: bool) -> Ingested:
    """A Z-Blog feed tells no category, and some feeds give only the beginning: the page of a new article tells all."""
    if not new or (found.category and found.author):
        return intake.taker.take(found)
    try:
        page = intake.site.read(found.url, intake.now())
    except Later:
        raise
    except SiteError:
        page = None
    return intake.taker.take(_joined(found, page) if page else found)


def _joined(found: FoundArticle, page: FoundArticle) -> FoundArticle:
    facts = replace(
        found,
        category=found.category or page.category,
        tags=found.tags or page.tags,
        author=found.author or page.author,
        picture=found.picture or page.picture,
    )
    if page.title == found.title and _is_extract(found, page):
        return replace(
            facts, body=page.body, summary=page.summary, lines=page.lines, html=page.html, source=page.source
        )
    return facts


def _is_extract(found: FoundArticle, page: FoundArticle) -> bool:
    """Whether the feed gives only the beginning of what the page has."""
    start, whole = found.body.rstrip("….。 "), page.body
    size = len("".join(start.split()))
    return len(whole) > 1.2 * len(found.body) and same_story("".join(whole.split())[:size], start)


def _learn(intake: Intake, found: Sequence[FoundArticle]) -> None:
    """What the theme is like: at the first look, and again when it is time."""
    before = intake.state("theme")
    at = before.get("at")
    if not found or (at and (before.get("fits") or intake.now() - datetime.fromisoformat(at) < LEARNED_EVERY)):
        return
    theme = intake.site.learn(found, intake.now())
    intake.remember(
        "theme", {"at": intake.now().isoformat(), "fits": theme is not None, "theme": asdict(theme) if theme else {}}
    )


def _edited(intake: Intake) -> Ingested:
    """What the API says was changed since we asked last, if it is on."""
    state, now = intake.state("api"), intake.now()
    if state.get("off") and now < datetime.fromisoformat(state["off"]):
        return Ingested()
    since = datetime.fromisoformat(state["since"]) if state.get("since") else now - timedelta(days=1)
    done, on = Ingested(), False
    for page in intake.site.edited(since):
        on = True
        done += sum((intake.taker.take(one) for one in page.articles), Ingested(failed=page.broken))
        intake.alive(one.url for one in page.articles)
        if intake.stopped():
            return done
    intake.remember(
        "api", {"since": (now - timedelta(minutes=5)).isoformat()} if on else {"off": (now + API_OFF).isoformat()}
    )
    return done


def _unfed(intake: Intake, feed: _Feed) -> Ingested:
    """Articles as new as those of the feed that the feed no longer has: perhaps they were taken down."""
    if not feed.found:
        return Ingested()
    times = [one.published for one in feed.found]
    with reading(intake.sessions) as session:
        inside = articles.published_between(session, SITE, min(times) + timedelta(seconds=1), max(times))
    settled = list(intake.state("unfed").get("urls", []))
    suspects = [url for url in inside if url not in feed.urls and url not in settled]
    done = vanished(intake, suspects)
    if suspects:
        intake.remember("unfed", {"urls": [*settled, *suspects][-UNFED_KEPT:]})
    return done


def _checked(intake: Intake) -> Ingested:
    """The next few articles in turn, read again: what was edited is taken in, what is gone goes."""
    place = int(intake.state("check").get("before", 0))
    with reading(intake.sessions) as session:
        turn = articles.before(session, SITE, place, CHECKED_A_RUN) or articles.before(session, SITE, 0, CHECKED_A_RUN)
    done = vanished(intake, [url for _, url in turn])
    intake.remember("check", {"before": turn[-1][0] if turn else 0})
    return done
