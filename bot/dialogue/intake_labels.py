"""Values of the form as followers read them: 3000–5000㎡, 昆山、太仓, 138 0000 1234."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.dialogue.form import Form, Key, Slot
from bot.dialogue.inquiry import Answer

LONGEST = 40
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
        shown(form, name, answers[name].value, place, longest)
        for name in slot.names
        if name in answers and not answers[name].declined
    ]
    return form.words["comma"].join(dict.fromkeys(parts)) or _declined(form, given[0])


def safe(text: str, longest: int = LONGEST) -> str:
    text = text.translate(_SAFE)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _declined(form: Form, answer: Answer) -> str:
    return safe(answer.raw) if answer.raw else form.words["declined"]


def _worded(form: Form, slot: Slot, key: Key, value: Any, place: Places) -> str:
    match key.kind:
        case "one":
            return _choice(slot, value)
        case "several":
            return form.words["comma"].join(_choice(slot, part) for part in _listed(value))
        case "range":
            return ranged(form, value)
        case "places":
            return form.words["comma"].join(place(str(code)) for code in _listed(value))
        case "phones":
            return form.words["comma"].join(phone(str(number)) for number in _listed(value))
        case "texts":
            return form.words["comma"].join(str(part) for part in _listed(value))
        case "number":
            return f"{_number(value)}{key.unit}"
        case _:
            return str(value) or form.words["none"]


def ranged(form: Form, value: Mapping[str, Any]) -> str:
    """A range with its unit; an open bound is 以上 or 以内, nothing at all is 暂无."""
    low, high = value.get("min"), value.get("max")
    unit = form.units.get(value.get("unit", ""), value.get("unit", ""))
    if low == high:
        return f"{_number(low)}{unit}" if low else form.words["none"]
    pattern = "to" if low is None else "from" if high is None else "between"
    return form.words[pattern].format(low=_number(low), high=_number(high), unit=unit)


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


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
