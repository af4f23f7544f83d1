"""Time words at the edge of a message (最近, 上个月, 9月): the days they mean, and the message without them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.dialogue.worktime import SHANGHAI

LATELY = 60
"""Days that 最近 reaches back."""

_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2, "十": 10, "半": 0}
_NUMBER = r"[0-9]{1,3}|[一二两三四五六七八九十]{1,3}"
_UNIT_DAYS = {"天": 1, "日": 1, "周": 7, "月": 30, "个月": 30, "年": 365} | dict.fromkeys(
    ("星期", "个星期", "礼拜", "个礼拜"), 7
)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` on and before `end`, both with zone. `words` is how the follower said it."""

    start: datetime
    end: datetime
    words: str


Days = tuple[date, date]
Meaning = Callable[[re.Match[str], date], Days | None]


def taken_out(text: str, now: datetime) -> tuple[Period | None, str]:
    """The period a plain text begins or ends with, and the rest of it."""
    today = now.astimezone(SHANGHAI).date()
    for pattern, meaning in _RULES:
        for edge in (pattern.match(text), _at_end(pattern, text)):
            days = meaning(edge, today) if edge else None
            if edge and days:
                return _period(days, edge[0]), (text[: edge.start()] + text[edge.end() :]).strip(" 的,，、")
    return None, text


def _at_end(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next((found for found in pattern.finditer(text) if found.end() == len(text)), None)


def _period(days: Days, words: str) -> Period:
    start, end = (datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) for day in days)
    return Period(start, end, words)


def _back(days: int) -> Meaning:
    return lambda _, today: (today - timedelta(days - 1), today + timedelta(1))


def _one_day(ago: int) -> Meaning:
    return lambda _, today: (today - timedelta(ago), today - timedelta(ago - 1))


def _week(ago: int) -> Meaning:
    def days(_: re.Match[str], today: date) -> Days:
        monday = today - timedelta(today.weekday() + 7 * ago)
        return monday, monday + timedelta(7)

    return days


def _months_ago(ago: int) -> Meaning:
    return lambda _, today: _month(today.year, today.month - ago)


def _years_ago(ago: int) -> Meaning:
    return lambda _, today: (date(today.year - ago, 1, 1), date(today.year - ago + 1, 1, 1))


def _month(year: int, month: int) -> Days:
    """Months before January are those of the year before."""
    first = date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    return first, (first + timedelta(31)).replace(day=1)


def _named_month(found: re.Match[str], today: date) -> Days | None:
    """9月 is the last September that has begun; 去年9月 and 2025年9月 say which."""
    month = number(found["month"])
    if not 1 <= month <= 12:
        return None
    said = found["year"] or ""
    if said.startswith("去"):
        return _month(today.year - 1, month)
    if said[:2].isdigit():
        return _month(int(said[:4]), month)
    return _month(today.year if month <= today.month else today.year - 1, month)


def _past(found: re.Match[str], today: date) -> Days:
    count = max(number(found["count"] or "一"), 1)
    days = count * _UNIT_DAYS[found["unit"]]
    return today - timedelta(days - 1), today + timedelta(1)


def _year(found: re.Match[str], _: date) -> Days:
    return date(int(found["year"]), 1, 1), date(int(found["year"]) + 1, 1, 1)


def number(said: str) -> int:
    """12, 十二, 二十, 两."""
    if said.isdigit():
        return int(said)
    tens, ten, ones = said.rpartition("十")
    if ten:
        return (_DIGITS.get(tens, 1) if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    return _DIGITS.get(said, 0)


def _rule(pattern: str, meaning: Meaning) -> tuple[re.Pattern[str], Meaning]:
    return re.compile(pattern + r"(?:以来|以内|之内|内|里|份|发布|发|出)?的?"), meaning


_WEEK = r"(?:个?(?:星期|礼拜)|周)"
_RULES: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    _rule(rf"(?:最近|近|过去|前)(?:的)?(?P<count>{_NUMBER})(?P<unit>个月|天|日|周|星期|个星期|礼拜|个礼拜|年)", _past),
    _rule(
        r"(?P<year>今年|去年|20\d\d年)?(?<![\d~～至到-])(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?!\d)",
        _named_month,
    ),
    _rule(r"(?:最近|近)?半年", _back(183)),
    _rule(r"(?:最近|近)(?:这)?(?:几天|两天|些天|些日子)|这(?:几|两)天", _back(7)),
    _rule(r"(?:最近|近)一?周|一周内", _back(7)),
    _rule(r"(?:最近|近)(?:一个)?月", _back(30)),
    _rule(r"今天|今日", _one_day(0)),
    _rule(r"昨天|昨日", _one_day(1)),
    _rule(r"前天", _one_day(2)),
    _rule(rf"(?:本|这|这一){_WEEK}", _week(0)),
    _rule(rf"上一?{_WEEK}", _week(1)),
    _rule(r"(?:本|这个|这)月", _months_ago(0)),
    _rule(r"上个?月", _months_ago(1)),
    _rule(r"今年|本年度?", _years_ago(0)),
    _rule(r"去年", _years_ago(1)),
    _rule(r"(?P<year>20\d\d)年(?=的|$)", _year),
    _rule(r"最近|近期|近来|近日|新近", _back(LATELY)),
)
