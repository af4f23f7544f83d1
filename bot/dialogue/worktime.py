"""When somebody is there: working hours, Chinese holidays and the duty roster, and how much of such time has passed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST = timedelta(days=60)
"""Nobody asks how much working time lies in more than this; a wrong date must not make us count for years."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `begin` up to `end` of a day, in Shanghai."""

    begin: time
    end: time

    @classmethod
    def from_toml(cls, row: Mapping[str, Any]) -> Span:
        """Raises ValueError for what is no time of the day."""
        return cls(time.fromisoformat(row["begin"]), time.fromisoformat(row["end"]))

    def on(self, day: date) -> tuple[datetime, datetime]:
        return datetime.combine(day, self.begin, SHANGHAI), datetime.combine(day, self.end, SHANGHAI)


@dataclass(frozen=True)
class Worktime:
    """is_workday: of a date, with holidays and the weekends that are worked for them. roster: names by day of the week,
    and `holiday`."""

    hours: Span
    duty: Span
    roster: Mapping[str, Collection[str]] = field(default_factory=dict)
    is_workday: Callable[[date], bool] = lambda day: day.weekday() < 5

    @classmethod
    def from_toml(cls, duty: Mapping[str, Any], is_workday: Callable[[date], bool]) -> Worktime:
        """duty: config/duty.toml."""
        roster = {day: tuple(names) for day, names in duty["duty"].get("roster", {}).items()}
        if unknown := set(roster) - {*DAYS, "holiday"}:
            raise ValueError(f"duty.toml: no such day: {', '.join(sorted(unknown))}")
        return cls(Span.from_toml(duty["hours"]), Span.from_toml(duty["duty"]), roster, is_workday)

    def today(self, at: datetime) -> date:
        return at.astimezone(SHANGHAI).date()

    def is_open(self, at: datetime) -> bool:
        """Inside of working hours."""
        return self.is_workday(self.today(at)) and _covers(self.hours.on(self.today(at)), at)

    def on_duty(self, at: datetime) -> Collection[str]:
        """Who looks after leads now; nobody while the others work, or where the roster names nobody."""
        if self.is_open(at):
            return ()
        names = self._duty_of(self.today(at))
        return names if _covers(self.duty.on(self.today(at)), at) else ()

    def passed(self, since: datetime, until: datetime) -> timedelta:
        """Time in between in which somebody was there."""
        since = max(since, until - LONGEST)
        total = timedelta(0)
        for begin, end in self._staffed(since, until):
            total += max(timedelta(0), min(end, until) - max(begin, since))
        return total

    def _staffed(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        day, last = self.today(since), self.today(until)
        while day <= last:
            yield from _merged([*self._spans(day)])
            day += timedelta(days=1)

    def _spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        if self.is_workday(day):
            yield self.hours.on(day)
        if self._duty_of(day):
            yield self.duty.on(day)

    def _duty_of(self, day: date) -> Collection[str]:
        if "holiday" in self.roster and not self.is_workday(day) and day.weekday() < 5:
            return self.roster["holiday"]
        return self.roster.get(DAYS[day.weekday()], ())


def _covers(span: tuple[datetime, datetime], at: datetime) -> bool:
    return span[0] <= at < span[1]


def _merged(spans: list[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Two spans of a day as one where they overlap."""
    if len(spans) == 2 and spans[0][0] <= spans[1][1] and spans[1][0] <= spans[0][1]:
        yield min(spans[0][0], spans[1][0]), max(spans[0][1], spans[1][1])
    else:
        yield from sorted(spans)
