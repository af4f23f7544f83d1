"""Values of the form as followers read them: 3000–5000㎡, 昆山、太仓, 138 0000 1234."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.dialogue.form import Form, Key, Slot
from bot.dialogue.inquiry import Answer
from bot.understanding.reading import Reading

LONGEST = 40
LARGE = 10_000
_LONG_NUMBER = re.compile(r"\d(?:[\s\-.]?\d){6,}")
_SAFE = str.maketrans({"<": "＜", ">": "＞", "&": "＆", '"': "＂", "\n": " "})
"""The platform reads < as the beginning of a link; a follower's own words must not become one."""

Places = Callable[[str], str]


def shown(form: Form, name: str, value: Any, place: Places, longest: int = LONGEST) -> str:
    """One value as words, without its label."""
    key, slot = form.key(name), form.slot(name)
    if key is None or slot is None:
        return safe(str(value), longest)
    return safe(_worded(form, slot, key, value, place), longest)


def echoed(form: Form, name: str, value: Any, place: Places, longest: int = LONGEST) -> str:
    """One value as its part of the echo line: 层高8米, 租, 预算25元/㎡/月."""
    key, slot = form.key(name), form.slot(name)
    words = shown(form, name, value, place, longest)
    if value == "" and slot is not None:
        return f"{slot.label}{words}"
    return key.shows.replace("{value}", words) if key else words


def slot_shown(form: Form, slot: Slot, answers: Mapping[str, Answer], place: Places, longest: int = LONGEST) -> str:
    """Everything a slot holds, for the card; says so where it is empty or declined."""
    given = [answers[name] for name in slot.names if name in answers]
    if not given:
        return form.words["empty"]
    parts = [
        form.words["same_number"] if is_same_number(answers, name) else shown(form, name, answer.value, place, longest)
        for name in slot.names
        if (answer := answers.get(name)) is not None and not answer.declined
    ]
    return form.words["comma"].join(dict.fromkeys(parts)) or _declined(form, given[0])


def is_same_number(answers: Mapping[str, Answer], name: str) -> bool:
    """A WeChat id that is the mobile number: 微信同号."""
    value, numbers = answers[name].value, answers.get("mobile", Answer()).value or ()
    return isinstance(value, str) and any(str(number).removeprefix("+86") == value for number in numbers)


def safe(text: str, longest: int = LONGEST) -> str:
    text = text.translate(_SAFE)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def redacted(text: str) -> str:
    """Numbers long enough to be a phone or an ID do not belong into a remark."""
    return _LONG_NUMBER.sub("***", unicodedata.normalize("NFKC", text)).strip()


def covered(text: str, reading: Reading, personal: Iterable[str]) -> str:
    """A message without the person in it, for what is kept in the open: names go, and beside a number everything."""
    if redacted(text) != unicodedata.normalize("NFKC", text).strip():
        return "***"
    text = unicodedata.normalize("NFKC", text)
    for name in personal:
        raw = unicodedata.normalize("NFKC", reading.values[name].raw) if name in reading.values else ""
        text = text.replace(raw, "***") if raw else text
    return text.strip()


def said_words(text: str) -> str:
    """A remark worth keeping for staff, or "": a lone digit or sign says nothing."""
    words = redacted(text)
    return words if sum(char.isalpha() for char in words) >= 2 else ""


def _declined(form: Form, answer: Answer) -> str:
    return safe(answer.raw) if answer.raw else form.words["declined"]


def _worded(form: Form, slot: Slot, key: Key, value: Any, place: Places) -> str:
    match key.kind:
        case "one":
            return _choice(slot, value)
        case "several":
            return form.words["comma"].join(_choice(slot, part) for part in listed(value))
        case "range":
            return ranged(form, value)
        case "places":
            return form.words["comma"].join(place(str(code)) for code in listed(value))
        case "phones":
            return form.words["comma"].join(phone(str(number)) for number in listed(value))
        case "texts":
            return form.words["comma"].join(str(part) for part in listed(value))
        case "number":
            return f"{_number(value)}{key.unit}"
        case _:
            return str(value) or form.words["none"]


def ranged(form: Form, value: Mapping[str, Any]) -> str:
    """A range with its unit; an open bound is 以上 or 以内, nothing at all is 暂无."""
    low, high, unit = _readable(form, value)
    if low == high:
        return f"{_number(low)}{unit}" if low else form.words["none"]
    pattern = "to" if low is None else "from" if high is None else "between"
    return form.words[pattern].format(low=_number(low), high=_number(high), unit=unit)


def _readable(form: Form, value: Mapping[str, Any]) -> tuple[Any, Any, str]:
    """Bounds and unit, in the larger unit where both bounds are that large."""
    low, high, unit = value.get("min"), value.get("max"), value.get("unit", "")
    bounds = [bound for bound in (low, high) if bound is not None]
    if unit not in form.larger or not bounds or min(bounds) < LARGE:
        return low, high, form.units.get(unit, unit)
    low, high = (None if bound is None else bound / LARGE for bound in (low, high))
    return low, high, form.larger[unit]


def phone(number: str) -> str:
    """+8613800001234 as 138 0000 1234, +8651257700000 as 0512 5770 0000 would be guesswork: 051257700000."""
    local = number.removeprefix("+86")
    if number.startswith("+86") and len(local) == 11 and local.startswith("1"):
        return f"{local[:3]} {local[3:7]} {local[7:]}"
    return f"0{local}" if number.startswith("+86") and not local.startswith(("400", "800")) else local


def _choice(slot: Slot, value: Any) -> str:
    return next((choice.label for choice in slot.choices if choice.value == value), str(value))


def _number(value: Any) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
