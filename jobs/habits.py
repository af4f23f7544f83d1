"""When followers may be pushed to: quiet hours, and the hours of daily and weekly digests; all in Shanghai's time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from bot.store.news import SHANGHAI
from bot.store.subscriptions import DAILY, WEEKLY

NEVER = (time(0), time(0))
AWAKE = timedelta(minutes=30)
"""Who wrote so lately is not asleep: quiet hours do not keep news from them."""
MADE_UP = timedelta(hours=4)
"""A digest that was missed is made up this long after its hour, and not later: nobody wants the morning's at night."""
PERIODS = {DAILY: timedelta(days=1), WEEKLY: timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Habits:
    """quiet: from when until when nobody is pushed to. digest_at: the hour of digests. weekly_on: 1 Monday .. 7 Sunday.

    preview: how long staff have before a digest or mass send goes by itself; preview_at_once: before news goes to those
    who want it at once. a_day, a_week: messages a follower gets at most.
    """

    quiet: tuple[time, time] = NEVER
    digest_at: time = time(8, 30)
    weekly_on: int = 1
    preview: timedelta = timedelta(0)
    preview_at_once: timedelta = timedelta(0)
    a_day: int = 0
    a_week: int = 0

    @classmethod
    def from_toml(cls, push: Mapping[str, Any]) -> Habits:
        """config/schedule.toml, push. Raises ValueError for what is no time."""
        return cls(
            quiet=quiet_hours(push["quiet"]),
            digest_at=time.fromisoformat(push["digest_at"]),
            weekly_on=int(push["weekly_on"]),
            preview=timedelta(minutes=push["preview_minutes"]),
            preview_at_once=timedelta(minutes=push["preview_at_once_minutes"]),
            a_day=int(push["most_a_day"]),
            a_week=int(push["most_a_week"]),
        )

    def is_quiet(self, now: datetime) -> bool:
        return self.wakes(now) > now

    def wakes(self, now: datetime) -> datetime:
        """Now, or the end of the quiet hours that now is in."""
        begins, ends = self.quiet
        local = now.astimezone(SHANGHAI)
        at = local.time()
        inside = begins <= at < ends if begins <= ends else at >= begins or at < ends
        if not inside:
            return now
        day = local if at < ends else local + timedelta(days=1)
        return day.replace(hour=ends.hour, minute=ends.minute, second=0, microsecond=0)

    def awake_since(self, now: datetime) -> datetime | None:
        """Only who wrote after this may be pushed to now; None: everybody may."""
        return now - AWAKE if self.is_quiet(now) else None

    def slot(self, pace: str, now: datetime) -> str:
        """The day of the digest whose hour has just come; empty while none is due."""
        local = now.astimezone(SHANGHAI)
        begins = local.replace(hour=self.digest_at.hour, minute=self.digest_at.minute, second=0, microsecond=0)
        if not begins <= local < begins + MADE_UP or (pace == WEEKLY and local.isoweekday() != self.weekly_on):
            return ""
        return f"{local:%Y-%m-%d}"


def quiet_hours(text: str) -> tuple[time, time]:
    """Like 22:00-08:00; "none" for no quiet hours. Raises ValueError."""
    if text in ("", "none"):
        return NEVER
    begins, _, ends = text.partition("-")
    return time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip())
