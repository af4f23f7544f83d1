"""Writes what staff read in their groups: short, masked, with a link to the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from bot.dialogue.masking import masked_name, masked_phone, masked_text
from bot.dialogue.scoring import score


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notice is about; the writer decides what of it may be seen.

    asked: what the follower wanted to read about, oldest first. path: the page of the desk that it leads to.
    figures: further values by name. together: the notices that share this message.
    """

    kind: str
    number: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    scene: str = ""
    owner: str = ""
    read: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    changed: tuple[str, ...] = ()
    words: str = ""
    note: str = ""
    again: bool = False
    asked: tuple[str, ...] = ()
    path: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    together: tuple[Facts, ...] = ()


@dataclass(frozen=True)
class Writer:
    """texts: config/staff.toml. place: the name of an adcode. titles: those of articles by id."""

    texts: Mapping[str, Any]
    public_url: str
    place: Callable[[str], str] = str
    titles: Callable[[tuple[int, ...]], Sequence[str]] = lambda _: ()

    def __call__(self, facts: Facts) -> str:
        values = self._values(facts)
        lines = [_filled(line, values) for line in self.texts["notice"][facts.kind]]
        (each,) = self.texts["notice"]["each"]
        lines[1:1] = [_filled(each, self._values(one)) for one in facts.together]
        text = "\n".join(line for line in lines if line)
        return f"{text}{self._word('again')}" if facts.again else text

    def _values(self, facts: Facts) -> dict[str, str]:
        plain, wanted, scored = self._plain(facts), self._wanted(facts.slots), self._scored(facts.slots)
        return {**plain, **wanted, **scored, **facts.figures}

    def _plain(self, facts: Facts) -> dict[str, str]:
        return {
            "number": facts.number,
            "scene": facts.scene,
            "owner": facts.owner,
            "note": facts.note,
            "words": masked_text(facts.words)[:200],
            "read": self._joined(self.titles(facts.read[-3:])) if facts.read else "",
            "shown": self._joined(self.titles(facts.shown[-3:])) if facts.shown and not facts.read else "",
            "changed": self._joined(self.texts["slots"].get(name, name) for name in facts.changed),
            "what": self._word(facts.kind),
            "asked": self._joined(masked_text(text)[:40] for text in facts.asked[-3:]),
            "count": str(len(facts.together) or ""),
            "link": f"{self.public_url}/staff{facts.path}" if facts.path and self.public_url else "",
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
        found = score(self.texts["score"], slots)
        reasons = self._joined(f"{reason}+{points}" for reason, points in found.reasons)
        return {"score": str(found.points), "grade": found.grade, "reasons": reasons}

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


def _filled(line: str, values: Mapping[str, str]) -> str:
    """The line with its values; a line all whose values are empty is left out."""
    names = [name for _, name, _, _ in Formatter().parse(line) if name]
    if names and not any(values.get(name) for name in names):
        return ""
    return line.format_map(defaultdict(str, values)).rstrip()
