"""Publish times as sites print them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.adapters.site.dates import published
from tests.site.texts import SHANGHAI
from tests.site.themes import ago

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=SHANGHAI)


def day(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "moment", "precision"),
    [
        ("2026-09-21 18:03:00", day(2026, 9, 21, 18, 3), "second"),
        ("2026年9月21日 18:03", day(2026, 9, 21, 18, 3), "minute"),
        ("发布于 2026/09/21 阅读 3", day(2026, 9, 21), "day"),
        ("2026-09-21T10:03:00Z", day(2026, 9, 21, 18, 3), "second"),
        ("2026-09-21T18:03:00+08:00", day(2026, 9, 21, 18, 3), "second"),
        ("2个月前 (09-21)", day(2026, 9, 21), "day"),
        ("2个月前（09-21）", day(2026, 9, 21), "day"),
        ("11个月前 (12-26)", day(2025, 12, 26), "day"),
        ("1年前 (2025-09-21)", day(2025, 9, 21), "day"),
        ("3周前 (11-04)", day(2026, 11, 4), "day"),
        ("0周前 (11-25)", day(2026, 11, 25), "day"),
        ("9个月前 (02-29)", day(2024, 2, 29), "day"),
        ("2天前", NOW - timedelta(days=2), "day"),
        ("5 小时前", NOW - timedelta(hours=5), "hour"),
        ("刚刚", NOW, "minute"),
        ("昨天 09:30", day(2026, 11, 24, 9, 30), "minute"),
        ("前天", day(2026, 11, 23), "day"),
    ],
)
def test_a_printed_time_is_read(text: str, moment: datetime, precision: str) -> None:
    assert published(text, NOW) == (moment, precision)


@pytest.mark.parametrize("text", ["", "阅读 233", "2026-13-45", "第3期", "400-012-3021", "2026-13-45T99:00:00Z"])
def test_where_no_time_is_none_is_found(text: str) -> None:
    assert published(text, NOW) is None


@pytest.mark.parametrize("hours", [*range(0, 72, 7), *range(72, 24 * 40, 31), *range(24 * 40, 24 * 800, 333)])
def test_rounded_times_are_right_to_a_day(hours: int) -> None:
    posted = NOW - timedelta(hours=hours, minutes=17)
    found = published(ago(posted, NOW), NOW)
    assert found is not None and abs(found[0] - posted) <= timedelta(days=1)
