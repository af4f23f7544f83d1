"""Brings the index up to date from rows: one writer a machine, what changed since the last time."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.search.document import Document
from bot.search.index import Index, drop, put

log = logging.getLogger(__name__)

BATCH = 500


@dataclass(frozen=True, slots=True)
class Change:
    """A row that changed: its place in the order of changes, and the article, None when it is gone."""

    seq: int
    id: int
    document: Document | None


Changes = Callable[[int, int], Iterable[Change]]
"""changes(after, limit): rows changed after that place, in order."""


def catch_up(index: Index, changes: Changes) -> int:
    """Take in everything that changed; returns how many. Does nothing where another process is the writer."""
    try:
        writer = index.writer()
    except ValueError:  # tantivy's LockBusy
        return 0
    taken, reached = 0, place(index)
    while batch := list(changes(reached, BATCH)):
        for change in batch:
            put(writer, change.document) if change.document else drop(writer, change.id)
        writer.commit()
        # After the commit: a crash in between takes the batch in once more, which changes nothing.
        reached = batch[-1].seq
        (index.folder / "place.json").write_text(json.dumps(reached))
        taken += len(batch)
    writer.wait_merging_threads()
    return taken


def place(index: Index) -> int:
    """How far the index has got in the order of changes."""
    with contextlib.suppress(OSError, ValueError):
        return int(json.loads((index.folder / "place.json").read_text()))
    return 0
