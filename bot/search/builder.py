"""Brings the index up to date from rows: one writer a machine, what changed since the last time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import tantivy

from bot.search.document import Document
from bot.search.index import Index, drop, put

log = logging.getLogger(__name__)

BATCH = 500
MANY = 2000
"""Changes from which on a writer takes a large heap."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row that changed: its place in the order of changes, and the article, None when it is gone."""

    seq: int
    id: int
    document: Document | None


Changes = Callable[[int, int], Iterable[Change]]
"""changes(after, limit): rows changed after that place, in order."""
Progress = Callable[[int], None]


def catch_up(index: Index, changes: Changes, progress: Progress = lambda _: None) -> int:
    """Take in everything that changed; returns how many. Does nothing where another process is the writer."""
    reached = place(index)
    batch = list(changes(reached, BATCH))
    if not batch:
        return 0
    try:
        writer = index.writer(large=len(batch) == BATCH)
    except ValueError:  # tantivy's LockBusy
        return 0
    taken = 0
    reached = place(index)  # of now, when nobody else writes
    while batch := list(changes(reached, BATCH)):
        for change in batch:
            put(writer, change.document) if change.document else drop(writer, change.id)
        reached, taken = batch[-1].seq, taken + len(batch)
        if len(batch) < BATCH or taken % MANY == 0:
            _commit(index, writer, reached)
        progress(taken)
    _commit(index, writer, reached)
    writer.wait_merging_threads()
    return taken


def _commit(index: Index, writer: tantivy.IndexWriter, reached: int) -> None:
    writer.commit()
    # After the commit: a crash in between takes the batch in once more, which changes nothing.
    fresh = index.folder / "place.new"
    fresh.write_text(json.dumps(reached))
    fresh.replace(index.folder / "place.json")


def rebuild(index: Index, changes: Changes, progress: Progress = lambda _: None) -> int:
    """Build a whole new generation beside the one that answers, and swap it in; returns how many articles it took.

    Raises Busy where another process is at it.
    """
    with _alone(index):
        fresh = index.generation(index.fresh_generation())
        taken = catch_up(fresh, changes, progress)
        index.swap_in(fresh.folder)
        return taken


class Busy(Exception):
    """Another process of this machine rebuilds the index."""


@contextlib.contextmanager
def _alone(index: Index) -> Iterator[None]:
    with (index.home / "rebuild.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy("the index is being rebuilt already") from error
        yield


def place(index: Index) -> int:
    """How far the index has got in the order of changes."""
    with contextlib.suppress(OSError, ValueError):
        return int(json.loads((index.folder / "place.json").read_text()))
    return 0
