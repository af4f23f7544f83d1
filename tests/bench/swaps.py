"""Whether questions notice what happens to the index: `python -m tests.bench.swaps 10000 30` asks for half a minute.

Web processes keep up with the rows as the product's do and search without a pause longer than a moment, while articles
are stored one after another, a writer is killed in the middle of its work again and again, and the whole index is built
anew. Prints how many searches failed (none may), how long the slowest took, and how soon a stored article was found in
the last of the processes; exits 1 where a search failed or an article was not found.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import NamedTuple

from bot import wiring
from bot.search.analysis import words
from bot.search.document import Document
from bot.search.index import Index, Writer
from bot.store.articles import Content, upsert
from config.settings import read
from tests.bench import world

WEB = 2
PAUSE_S = 0.01
STORED_EVERY_S, KILLED_EVERY, REBUILT_EVERY = 0.5, 7, 20
"""After so many stored articles a writer is killed, and the index built anew."""
LAST_S = 3.0
"""The last article has so long to be found."""
FIRST, HALF_DONE = 10_000_000, 30
"""Articles of the writer that is killed: from which number on, and after how many."""
SOON_S, STARTED_S = 20.0, 120.0
SPAWN = multiprocessing.get_context("spawn")


class Seen(NamedTuple):
    """What one web process saw. found: when it first found each stored article, by its number."""

    searches: int
    failures: list[str]
    slowest_s: float
    generations: int
    found: dict[int, float]


@dataclass
class Swaps:
    environ: Mapping[str, str]
    made: wiring.Base
    stored: dict[int, float] = field(default_factory=dict)
    killed: int = 0
    rebuilds: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, seconds: float) -> int:
        told: Queue[Seen] = SPAWN.Queue()
        ready = SPAWN.Barrier(WEB + 1)
        web = [SPAWN.Process(target=_serve, args=(dict(self.environ), seconds, ready, told)) for _ in range(WEB)]
        for one in web:
            one.start()
        ready.wait(STARTED_S)
        until = time.time() + seconds
        while time.time() < until - LAST_S:
            self._one_more()
            time.sleep(STORED_EVERY_S)
        for rebuild in self.rebuilds:
            rebuild.wait(60 + seconds)
        seen = [told.get(timeout=60 + seconds) for _ in web]
        for one in web:
            one.join(SOON_S)
        return self._told(seen)

    def _one_more(self) -> None:
        number = len(self.stored)
        now = datetime.now(UTC)
        title, published = _title(number), now + timedelta(seconds=number)  # no two in the same second
        content = Content(f"https://site.example/new/{number}.html", title, f"{title}。" * 5, published)
        with self.made.sessions.begin() as session:
            upsert(session, content, now)
        self.stored[number] = time.time()
        if number % KILLED_EVERY == KILLED_EVERY - 1:
            self.killed += _killed_writer(self.environ)
        if number % REBUILT_EVERY == REBUILT_EVERY // 2:
            command = [sys.executable, "-m", "bot", "reindex"]
            self.rebuilds.append(
                subprocess.Popen(
                    command, env={**os.environ, **self.environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )

    def _told(self, seen: list[Seen]) -> int:
        failures = [failure for one in seen for failure in one.failures]
        late = {number for number in self.stored for one in seen if number not in one.found}
        waits = sorted(
            max(one.found[number] for one in seen) - self.stored[number] for number in self.stored.keys() - late
        )
        searches, slowest = sum(one.searches for one in seen), max(one.slowest_s for one in seen)
        print(f"{WEB} web processes, {searches} searches, {len(failures)} failed, slowest {slowest * 1e3:.0f} ms")
        print(
            f"  {len(self.stored)} articles stored, {self.killed} writers killed, {len(self.rebuilds)} rebuilds, "
            f"{min(one.generations for one in seen)} of them seen by every process"
        )
        median, most = (waits[len(waits) // 2], waits[-1]) if waits else (0.0, 0.0)
        print(f"  found in all of them after {median:.2f} s (median), {most:.2f} s (most); {len(late)} not found")
        print(f"  load {os.getloadavg()[0]:.1f}", *dict.fromkeys(failures), sep="\n  ")
        return int(bool(failures or late))


def main() -> int:
    size, seconds = int(sys.argv[1]), float(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder, world.environment(Path(folder)) as environ:
        return Swaps(environ, world.prepared(environ, size, 0)).run(seconds)


def _serve(environ: dict[str, str], seconds: float, ready: Barrier, told: Queue[Seen]) -> None:
    """One web process: asks, and looks what is new, until it is time."""
    library = wiring.library_of(wiring.base(read(environ)))
    library.first_look()
    library.keep_fresh()
    failures: list[str] = []
    found: dict[int, float] = {}
    folders, searches, slowest = {library.index.folder}, 0, 0.0
    ready.wait(STARTED_S)
    until = time.time() + seconds
    while time.time() < until:
        began = time.perf_counter()
        try:
            assert library.articles.search(f"光模块产能扩张{searches}").articles
            newest = library.articles.newest(limit=1)[0].title
        except Exception as failure:  # counted and told
            failures.append(f"{type(failure).__name__}: {failure}")
        else:
            slowest = max(slowest, time.perf_counter() - began)
            known = _number(newest)
            found |= {number: time.time() for number in range(known + 1) if number not in found}
        searches += 1
        folders.add(library.index.folder)
        time.sleep(PAUSE_S)
    told.put(Seen(searches, failures, slowest, len(folders) - 1, found))


def _title(number: int) -> str:
    return f"刚刚签约的第{number}号水泵项目"


def _number(title: str) -> int:
    """Of a stored article; -1 for what was there before."""
    digits = title.removeprefix("刚刚签约的第").partition("号")[0]
    return int(digits) if digits.isdigit() else -1


def _killed_writer(environ: Mapping[str, str]) -> bool:
    """Whether it got hold of the index before it was killed."""
    writing = SPAWN.Process(target=_write_for_ever, args=(dict(environ), ready := SPAWN.Event()))
    writing.start()
    held = ready.wait(SOON_S)
    os.kill(writing.pid or 0, signal.SIGKILL)
    writing.join(SOON_S)
    return held


def _write_for_ever(environ: dict[str, str], ready: Event) -> None:
    index = wiring.library_of(wiring.base(read(environ))).index
    words("准备好")  # the words are loaded before the lock is held, as in a process at work
    while (writer := _writer(index)) is None:
        time.sleep(PAUSE_S)
    for number in range(FIRST, 2 * FIRST):
        writer.put(Document(number, "没写完的文章", "没写完的文章。" * 40, datetime.now(UTC)))
        if number == FIRST + HALF_DONE:
            ready.set()


def _writer(index: Index) -> Writer | None:
    """None while a web process writes."""
    with contextlib.suppress(ValueError):
        return index.writer()
    return None


if __name__ == "__main__":
    raise SystemExit(main())
