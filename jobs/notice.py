"""Writes what staff read in their groups: short, masked, with a link to the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

MU = 666.6667
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)")
_LONG_NUMBER = re.compile(r"\d(?=\d{4})(?<=\d{3})")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice is about; the writer decides what of it may be seen."""

    kind: str
    number: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    scene: str = ""
    owner: str = ""
    read: tuple[int, ...] = ()
    changed: tuple[str, ...] = ()
    words: str = ""
    note: str = ""
    again: bool = False


@dataclass(frozen=True)
class Writer:
    """texts: config/staff.toml. place: the name of an adcode. titles: those of articles by id."""

    texts: Mapping[str, Any]
    public_url: str
    place: Callable[[str], str] = str
    titles: Callable[[tuple[int, ...]], Sequence[str]] = lambda _: ()

    def __call__(self, facts: Facts) -> str:
        values = {**self._plain(facts), **self._wanted(facts.slots), **self._scored(facts.slots)}
        lines = [_filled(line, values) for line in self.texts["notice"][facts.kind]]
        text = "\n".join(line for line in lines if line)
        return f"{text}{self._word('again')}" if facts.again else text

    def _plain(self, facts: Facts) -> dict[str, str]:
        return {
            "number": facts.number,
            "scene": facts.scene,
            "owner": facts.owner,
            "note": facts.note,
            "words": masked_text(facts.words)[:200],
            "read": self._joined(self.titles(facts.read[-3:])) if facts.read else "",
            "changed": self._joined(self.texts["slots"].get(name, name) for name in facts.changed),
            "link": f"{self.public_url}/staff/leads/{facts.number}" if facts.number and self.public_url else "",
        }

    def _wanted(self, slots: Mapping[str, Any]) -> dict[str, str]:
        kinds = [slots.get("deal"), *(slots.get("asset") or ())]
        places = [self._places(one) for one in slots.get("region") or ()] + list(slots.get("zone") or ())
        return {
            "need": " ".join(self._word(kind) for kind in kinds if kind),
            "area": self._range(slots.get("area")),
            "tax": self._range(slots.get("tax")),
            "place": self._joined(places),
            "use": str(slots.get("use") or "").replace("|", "/"),
            "contact": masked_name(str(slots.get("contact") or "")),
            "phone": self._joined(
                masked_phone(one) for one in (*(slots.get("mobile") or ()), *(slots.get("landline") or ()))
            ),
        }

    def _scored(self, slots: Mapping[str, Any]) -> dict[str, str]:
        rules = [rule for rule in self.texts["score"]["rules"] if applies(rule, slots)]
        score = min(100, sum(rule["points"] for rule in rules))
        grade = next((grade for grade in ("A", "B") if score >= self.texts["score"][grade]), "C")
        reasons = self._joined(f"{rule['reason']}+{rule['points']}" for rule in rules)
        return {"score": str(score), "grade": grade, "reasons": reasons}

    def _places(self, adcodes: str) -> str:
        return "/".join(self.place(adcode) for adcode in adcodes.split("|"))

    def _range(self, value: Mapping[str, Any] | None) -> str:
        if not value:
            return ""
        if not (value.get("min") or value.get("max")):
            return self._word("none")
        low, high, unit = value.get("min"), value.get("max"), self._word(str(value.get("unit", "")))
        if low is not None and high is not None:
            return f"{low:.9g}{unit}" if low == high else f"{low:.9g}–{high:.9g}{unit}"
        word, bound = (self._word("more"), low) if low is not None else (self._word("less"), high)
        return f"{bound:.9g}{unit}{word}" if bound is not None else ""

    def _word(self, name: str) -> str:
        return str(self.texts["words"].get(name, name))

    def _joined(self, parts: Iterable[str]) -> str:
        return self._word("separator").join(parts)


def applies(rule: Mapping[str, Any], slots: Mapping[str, Any]) -> bool:
    """Whether a scoring rule of config/staff.toml holds for these values."""
    value = slots.get(rule["slot"])
    if not value:
        return False
    if "at_least" in rule:
        return _reaches(value, rule)
    if "one_of" in rule:
        return bool(set(rule["one_of"]) & set(value if isinstance(value, list) else [value]))
    return True


def masked_phone(phone: str) -> str:
    """138****5678; of other numbers the last four digits stay."""
    if found := _MOBILE.fullmatch(phone):
        return f"{found[1]}****{found[3]}"
    return f"****{phone[-4:]}" if len(phone) > 4 else "****"


def masked_name(name: str) -> str:
    """A family name with a title (two characters) stays; of longer names the first character does."""
    return name if len(name) <= 2 else name[0] + "**"


def masked_text(text: str) -> str:
    """Free words with every phone and other long number covered."""
    return _LONG_NUMBER.sub("*", _MOBILE.sub(r"\1****\3", text))


def _reaches(value: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    unit = value.get("unit")
    if "unit" in rule and unit != rule["unit"]:
        return False
    bound = value.get("min") if value.get("min") is not None else value.get("max")
    return bound is not None and bool(bound * (MU if unit == "mu" else 1) >= rule["at_least"])


def _filled(line: str, values: Mapping[str, str]) -> str:
    """The line with its values; a line all whose values are empty is left out."""
    names = [name for _, name, _, _ in Formatter().parse(line) if name]
    if names and not any(values[name] for name in names):
        return ""
    return line.format_map(values).rstrip()
