"""Publish times as sites print them, also 2个月前 (09-21): a moment and how exactly it is known."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_FULL = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})")
_SHORT = re.compile(r"[(（](\d{1,2})-(\d{1,2})[)）]")
_AGO = re.compile(r"(\d+)\s*(秒|分钟|小时|天|周|个月|年)前")
_DAY = re.compile(r"(今天|昨天|前天)\s*(?:(\d{1,2}):(\d{2}))?")
_DAYS_AGO = {"今天": 0, "昨天": 1, "前天": 2}
_UNITS = {
    "秒": (timedelta(seconds=1), "minute"),
    "分钟": (timedelta(minutes=1), "minute"),
    "小时": (timedelta(hours=1), "hour"),
    "天": (timedelta(days=1), "day"),
    "周": (timedelta(weeks=1), "week"),
    "个月": (timedelta(days=30), "month"),
    "年": (timedelta(days=365), "year"),
}


def published(text: str, now: datetime) -> tuple[datetime, str] | None:
    """The time a page shows, and its precision: second, minute, hour, day, week, month or year. None = no time there."""
    if (iso := _ISO.search(text)) and (moment := _with_zone(iso[0])):
        return moment, "second"
    if full := _FULL.search(text):
        return _whole(full)
    if short := _SHORT.search(text):
        return _this_or_last_year(int(short[1]), int(short[2]), now), "day"
    if ago := _AGO.search(text):
        unit, precision = _UNITS[ago[2]]
        return now - int(ago[1]) * unit, precision
    if day := _DAY.search(text):
        return _clock(now - timedelta(days=_DAYS_AGO[day[1]]), day[2], day[3])
    return (now, "minute") if "刚刚" in text else None


def _with_zone(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _clock(day: datetime, hour: str | None, minute: str | None) -> tuple[datetime, str] | None:
    try:
        moment = day.astimezone(SHANGHAI).replace(hour=int(hour or 0), minute=int(minute or 0), second=0, microsecond=0)
    except ValueError:
        return None
    return moment, "minute" if hour else "day"


def _whole(found: re.Match[str]) -> tuple[datetime, str] | None:
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    hour, minute, second = (int(part or 0) for part in (found[4], found[5], found[6]))
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)
    except ValueError:
        return None
    return moment, "second" if found[6] else "minute" if found[4] else "day"


def _this_or_last_year(month: int, day: int, now: datetime) -> datetime:
    """The newest such day that is not in the future; the site rounds 1.6 days to 2, so the year is never printed."""
    today = now.astimezone(SHANGHAI)
    for year in range(today.year, today.year - 5, -1):
        try:
            moment = datetime(year, month, day, tzinfo=SHANGHAI)
        except ValueError:
            continue
        if moment <= today:
            return moment
    return now
