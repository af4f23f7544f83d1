"""Puts the taking in of articles together with the real things, and runs it from the command line."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import FrameType

from bot import taking, wiring
from bot.adapters.site.http import Later, SiteError
from bot.store import articles as stored
from bot.store.base import reading
from config.settings import Settings
from jobs import ingest as ingesting
from jobs.ingest import Ingested, Intake, Run, Site
from jobs.progress import Progress

PATIENCE_S = 900.0
"""From the command line a site that asks for a rest is waited for so long."""
BUDGET_S = 240.0
"""How long a run of the clock may read; the next one goes on."""


def run_of(
    made: wiring.Base,
    library: wiring.Library,
    progress: Callable[[int, int, str], object] = lambda *_: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Run:
    """What taking in needs, of the real things. stopped: whether to leave off now."""
    return Run(made.sessions, wiring.taker_of(made, library), partial(datetime.now, UTC), progress, stopped)


def intake_of(site: Site, run: Run) -> Intake:
    """The same run, over the firm's site."""
    return Intake(run.sessions, run.taker, run.now, run.progress, run.stopped, site)


def scheduled(made: wiring.Base, site: Site | None, library: wiring.Library) -> Ingested:
    """One run of the clock: the site, other feeds, and topics where the taxonomy was changed. Raises SiteError."""
    until = time.monotonic() + BUDGET_S
    run = run_of(made, library, stopped=lambda: time.monotonic() > until)
    ingesting.reassign(run, taxonomy_hash(made))
    done = ingesting.other_feeds(run, wiring.other_feeds(made))
    return done + ingesting.ingest(intake_of(site, run)) if site else done


def taxonomy_hash(made: wiring.Base) -> str:
    """Of the topics as they are configured: another one means topics anew."""
    return hashlib.sha256(json.dumps(made.texts["topics"], sort_keys=True, default=str).encode()).hexdigest()


def ingest(settings: Settings, *, everything: bool) -> int:
    """One look at the site, here and now. Returns the exit status: 0 done, 1 not all could be read, 2 no site,
    130 stopped on the way."""
    wiring.migrate(settings)
    made = wiring.base(settings)
    site, feeds = wiring.site_of(made), wiring.other_feeds(made)
    if site is None and not feeds:
        sys.stderr.write("SITE_URL is not set and config/site.toml names no feed: there is nothing to read\n")
        return 2
    library, progress = wiring.library_of(made), Progress(sys.stderr)
    with _stopping() as stopped:
        run = run_of(made, library, progress, stopped)
        ingesting.reassign(run, taxonomy_hash(made))
        done = ingesting.other_feeds(run, feeds)
        walked, code = _walked(intake_of(site, run), everything=everything) if site else (Ingested(), 0)
    progress.end()
    library.refresh()
    done += walked
    sys.stdout.write(
        f"{done.new} new, {done.changed} changed, {done.same} known, {done.gone} gone, {done.failed} failed\n"
    )
    return 130 if stopped() else code or int(done.failed > 0 and done.seen == 0)


def topics(settings: Settings, *, reassign: bool) -> int:
    """Print each topic with how many articles it has; with `reassign` the rules look at every article first.
    Returns the exit status."""
    wiring.migrate(settings)
    made = wiring.base(settings)
    library = wiring.library_of(made)
    if reassign:
        different = ingesting.reassign(run_of(made, library), taxonomy_hash(made), whole=True)
        sys.stderr.write(f"{different} articles have other topics now\n")
        library.refresh()
    with reading(made.sessions) as session:
        counts = stored.topic_counts(session)
    for topic in library.taxonomy.topics:
        sys.stdout.write(f"{counts.get(topic.key, 0):6}  {topic.key}  {topic.name}\n")
    return 0


def article(settings: Settings, title: str, category: str, body: str, url: str, picture: str) -> int:
    """Store an article somebody wrote here; prints its id and address. Returns the exit status: 0 stored, 2 refused."""
    wiring.migrate(settings)
    made = wiring.base(settings)
    library = wiring.library_of(made)
    try:
        taker = wiring.taker_of(made, library)
        article_id, address = taking.typed(taker, title, category, body, url, picture, settings.public_url)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    library.refresh()
    sys.stdout.write(f"{article_id}  {address}\n")
    return 0


def _walked(intake: Intake, *, everything: bool) -> tuple[Ingested, int]:
    """A run that waits where the site asks for a short rest."""
    waited = 0.0
    while True:
        try:
            return ingesting.ingest(intake, everything=everything), 0
        except Later as later:
            waited += max(later.seconds, 1.0)
            if waited > PATIENCE_S or intake.stopped():
                return _broken_off(later)
            sys.stderr.write(f"the site asks for {later.seconds:.0f} s of rest\n")
            time.sleep(max(later.seconds, 1.0))
        except SiteError as error:
            return _broken_off(error)


def _broken_off(error: SiteError) -> tuple[Ingested, int]:
    sys.stderr.write(f"left off: {error}; the next run goes on from here\n")
    return Ingested(failed=1), 1


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Whether somebody wants us to stop: the first Ctrl-C finishes the article at hand, the second ends it all."""
    wanted: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        wanted.append(number)
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(wanted)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
