"""Keeps a web process on one core: its threads share one interpreter, and moving them from core to core carries its memory
from cache to cache with every message (half as much again in processor time: docs/performance.md)."""

from __future__ import annotations

import fcntl
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

SIBLING = 1000
"""A process of the same parent counts more than any number of strangers: two of one installation never share a core while
there is another."""

Program = tuple[int, int]
"""Its number and its parent's."""


def programs() -> Iterator[Program]:
    """All processes we may see, those of other installations among them; not threads of the kernel, which stand on every
    core and have no command line."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if (process / "cmdline").read_bytes():
                yield int(process.name), int((process / "stat").read_text().rpartition(")")[2].split()[1])


def settle(lock: Path, others: Callable[[], Iterable[Program]] = programs) -> int | None:
    """Bind this thread, and those it starts from now on, to the core that fewest of the others are bound to.

    lock: a file that processes which start together take in turn, so that each sees where the others went.
    Gives the core; None where there is no choice, or the system allows none.
    """
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None
    try:
        with lock.open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            bound = _bound(others())
            core = min(os.sched_getaffinity(0), key=lambda one: (bound[one], one))
            os.sched_setaffinity(0, {core})
    except OSError as trouble:  # a sandbox that does not let us: the answers are right, only slower
        log.warning("no core of its own", extra={"error": str(trouble)})
        return None
    return core


def _bound(processes: Iterable[Program]) -> Counter[int]:
    """How much is bound to each core, of what may run on one only."""
    bound: Counter[int] = Counter()
    for number, parent in processes:
        with suppress(OSError):
            if len(cores := os.sched_getaffinity(number)) == 1:
                bound[cores.pop()] += SIBLING if parent == os.getppid() else 1
    return bound
