"""What one reading changes in an inquiry: writes what is sure, asks about what is not, never overwrites unasked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bot.dialogue.form import Form, Key, Slot
from bot.dialogue.inquiry import Answer, Doubt, Inquiry
from bot.dialogue.intake_labels import listed, safe, shown
from bot.dialogue.lookups import Lookups
from bot.dialogue.wording import plain
from bot.understanding.reading import SURE, Reading, Value

MOST_CHOICES = 8
LONGEST_RAW = LONGEST_TEXT = 60
LONGEST_LIST = 20


@dataclass(frozen=True, slots=True)
class Filled:
    """The inquiry afterwards, the keys written, what was taken out (as words), and the closed questions to ask."""

    inquiry: Inquiry
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.changed or self.removed or self.doubts)


@dataclass(frozen=True, slots=True)
class _Taken:
    """One value on its way in: what there was before, and what the message allows to be done with it."""

    name: str
    value: Value
    old: Answer | None
    key: str
    cued: bool
    grows: bool


def fill(inquiry: Inquiry, reading: Reading, cued: frozenset[str], key: str, lookups: Lookups) -> Filled:
    """Take over everything a message says. `cued`: slots that may be replaced; `key`: the message's key."""
    filled = _take_out(Filled(inquiry), reading, lookups)
    for name, value in reading.values.items():
        if lookups.form.key(name) is not None and not _only_a_unit(name, value, reading, inquiry):
            filled = _take(filled, name, value, reading, cued, key, lookups)
    doubts = _merged(filled.doubts, lookups)
    return filled if doubts is filled.doubts else replace(filled, doubts=doubts)


def cued_slots(text: str, reading: Reading, asked: Slot | None, form: Form) -> frozenset[str]:
    """Slots whose old value may go: the one asked, and on a correction those it names, or all it gives a value for.

    地方改一下，改成湖州 is about the place, whatever else was read into it.
    """
    own = frozenset({asked.name} if asked else ())
    if not reading.corrects:
        return own
    given = frozenset(slot.name for name in reading.values if (slot := form.slot(name)))
    return own | (given & form.named_in(text) or given)


def write(inquiry: Inquiry, name: str, answer: Answer, lookups: Lookups, keep: Iterable[str] = ()) -> Inquiry:
    """Put an answer in its place; where a slot is exclusive its other keys make room, except those in `keep`."""
    slot: Slot = lookups.form.slot(name)
    if not slot.exclusive and not _is_declined(inquiry, slot):
        return inquiry.with_answer(name, answer)
    others = [other for other in slot.names if other != name and other not in keep]
    return inquiry.without(others).with_answer(name, answer)


def grown(old: Any, new: Any) -> list[Any]:
    return list(dict.fromkeys([*listed(old), *listed(new)]))[:LONGEST_LIST] if old else listed(new)[:LONGEST_LIST]


def _take_out(filled: Filled, reading: Reading, lookups: Lookups) -> Filled:
    for name, gone in reading.removes.items():
        old = filled.inquiry.answers.get(name)
        if old is None or not isinstance(old.value, list):
            continue
        hit = [value for value in old.value if value in gone]
        if hit:
            filled = _shrunk(filled, name, old, hit, lookups)
    return filled


def _shrunk(filled: Filled, name: str, old: Answer, hit: list[Any], lookups: Lookups) -> Filled:
    left = [value for value in old.value if value not in hit]
    inquiry = filled.inquiry
    after = inquiry.with_answer(name, replace(old, value=left)) if left else inquiry.without([name])
    words = shown(lookups.form, name, hit, lookups.place)
    return replace(filled, inquiry=after, removed=(*filled.removed, words))


def _only_a_unit(name: str, value: Value, reading: Reading, inquiry: Inquiry) -> bool:
    """亩 alone implies land, but it does not contradict the factory that was asked for."""
    area = reading.values.get("area")
    by_unit = name == "asset" and value.value == ["land"] and area is not None and area.value.get("unit") == "mu"
    return by_unit and "asset" in inquiry.answers and "地" not in value.raw.replace("占地", "")


def _take(
    filled: Filled, name: str, value: Value, reading: Reading, cued: frozenset[str], key: str, lookups: Lookups
) -> Filled:
    slot: Slot = lookups.form.slot(name)
    taken = _Taken(
        name,
        value,
        filled.inquiry.answers.get(name),
        key,
        cued=slot.name in cued,
        grows=name in reading.adds or name in reading.removes,
    )
    match _verdict(lookups.form.key(name), taken):
        case "same":
            return filled
        case "doubt":
            return _doubted(filled, taken, lookups)
        case "change":
            return replace(filled, doubts=(*filled.doubts, change(name, value, taken.old, key, lookups)))
        case "grow":
            more = grown(taken.old and taken.old.value, value.value)
            return _written(filled, taken, more, lookups, slot.names)
        case _:
            return _written(filled, taken, value.value, lookups, (*reading.values, *_siblings_kept(slot, reading)))


