"""Things that happen a little later: job events after their delay, on a few threads of their own."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

LOG = logging.getLogger(__name__)


class Jobs:
    """Runs calls after a delay on a few daemon threads, however many jobs wait."""

    def __init__(self, workers: int = 8) -> None:
        self._workers = workers
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._started = False
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
        """Threads only once there is something to do: importing and building start none."""
        if not self._started:
            self._started = True
            for number in range(self._workers):
                threading.Thread(target=self._work, name=f"simulator-job-{number}", daemon=True).start()

    def _work(self) -> None:
        while True:
            call = self._next()
            try:
                call()
            except Exception:
                LOG.exception("a job of the simulator failed")
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _next(self) -> Callable[[], object]:
        with self._changed:
            while not self._waiting or self._waiting[0][0] > time.monotonic():
                self._changed.wait(self._waiting[0][0] - time.monotonic() if self._waiting else None)
            self._running += 1
            return heapq.heappop(self._waiting)[2]
