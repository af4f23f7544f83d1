"""Which days are worked in China, as the State Council arranges them: holidays, and weekends worked for them."""

from __future__ import annotations

from datetime import date
from functools import cache

from holidays import HolidayBase, country_holidays


def is_workday(day: date) -> bool:
    """Years that are not arranged yet are reckoned: the holidays themselves, without the weekends worked for them."""
    return _china().is_working_day(day)


@cache
def _china() -> HolidayBase:
    return country_holidays("CN")
