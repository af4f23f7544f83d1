"""The time that all machines agree on: the database's. A machine whose own clock is wrong pushes by it none the less."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.store.base import Sessions, reading

ASKED_AGAIN = 30.0
"""Seconds until the database is asked again."""


def _ticks() -> float:
    """Seconds that go on whatever time somebody sets, also while the machine sleeps, where it can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(slots=True)
class SharedClock:
    """Called, it tells the time. Raises DBAPIError only where the database is away before it was ever asked.

    SQLite has no clock of its own: there all processes are on one machine and share that one's.
    """

    sessions: Sessions
    ticks: Callable[[], float] = _ticks
    _asked: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        if self.sessions.kw["bind"].dialect.name != "postgresql":
            return datetime.now(UTC)
        known = self._asked
        if known is None or self.ticks() - known[1] > ASKED_AGAIN:
            known = self._asked = self._ask(known)
        moment, then = known
        return moment + timedelta(seconds=self.ticks() - then)

    def _ask(self, known: tuple[datetime, float] | None) -> tuple[datetime, float]:
        """What it says, and our ticks then; while it is away, what it must be by now."""
        before = self.ticks()
        try:
            with reading(self.sessions) as session:
                moment: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        except sa.exc.DBAPIError:
            if known is None:
                raise
            return known[0] + timedelta(seconds=before - known[1]), before
        return moment.astimezone(UTC), (before + self.ticks()) / 2
