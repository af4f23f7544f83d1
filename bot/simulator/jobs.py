"""Things that happen a little later: job events after their delay, on a few threads of their own."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class Jobs:
    """Runs calls after a delay. One waiting thread and a small pool, however many jobs wait."""

    def __init__(self, workers: int = 8) -> None:
        self._workers = workers
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._pool: ThreadPoolExecutor | None = None
        self._running = 0

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        with self._changed:
            self._start()
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._order), call))
            self._changed.notify_all()

    def settle(self, seconds: float = 10.0) -> bool:
        """Wait until nothing is waiting or running; False if that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._running, seconds)

    def _start(self) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._workers, "simulator-job")
            threading.Thread(target=self._loop, name="simulator-jobs", daemon=True).start()

    def _loop(self) -> None:
        while True:
            call = self._next()
            assert self._pool is not None  # noqa: S101 - made before this thread
            self._pool.submit(self._run, call)

    def _next(self) -> Callable[[], object]:
        with self._changed:
            while not self._waiting or self._waiting[0][0] > time.monotonic():
                self._changed.wait(self._waiting[0][0] - time.monotonic() if self._waiting else None)
            self._running += 1
            return heapq.heappop(self._waiting)[2]

    def _run(self, call: Callable[[], object]) -> None:
        try:
            call()
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()
