"""Areas: what is wanted, in square metres or mu, not what is rented now."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from bot.understanding.clauses import CURRENT, PAST, PLAIN, REFUSED, REPLACED, WANTED, Scopes
from bot.understanding.numbers import Amount, amounts, bounded, tidy
from bot.understanding.reading import Value
from bot.understanding.text import Sheet

_UNIT = re.compile(
    r"\s?(?:多|来|余)?(?:个)?\s?(?P<unit>平方公里|平方千米|平方米|平方|平米|平(?![湖台均阳江安板度顶谷时价整常台])|㎡|m2|M2|m²|M²|sqm|sq\.?m|square meters?|坪|个平方|方(?![便案向面式法])|亩|公顷|顷)(?:地)?"
)
_FACTORS = {"亩": 1.0, "公顷": 10_000.0, "顷": 66_666.67, "平方公里": 1e6, "平方千米": 1e6}
_NOT_TOTAL = re.compile(
    r"(?:每层|单层面积|层均|每栋|单栋|每间|首层|一层|二层|每亩|绿化|其中|包括|含|带|配)(?:面积)?[^，,。;；\n\d]{0,4}$"
)
_LABEL = re.compile(r"(?:面积|建筑面积|建面|占地|大小|平米数|平方数|体量|规模)[^\d，,。;；\n]{0,6}$")
_CROWD = re.compile(
    r"\s?(?:吨|人|台|套|万?元|块|年|月|号|楼|层|米|kva|千瓦|公里|公斤|度|天|%|个月|小时|辆|家|位|件|栋|期|区)", re.I
)
_BARE_TAIL = re.compile(r"^\s*(?:左右|上下|以上|以内|吧|就行|就够|的|样子|够了|可以|都行|差不多)*")

SMALLEST, LARGEST = {"m2": 20, "mu": 0.5}, {"m2": 2_000_000, "mu": 5_000}


@dataclass(frozen=True, slots=True)
class _Area:
    amount: Amount
    unit: str
    role: str
    start: int
    end: int
    part: bool


def read(sheet: Sheet, scopes: Scopes, asked: str | None) -> tuple[Value | None, str]:
    """The wanted area and what is wrong with it ("" = nothing)."""
    every = _all(sheet, scopes)
    sheet.take_all([(area.start, area.end) for area in every])
    wanted = _wanted(every)
    if wanted is None and not every:
        wanted = _unlabelled(sheet, scopes, asked)
    if wanted is None:
        return None, ""
    return _value(sheet, wanted), _problem(wanted)


def _all(sheet: Sheet, scopes: Scopes) -> list[_Area]:
    found: list[_Area] = []
    text = sheet.left
    for amount in amounts(text):
        match = _UNIT.match(text, amount.end)
        if match is None:
            if found and (second := _second_bound(text, scopes, found[-1], amount)):
                found.append(second)
            continue
        if _is_price_unit(scopes.text, amount):
            continue
        size = _open_top(amount, match)
        found.append(_area(text, scopes, bounded(text, size, match.end()), match["unit"]))
    return _merged(_freed(scopes, found))


def _is_price_unit(text: str, amount: Amount) -> bool:
    """20万一亩, 一亩地二十来万: one unit of land with a price is no area."""
    if amount.low != 1 or amount.high != 1:
        return False
    before, after = text[max(0, amount.start - 3) : amount.start], text[amount.end : amount.end + 8]
    return bool(
        re.search(r"[万元块毛wW亿/\d]\s?$", before)
        or re.search(r"[\d一二两三四五六七八九十]\s?[来多]?[万千百块元]", after)
    )


def _second_bound(text: str, scopes: Scopes, first: _Area, amount: Amount) -> _Area | None:
    """三千多平，不超过四千: the unit need not be said twice."""
    sized = bounded(text, amount, amount.end)
    half_open = (sized.low is None) != (sized.high is None)
    if not half_open or sized.start - first.end > 4 or _CROWD.match(text, sized.end):
        return None
    return _Area(sized, first.unit, scopes.role(amount.start), sized.start, sized.end, False)


def _open_top(amount: Amount, unit: re.Match[str]) -> Amount:
    more = re.search(r"多|余", unit[0].split(unit["unit"])[0])
    return Amount(amount.low, None, amount.start, amount.end, amount.scaled) if more else amount


def _area(text: str, scopes: Scopes, amount: Amount, unit: str) -> _Area:
    part = bool(_NOT_TOTAL.search(text[max(0, amount.start - 10) : amount.start]))
    factor = _FACTORS.get(unit, 1.0)
    sized = amount.times(factor) if unit != "亩" else amount
    role = REFUSED if _REFUSED_AFTER.match(text, amount.end) else scopes.role(amount.start)
    return _Area(sized, "mu" if unit == "亩" else "m2", role, amount.start, amount.end, part)


_REFUSED_AFTER = re.compile(r"(?:的)?(?:就|都|我|我们)?(?:不看|不要(?!求)|不考虑|免谈|不行)")


def _freed(scopes: Scopes, areas: list[_Area]) -> list[_Area]:
    """现在用2000平，要5000平: once the present area was said, what is said next to it is not present too."""
    told = any(area.role in (CURRENT, PAST) and not scopes.at(area.start).carried for area in areas)
    return [replace(area, role=PLAIN) if told and scopes.at(area.start).carried else area for area in areas]


def _merged(areas: list[_Area]) -> list[_Area]:
    """三千多平，不超过四千平: a second bound completes the first."""
    merged: list[_Area] = []
    for area in areas:
        last = merged[-1] if merged else None
        if last and _completes(last, area):
            low = last.amount.low if last.amount.low is not None else area.amount.low
            high = last.amount.high if last.amount.high is not None else area.amount.high
            amount = Amount(low, high, last.start, area.end)
            merged[-1] = _Area(amount, last.unit, last.role, last.start, area.end, last.part)
        else:
            merged.append(area)
    return merged


def _completes(first: _Area, second: _Area) -> bool:
    if first.unit != second.unit or second.start - first.end > 6:
        return False
    a, b = first.amount, second.amount
    return (a.high is None and b.low is None and (a.low or 0) < (b.high or 0)) or (
        a.low is None and b.high is None and (b.low or 0) < (a.high or 0)
    )


def _wanted(every: list[_Area]) -> _Area | None:
    """The last one that is wanted by words, else the first that nothing speaks against."""
    fit = [area for area in every if area.role not in (CURRENT, PAST, REFUSED, REPLACED)]
    whole = [area for area in fit if not area.part] or fit
    by_words = [area for area in whole if area.role == WANTED]
    return by_words[0] if by_words else whole[0] if whole else None


_YEAR = re.compile(r"20[2-4]\d")
_ALONE_BEFORE = re.compile(r"(?:^|[\s，,。;；\x00])(?:大概|大约|约|差不多|要|需要)?$")
_ALONE_AFTER = re.compile(r"(?:左右|上下|以内|以上|以下)?(?:$|[\s，,。;；\x00])")


def _stands_alone(text: str, amount: Amount) -> bool:
    words = text[amount.start : amount.end].rstrip()
    before = _ALONE_BEFORE.search(text[max(0, amount.start - 6) : amount.start])
    return bool(before and _ALONE_AFTER.match(text, amount.start + len(words)) and not _YEAR.fullmatch(words))


def _unlabelled(sheet: Sheet, scopes: Scopes, asked: str | None) -> _Area | None:
    """面积改成8000, a bare number when the area was asked, and one that stands alone beside 厂房."""
    text = sheet.left
    has_asset = bool(re.search(r"厂房|仓库|车间|办公", text))
    found: list[_Area] = []
    for amount in amounts(text):
        labelled = _LABEL.search(text[max(0, amount.start - 12) : amount.start]) or (
            has_asset and _stands_alone(text, amount)
        )
        if (asked != "area" and not labelled) or _CROWD.match(text, amount.end):
            continue
        sized = bounded(text, amount, amount.end)
        if asked != "area" and not 100 <= (sized.high or sized.low or 0) <= 200_000:
            continue
        found.append(_Area(sized, "m2", scopes.role(amount.start), sized.start, sized.end, False))
    merged = _merged(found)
    wanted = _wanted(merged)
    if wanted:
        sheet.take((wanted.start, wanted.end))
    return wanted


def _value(sheet: Sheet, area: _Area) -> Value:
    low, high = tidy(area.amount.low), tidy(area.amount.high)
    raw = sheet.said[area.start : area.end].strip()
    doubtful = bool(_problem(area))
    return Value({"min": low, "max": high, "unit": area.unit}, raw, 0.3 if doubtful else 1.0)


def _problem(area: _Area) -> str:
    bounds: list[Any] = [bound for bound in (area.amount.low, area.amount.high) if bound is not None]
    if not bounds:
        return ""
    if max(bounds) < SMALLEST[area.unit]:
        return "too_small"
    return "too_big" if min(bounds) > LARGEST[area.unit] else ""
