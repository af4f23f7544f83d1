"""The inquiry's form as data: its slots, their questions, order and words, made from config/intake.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from bot.dialogue.inquiry import Answer
from bot.dialogue.wording import first_fitting, plain

_CLAUSES = re.compile(r"[\s,，。;；、!！]+")

KINDS = ("one", "several", "range", "places", "texts", "phones", "number", "text")
LISTS = ("several", "places", "texts", "phones")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the fixed answers of a slot; `words` are other ways to say it as a whole message.

    hidden: understood, but not offered (没有 for the tax is a value, not a failure).
    """

    value: Any
    label: str
    words: frozenset[str] = frozenset()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """One of the values that `Reading.values` names, and how it is shown. `shows` is its part of the echo line."""

    name: str
    kind: str
    shows: str = "{value}"
    unit: str = ""

    @property
    def is_list(self) -> bool:
        return self.kind in LISTS


@dataclass(frozen=True, slots=True)
class Slot:
    """One line of the form. A slot with several keys is filled by any of them (phone: mobile, landline, wechat).

    again: the wording with an example after two failures; refused: after a first refusal of a slot that matters.
    asked: false = captured when said, never asked. exclusive: a new value of one key replaces the other keys too.
    free: when asked, any words that are not something else are the answer.
    """

    name: str
    label: str
    keys: tuple[Key, ...]
    question: str = ""
    again: str = ""
    refused: str = ""
    asked: bool = True
    skippable: bool = False
    personal: bool = False
    exclusive: bool = False
    free: bool = False
    choices: tuple[Choice, ...] = ()
    aliases: frozenset[str] = frozenset()
    names: tuple[str, ...] = field(init=False, compare=False)
    """Of its keys."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(key.name for key in self.keys))

    def is_answered(self, answers: Mapping[str, Answer]) -> bool:
        return not answers.keys().isdisjoint(self.names)

    def has_value(self, answers: Mapping[str, Answer]) -> bool:
        return any(not answers[name].declined for name in self.names if name in answers)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one answer implies: with exactly this value of `when`, an empty `fills` counts as `value`."""

    when: str
    equals: Any
    fills: str
    value: Any


@dataclass(frozen=True, slots=True)
class Times:
    """How long things last: a pause after which we greet again, a draft with and without consent, an undo."""

    pause: timedelta = timedelta(minutes=30)
    unconsented: timedelta = timedelta(hours=24)
    draft: timedelta = timedelta(days=7)
    undo: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class Form:
    """Slots in the order they are asked; `heard` are whole messages that mean a command or a start.

    larger: units ten thousand times as large, for amounts that nobody writes out: 30000万 is 3亿.
    """

    slots: tuple[Slot, ...]
    rules: tuple[Rule, ...] = ()
    echo: tuple[str, ...] = ()
    notice: str = ""
    heard: Mapping[str, frozenset[str]] = field(default_factory=dict)
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    larger: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    asking: tuple[str, ...] = ()
    change_before: tuple[str, ...] = ()
    change_after: tuple[str, ...] = ()
    becomes: tuple[str, ...] = ()
    leaving_out: tuple[str, ...] = ()
    times: Times = Times()

    @classmethod
    def from_toml(cls, data: Mapping[str, Any]) -> Form:
        slots = tuple(_slot(facts) for facts in data["slot"])
        form = cls(
            slots=slots,
            rules=tuple(_rule(facts) for facts in data.get("rule", ())),
            echo=tuple(data["echo"]),
            notice=data["notice_version"],
            heard={name: frozenset(plain(text) for text in texts) for name, texts in data["says"].items()},
            within={name: tuple(parts) for name, parts in data.get("within", {}).items()},
            units=data["units"],
            larger=data.get("larger", {}),
            words=data["words"],
            asking=tuple(data["asking"]),
            change_before=tuple(sorted(data["change"]["before"], key=len, reverse=True)),
            change_after=tuple(sorted(data["change"]["after"], key=len, reverse=True)),
            becomes=tuple(data["change"].get("becomes", ())),
            leaving_out=tuple(plain(part) for part in data.get("leaving_out", ())),
            times=_times(data.get("times", {})),
        )
        form.check()
        return form

    def check(self) -> None:
        """A form that cannot work is refused at start, by name."""
        names = [key.name for key in self.every_key()]
        for name in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"intake.toml: {name} is filled by two slots")
        for name in self.echo:
            if name not in names:
                raise ValueError(f"intake.toml: echo names {name}, which no slot has")
        for slot in self.slots:
            if slot.asked and not (slot.question and slot.again):
                raise ValueError(f"intake.toml: slot {slot.name} needs question and again")

    def every_key(self) -> Iterator[Key]:
        return (key for slot in self.slots for key in slot.keys)

    def key(self, name: str) -> Key | None:
        return self._keys.get(name)

    def slot(self, name: str) -> Slot | None:
        """The slot of that name, or the one that the key of that name fills."""
        return self._slots.get(name)

    @cached_property
    def _keys(self) -> Mapping[str, Key]:
        return {key.name: key for key in self.every_key()}

    @cached_property
    def _slots(self) -> Mapping[str, Slot]:
        by_key = {name: slot for slot in self.slots for name in slot.names}
        return by_key | {slot.name: slot for slot in self.slots}

    @cached_property
    def _by_alias(self) -> Mapping[str, Slot]:
        """Where two slots have the same other name, it is the first one's."""
        return {alias: slot for slot in reversed(self.slots) for alias in slot.aliases}

    @cached_property
    def every_name(self) -> frozenset[str]:
        """Of slots and keys."""
        return frozenset(self._keys) | frozenset(self._slots)

    def next_due(self, answers: Mapping[str, Answer]) -> Slot | None:
        """The first slot to ask that is still empty. Derived on every turn, never stored."""
        known = self.with_implied(answers)
        return next((slot for slot in self.slots if slot.asked and not slot.is_answered(known)), None)

    def with_implied(self, answers: Mapping[str, Answer]) -> dict[str, Answer]:
        """The answers and what follows from them (土地 is bought), without touching what was said."""
        known = dict(answers)
        for rule in self.rules:
            given = answers.get(rule.when)
            if given is not None and given.value == rule.equals and rule.fills not in known:
                known[rule.fills] = Answer(rule.value, key=given.key)
        return known

    def filled(self, answers: Mapping[str, Answer]) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.slots if slot.has_value(answers))

    @cached_property
    def personal(self) -> frozenset[str]:
        return frozenset(name for slot in self.slots if slot.personal for name in slot.names)

    def hears(self, name: str, text: str) -> bool:
        return plain(text) in self.heard.get(name, frozenset())

    def command(self, text: str) -> str:
        """The command that the whole text is, or that some words in it cannot but mean, or ""."""
        words = plain(text)
        whole = next((name for name in COMMANDS if words in self.heard.get(name, frozenset())), "")
        return whole or next((name for name, parts in self.within.items() if any(part in words for part in parts)), "")

    def wants_changed(self, text: str) -> Slot | None:
        """The slot that a text like 改面积, 电话错了 or 面积 names without a new value."""
        return self._by_alias.get(plain(text)) or self.named_to_change(text)

    def named_to_change(self, text: str) -> Slot | None:
        """The same without the bare name, which means nothing outside an inquiry."""
        words = plain(text)
        before = first_fitting(words.startswith, self.change_before)
        rest = words.removeprefix(before)
        after = first_fitting(rest.endswith, self.change_after)
        return self._by_alias.get(rest.removesuffix(after)) if before or after else None

    def remark(self, text: str) -> str:
        """What follows 备注 or 补充 at the beginning of a message."""
        words = text.strip()
        begins = first_fitting(words.startswith, self._remark_before)
        return words[len(begins) :].strip(" ：:，,。") if begins else ""

    @cached_property
    def _remark_before(self) -> tuple[str, ...]:
        return tuple(sorted(self.heard.get("remark", ()), key=len, reverse=True))

    def named_in(self, text: str) -> frozenset[str]:
        """The slots a text mentions by name, whatever it says of them."""
        words = plain(text)
        return frozenset(s.name for s in self.slots if any(len(alias) > 1 and alias in words for alias in s.aliases))

    def left_out(self, text: str) -> tuple[Slot, ...]:
        """The slots that may stay empty and that a clause wants to: 税收先不说，公司跳过."""
        clauses = [part for part in _CLAUSES.split(plain(text)) if any(words in part for words in self.leaving_out)]
        return tuple(
            slot
            for slot in self.slots
            if slot.skippable and any(len(alias) > 1 and alias in part for alias in slot.aliases for part in clauses)
        )

    def new_words(self, text: str) -> str:
        """What a correction says the value should be: 李四 in 不是张三，是李四; "" where no word leads to it."""
        found = [(text.rfind(word) + len(word), word) for word in self.becomes if word in text]
        return text[max(found)[0] :].strip(" ：:，,。") if found else ""

    def is_question(self, text: str) -> bool:
        words = plain(text)
        return text.rstrip().endswith(("?", "？")) or any(part in words for part in self.asking)


