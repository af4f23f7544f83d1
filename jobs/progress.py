"""How far a long job has come: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TextIO

WIDTH = 24
EVERY_S = 10.0
"""Seconds between two lines of a log."""


@dataclass
class Progress:
    """Called as progress(done, of all, what); of all is 0 where nobody knows."""

    out: TextIO
    began: float = field(default_factory=time.monotonic)
    _last: float = 0.0
    _first: int = -1

    def __call__(self, done: int, whole: int, told: str) -> None:
        if self._first < 0:
            self._first = done
        now = time.monotonic()
        if self.out.isatty():
            self._write(f"\r\x1b[K{bar(done, whole)} {self._pace(done, whole, now)} {told}")
        elif now - self._last >= EVERY_S or (whole and done >= whole):
            self._write(f"{done}/{whole or '?'} {self._pace(done, whole, now)} {told}\n")
            self._last = now

    def end(self) -> None:
        if self.out.isatty():
            self._write("\n")

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()

    def _pace(self, done: int, whole: int, now: float) -> str:
        """What this run has done a second, and how long the rest takes at that."""
        rate = (done - self._first) / max(now - self.began, 0.001)
        if rate <= 0 or whole <= done:
            return f"{rate:.1f}/s"
        left = int((whole - done) / rate)
        return f"{rate:.1f}/s, {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"


def bar(done: int, whole: int) -> str:
    """Like [######..................] 25/100 25%; whole: 0 where nobody knows."""
    share = min(1.0, done / whole) if whole else 0.0
    full = int(share * WIDTH)
    return f"[{'#' * full}{'.' * (WIDTH - full)}] {done}/{whole or '?'}" + (f" {share:.0%}" if whole else "")
