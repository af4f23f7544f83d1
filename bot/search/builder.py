"""Brings the index up to date from rows: one writer a machine, what changed since the last time."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.search import generations
from bot.search.document import Document
from bot.search.index import Index, Writer
from bot.search.threshold import FILE as CALIBRATION

log = logging.getLogger(__name__)

BATCH = 500
MANY = 100_000
"""Changes after which a writer commits: what a killed one has to do again, in some fifty seconds. With each commit the
analysis waits for the index; more of them also make more, smaller segments."""
PLACE = "place.json"


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
    taken = _take(writer, changes, progress)
    writer.close()
    return taken


def _take(writer: Writer, changes: Changes, progress: Progress) -> int:
    reached, taken = _reached(writer.held.folder), 0  # of now, when nobody else writes
    while batch := list(changes(reached, BATCH)):
        for change in batch:
            writer.put(change.document) if change.document else writer.drop(change.id)
        reached, taken = batch[-1].seq, taken + len(batch)
        if len(batch) < BATCH or taken % MANY == 0:
            _commit(writer, reached)
        progress(taken)
    _commit(writer, reached)
    return taken


def _commit(writer: Writer, reached: int) -> None:
    writer.commit()
    # After the commit: a crash in between takes the batch in once more, which changes nothing.
    fresh = writer.held.folder / "place.new"
    fresh.write_text(json.dumps(reached))
    fresh.replace(writer.held.folder / PLACE)


def rebuild(index: Index, changes: Changes, progress: Progress = lambda _: None) -> int:
    """Build a whole new generation beside the one that answers, and swap it in; returns how many articles it took.

    Raises Busy where another process is at it.
    """
    with generations.alone(index.home) as alone:
        if not alone:
            raise Busy("the index is being rebuilt already")
        generations.sweep(index.home)  # what a killed rebuild left
        fresh = index.fresh_generation()
        taken = catch_up(fresh, changes, progress)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(index.folder / CALIBRATION, fresh.folder / CALIBRATION)
        index.swap_in(fresh.folder)
        generations.sweep(index.home)
        return taken


def tidy(index: Index) -> None:
    """Remove what was left of generations and analyses that no process has open any more."""
    with generations.alone(index.home) as alone:
        if alone:
            generations.sweep(index.home)
            generations.sweep_others(index.home)


class Busy(Exception):
    """Another process of this machine rebuilds the index."""


def place(index: Index) -> int:
    """How far the index has got in the order of changes."""
    return _reached(index.folder)


def _reached(folder: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(json.loads((folder / PLACE).read_text()))
    return 0