COMMANDS = (
    "delete_data",
    "withdraw",
    "cancel",
    "restart",
    "undo",
    "back",
    "skip",
    "show",
    "human",
    "resume",
    "confirm",
    "start",
)
"""In this order: where a text means two of them, the more careful one counts."""


def _slot(facts: Mapping[str, Any]) -> Slot:
    keys = tuple(_key(facts, name) for name in facts.get("keys", [facts["name"]]))
    return Slot(
        name=facts["name"],
        label=facts["label"],
        keys=keys,
        question=facts.get("question", ""),
        again=facts.get("again", ""),
        refused=facts.get("refused", facts.get("again", "")),
        asked=facts.get("asked", True),
        skippable=facts.get("skippable", False),
        personal=facts.get("personal", False),
        exclusive=facts.get("exclusive", False),
        free=facts.get("free", False),
        choices=tuple(_choice(choice) for choice in facts.get("choice", ())),
        aliases=frozenset(plain(alias) for alias in (facts["label"], *facts.get("aliases", ()))),
    )


def _key(facts: Mapping[str, Any], name: str) -> Key:
    own = facts.get("key", {}).get(name, {})
    kind = own.get("kind", facts.get("kind", "text"))
    if kind not in KINDS:
        raise ValueError(f"intake.toml: {name} has the kind {kind}, expected one of {', '.join(KINDS)}")
    return Key(name, kind, own.get("shows", facts.get("shows", "{value}")), own.get("unit", facts.get("unit", "")))


def _choice(facts: Mapping[str, Any]) -> Choice:
    words = frozenset(plain(word) for word in (facts["label"], *facts.get("words", ())))
    return Choice(facts["value"], facts["label"], words, facts.get("hidden", False))


def _rule(facts: Mapping[str, Any]) -> Rule:
    return Rule(facts["when"], facts["equals"], facts["fills"], facts["value"])


def _times(facts: Mapping[str, Any]) -> Times:
    return Times(
        pause=timedelta(minutes=facts.get("pause_minutes", 30)),
        unconsented=timedelta(hours=facts.get("unconsented_hours", 24)),
        draft=timedelta(days=facts.get("draft_days", 7)),
        undo=timedelta(hours=facts.get("undo_hours", 24)),
    )
