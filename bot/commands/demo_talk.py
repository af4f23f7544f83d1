"""What an invented prospect and the bot said to each other, filled in from the lead that came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Any

from bot.dialogue.effects import LeadSubmitted
from bot.dialogue.masking import masked_phone

_APART = re.compile(r"[：:，,？?！!—]")
_INSTEAD = {"use": "remark"}
"""Who says more about something says it in the same breath, and not a second time."""


def spoken(
    facts: Mapping[str, Any], lead: LeadSubmitted, titles: Sequence[str], place: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Who said what, in order: the lines of `talk` in config/demo.toml for which the lead has everything."""
    values = {name: value for name, value in _values(facts["words"], lead, titles, place).items() if value}
    told = []
    for who, line in facts["talk"]:
        names = [name for _, name, _, _ in Formatter().parse(line) if name]
        if all(name in values for name in names) and not _is_said_fuller(names, values):
            told.append((who, line.format(**values)))
    return told


def _is_said_fuller(names: Sequence[str], values: Mapping[str, str]) -> bool:
    return len(names) == 1 and _INSTEAD.get(names[0], "") in values


def _values(
    words: Mapping[str, str], lead: LeadSubmitted, titles: Sequence[str], place: Callable[[str], str]
) -> dict[str, str]:
    slots = lead.slots
    tax, area = slots.get("tax") or {}, slots.get("area") or {}
    return {
        "number": lead.number,
        "deal": words.get(slots.get("deal", ""), ""),
        "asset": "".join(words.get(one, one) for one in slots.get("asset", ())),
        "area": words["m2"].format(n=area["min"]) if area else "",
        "place": "".join(place(code) for code in slots.get("region", ())[:1]),
        "use": str(slots.get("use", "")),
        "remark": lead.remarks[0] if lead.remarks else "",
        "tax": words["wan"].format(n=tax["min"]) if tax else "",
        "company": str(slots.get("company", "")),
        "contact": str(slots.get("contact", "")),
        "phone": masked_phone(slots["mobile"][0]) if slots.get("mobile") else "",
        "question": _APART.split(titles[0])[0][:14] if len(titles) > 1 else "",
        "first": titles[0] if titles else "",
        "second": titles[1] if len(titles) > 1 else "",
    }
