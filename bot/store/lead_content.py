"""What is inside of a lead: values and words of those who made it, sealed at rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.store.secrets import Secrets

PHONE_SLOTS = ("mobile", "landline")
NAME_SLOTS = ("company", "contact")
SEALED = "lead"


@dataclass(frozen=True, slots=True)
class Content:
    """The sealed part: values by slot as in `Reading.values` (bot.understanding.reading), and the follower's own words."""

    slots: Mapping[str, Any]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What a follower gave: the sealed part, and what stands beside it in the open."""

    content: Content
    consents: Mapping[str, Any] = field(default_factory=dict)
    shown: Sequence[int] = ()

    def over(self, older: Given) -> Given:
        """The same follower once more: what was said before stays where nothing is said now."""
        slots = {**older.content.slots, **self.content.slots}
        remarks = tuple(dict.fromkeys([*older.content.remarks, *self.content.remarks]))
        return Given(Content(slots, remarks), {**older.consents, **self.consents}, _each_once(older.shown, self.shown))


def together(given: Sequence[Given]) -> Given:
    """What several followers gave as one, whoever is to be believed first in front: phones of all, else the first value."""
    slots: dict[str, Any] = {}
    consents: dict[str, Any] = {}
    for one in reversed(given):
        slots |= {name: value for name, value in one.content.slots.items() if value or not slots.get(name)}
        consents |= one.consents
    for name in PHONE_SLOTS:
        if numbers := _each_once(*(one.content.slots.get(name) or () for one in given)):
            slots[name] = numbers
    oldest_first = tuple(reversed(given))
    remarks = _each_once(*(one.content.remarks for one in oldest_first))
    return Given(Content(slots, tuple(remarks)), consents, _each_once(*(one.shown for one in oldest_first)))


def seal(secrets: Secrets, content: Content) -> bytes:
    facts = {"slots": dict(content.slots), "remarks": list(content.remarks)}
    return secrets.seal(json.dumps(facts, ensure_ascii=False).encode(), SEALED)


def opened(secrets: Secrets, sealed: bytes) -> Content:
    facts = json.loads(secrets.open(sealed, SEALED))
    return Content(facts["slots"], tuple(facts["remarks"]))


def names(slots: Mapping[str, Any]) -> list[str]:
    return [str(slots[name]) for name in NAME_SLOTS if slots.get(name)]


def phones(slots: Mapping[str, Any]) -> list[str]:
    return [phone for name in PHONE_SLOTS for phone in slots.get(name) or ()]


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the slots whose value is another one."""
    return tuple(name for name in {**before, **after} if before.get(name) != after.get(name))


def _each_once(*several: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(one for some in several for one in some))
