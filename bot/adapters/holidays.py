"""Which days are worked in China, as the State Council arranges them: holidays, and weekends worked for them."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase


def is_workday(day: date) -> bool:
    """Years that are not arranged yet are reckoned: the holidays themselves, without the weekends worked for them."""
    return _china().is_working_day(day)


@cache
def _china() -> HolidayBase:
    from holidays import country_holidays  # slow to load, and asked for by few

    return country_holidays("CN")
