"""How long an answer waits for the database, and how many may wait: a slow database holds nobody else up."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

import sqlalchemy as sa

T = TypeVar("T")

TROUBLE = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
"""What a database that is away, locked, full or starting raises."""

_PAUSE_S = 0.2


class Away(Exception):
    """The database cannot be asked now."""


class Patience:
    """places: how many calls of each kind may be stuck. look, write: seconds; see the methods."""

    def __init__(self, places: int = 12, look: float = 1.5, write: float = 3.0) -> None:
        self._lookers = ThreadPoolExecutor(places, thread_name_prefix="look")
        self._writers = BoundedSemaphore(places)
        self._look, self._write = look, write

    def ask(self, look: Callable[[], T]) -> T:
        """What can be had within `look`; a database that hangs is left hanging. Raises Away."""
        asked: Future[T] = self._lookers.submit(look)
        try:
            return asked.result(self._look)
        except TROUBLE as trouble:
            raise Away(str(trouble)) from trouble
        except TimeoutError:
            asked.cancel()
            raise Away(f"no answer in {self._look} s") from None

    def do(self, write: Callable[[], T]) -> T:
        """Tried again for `write` when it is refused; how long it hangs is for others to limit. Raises Away.

        Only for what may happen twice: a connection that broke during the commit tells nothing about it.
        """
        until = time.monotonic() + self._write
        if not self._writers.acquire(timeout=1.0):
            raise Away("too many wait already")
        try:
            while True:
                try:
                    return write()
                except TROUBLE as trouble:
                    if time.monotonic() >= until:
                        raise Away(str(trouble)) from trouble
                time.sleep(_PAUSE_S)
        finally:
            self._writers.release()
