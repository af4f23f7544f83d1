"""Working time in China: hours, holidays, weekends that are worked, and the duty roster."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from bot.adapters.holidays import is_workday
from bot.dialogue.worktime import SHANGHAI, Span, Worktime

HOURS, DUTY = Span(time(8, 30), time(18)), Span(time(8), time(22))
PLAIN = Worktime(HOURS, DUTY, is_workday=is_workday)
WITH_DUTY = Worktime(HOURS, DUTY, {"sat": ("zhao",), "holiday": ("wang",), "wed": ("li",)}, is_workday)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2026-11-25", True),
        ("2026-11-28", False),
        ("2026-10-01", False),
        ("2026-10-10", True),  # a Saturday worked for the holiday
        ("2026-02-17", False),
        ("2027-10-01", False),  # not arranged yet, reckoned
    ],
)
def test_holidays_are_those_of_china(day: str, worked: bool) -> None:
    assert is_workday(date.fromisoformat(day)) is worked


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2026-11-25 09:00", "2026-11-25 09:07", 7),
        ("2026-11-25 17:50", "2026-11-26 08:40", 20),
        ("2026-11-27 17:59", "2026-11-30 08:31", 2),  # over a weekend
        ("2026-09-30 17:55", "2026-10-08 08:35", 10),  # over the national holiday
        ("2026-11-25 20:00", "2026-11-25 23:00", 0),
        ("2026-11-25 09:00", "2026-11-25 08:00", 0),
    ],
)
def test_only_time_in_which_somebody_is_there_passes(since: str, until: str, minutes: int) -> None:
    assert PLAIN.passed(at(since), at(until)) == timedelta(minutes=minutes)


def test_duty_counts_like_working_time_and_not_twice() -> None:
    assert WITH_DUTY.passed(at("2026-11-28 21:50"), at("2026-11-28 23:00")) == timedelta(minutes=10)
    assert WITH_DUTY.passed(at("2026-11-25 08:00"), at("2026-11-25 22:00")) == timedelta(hours=14)


def test_who_is_on_duty() -> None:
    assert WITH_DUTY.on_duty(at("2026-11-25 10:00")) == ()
    assert WITH_DUTY.on_duty(at("2026-11-25 19:00")) == ("li",)
    assert WITH_DUTY.on_duty(at("2026-11-25 23:00")) == ()
    assert WITH_DUTY.on_duty(at("2026-11-28 10:00")) == ("zhao",)
    assert WITH_DUTY.on_duty(at("2026-10-01 10:00")) == ("wang",)
    assert WITH_DUTY.on_duty(at("2026-11-29 10:00")) == ()


def test_a_day_that_is_none_is_named() -> None:
    span = {"begin": "08:00", "end": "18:00"}
    with pytest.raises(ValueError, match="someday"):
        Worktime.from_toml({"hours": span, "duty": {**span, "roster": {"someday": ["li"]}}}, is_workday)