def _verdict(spec: Key, taken: _Taken) -> str:
    """same, doubt, change (ask first), grow or write."""
    old, value = taken.old, taken.value
    if value.choices or value.confidence < SURE:
        meant = [choice for _, choice in value.choices] or [value.value]
        known = old is not None and any(_same(spec, old.value, one) for one in meant)
        return "same" if known else "doubt"
    if old is None or old.declined:
        return "write"
    if spec.name == "negation" or (taken.grows and spec.is_list):
        return "same" if _within(old.value, value.value) else "grow"
    if old.value == value.value or (not taken.cued and _same(spec, old.value, value.value)):
        return "same"
    return "write" if taken.cued else "change"


def _same(spec: Key, old: Any, new: Any) -> bool:
    """The new value says nothing that the old one does not."""
    if old is None or new is None:
        return False
    if spec.is_list:
        return _within(old, new)
    if spec.kind == "text" and old and new:
        first, second = plain(str(old)), plain(str(new))
        return first in second or second in first
    return bool(old == new)


def _within(old: Any, new: Any) -> bool:
    return set(listed(new)) <= set(listed(old))


def _siblings_kept(slot: Slot, reading: Reading) -> tuple[str, ...]:
    return slot.names if slot.names and any(name in reading.adds for name in slot.names) else ()


def _written(filled: Filled, taken: _Taken, value: Any, lookups: Lookups, keep: Iterable[str]) -> Filled:
    value = value[:LONGEST_TEXT] if isinstance(value, str) else value
    answer = Answer(value, taken.value.raw[:LONGEST_RAW], taken.key, round(taken.value.confidence, 2))
    inquiry = write(filled.inquiry, taken.name, answer, lookups, keep)
    return replace(filled, inquiry=inquiry, changed=(*filled.changed, taken.name))


def _doubted(filled: Filled, taken: _Taken, lookups: Lookups) -> Filled:
    """Write the sure part of a list; ask about the rest. What is never asked is not worth a question."""
    slot: Slot = lookups.form.slot(taken.name)
    sure = _sure_part(taken.value)
    if not slot.asked:
        return filled
    if sure and taken.old is None:
        filled = _written(filled, taken, sure, lookups, slot.names)
        taken = replace(taken, old=filled.inquiry.answers[taken.name], grows=True)
    return replace(filled, doubts=(*filled.doubts, _doubt(taken, lookups)))


def _doubt(taken: _Taken, lookups: Lookups) -> Doubt:
    if taken.value.choices:
        return _which(taken, lookups)
    if taken.old is not None and not taken.old.declined and not taken.cued:
        return change(taken.name, taken.value, taken.old, taken.key, lookups)
    return _really(taken, lookups)


def _sure_part(value: Value) -> list[Any]:
    """The places of a list that were clear although another was not (昆山或者鼓楼)."""
    if not value.choices or not isinstance(value.value, list):
        return []
    open_ones = [choice for _, choices in value.choices for choice in listed(choices)]
    return [part for part in value.value if part not in open_ones]


def _which(taken: _Taken, lookups: Lookups) -> Doubt:
    spec: Key = lookups.form.key(taken.name)
    options = [(safe(label), _fitting(spec, choice)) for label, choice in taken.value.choices[:MOST_CHOICES]]
    none = (lookups.say("intake.which_none"), None)
    raw, grows = safe(taken.value.raw), spec.is_list and taken.grows
    return Doubt("which", taken.name, (*options, none), raw, taken.key, grows=grows, cued=taken.cued)


def _really(taken: _Taken, lookups: Lookups) -> Doubt:
    words = shown(lookups.form, taken.name, taken.value.value, lookups.place)
    yes = (lookups.say("intake.really_yes", value=words), taken.value.value)
    no = (lookups.say("intake.really_no"), None)
    return Doubt("really", taken.name, (yes, no), safe(taken.value.raw), taken.key, cued=taken.cued)


def change(name: str, value: Value, old: Answer | None, key: str, lookups: Lookups) -> Doubt:
    """改成 the new one, both where it is a list, or not at all."""
    spec: Key = lookups.form.key(name)
    before = old.value if old else None
    new_words = shown(lookups.form, spec.name, value.value, lookups.place)
    old_words = shown(lookups.form, spec.name, before, lookups.place)
    options = [(lookups.say("intake.change_yes", new=new_words), value.value)]
    if spec.is_list:
        both = grown(before, value.value)
        words = shown(lookups.form, spec.name, both, lookups.place)
        options.append((lookups.say("intake.change_both", both=words), both))
    options.append((lookups.say("intake.change_no", old=old_words), None))
    return Doubt("change", spec.name, tuple(options), safe(value.raw), key)


def _merged(doubts: tuple[Doubt, ...], lookups: Lookups) -> tuple[Doubt, ...]:
    """Several filled slots contradicted at once are one question, not a questionnaire."""
    changes = [doubt for doubt in doubts if doubt.about == "change"]
    if len(changes) < 2:
        return doubts
    everything = {doubt.slot: [doubt.options[0][1], doubt.raw] for doubt in changes}
    options = ((lookups.say("intake.changes_yes"), everything), (lookups.say("intake.changes_no"), None))
    others = tuple(doubt for doubt in doubts if doubt.about != "change")
    return (Doubt("changes", "", options, key=changes[0].key), *others)


def _fitting(spec: Key, value: Any) -> Any:
    return listed(value) if spec.is_list else value


def _is_declined(inquiry: Inquiry, slot: Slot) -> bool:
    """A value given after all takes the place of the refusal."""
    return any(name in inquiry.answers and inquiry.answers[name].declined for name in slot.names)
