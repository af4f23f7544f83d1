"""The small moves every part of the intake is made of: ask on, fail kindly, decline, revise a lead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.dialogue.effects import Effect, LeadRevised
from bot.dialogue.form import Form, Slot
from bot.dialogue.inquiry import IDLE, OPEN, SENT, Answer, Doubt, Inquiry
from bot.dialogue.intake_labels import said_words, shown
from bot.dialogue.intake_words import (
    ask,
    is_at_card,
    open_slot,
    options,
    slot_question,
    values_line,
)
from bot.dialogue.lookups import Lookups, OpenLead
from bot.dialogue.reply import HandOver, Words
from bot.understanding.reading import Reading

CARD = "card"
"""What `failed` holds while the card is open."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message as the intake needs it. `place`: a shared location, not typed words."""

    text: str
    at: datetime
    key: str
    openid: str = ""
    place: bool = False
    scene: str = ""
    shown: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """The reply, the inquiry as it goes on, and what changes outside. `erased`: forget the whole conversation."""

    reply: Words | HandOver
    inquiry: Inquiry | None
    effects: tuple[Effect, ...] = ()
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """A message, the inquiry it meets, and how it was understood there."""

    said: Said
    inquiry: Inquiry
    reading: Reading
    lookups: Lookups = field(repr=False)

    @property
    def form(self) -> Form:
        form: Form = self.lookups.form
        return form

    def hears(self, name: str) -> bool:
        return self.form.hears(name, self.said.text)


def say(talk: Talk, name: str, inquiry: Inquiry | None, *effects: Effect, **facts: object) -> Step:
    return Step(Words(talk.lookups.say(f"intake.{name}", **facts)), _settled(inquiry), effects)


def carry_on(talk: Talk, inquiry: Inquiry, *notes: str, wording: str = "", effects: tuple[Effect, ...] = ()) -> Step:
    """Say the notes and put the question that is open now; after submission the notes may be all there is to say."""
    asked, text = ask(replace(inquiry, at=talk.said.at), talk.lookups, notes, wording)
    return Step(Words(text or _nothing_open(talk, asked)), _settled(asked), effects)


def _nothing_open(talk: Talk, inquiry: Inquiry) -> str:
    if inquiry.state == SENT:
        return talk.lookups.say("intake.submitted_already", number=inquiry.number)
    return talk.lookups.say("intake.ack")


def changed(talk: Talk, inquiry: Inquiry, *notes: str) -> Step:
    """The answers are different now: go on asking, or revise the lead that was handed in."""
    fresh = replace(inquiry, failed="", failures=0)
    if fresh.state == SENT:
        return _revised(talk, fresh, notes)
    return carry_on(talk, fresh, *notes)


def failed(talk: Talk, *notes: str, inquiry: Inquiry | None = None) -> Step:
    """A reply that could not be used: say so, then an example, then offer the ways out. Never a loop."""
    before = inquiry or talk.inquiry
    if any(doubt.writes for doubt in before.doubts):
        return _passed_over(talk, before, notes)
    slot = open_slot(before, talk.form)
    name = slot.name if slot else CARD
    count = before.failures + 1 if before.failed == name else 1
    after = replace(before, failed=name, failures=count)
    if slot is None:
        menu = (talk.lookups.say("intake.stuck_menu"),) if count >= 3 else ()
        return carry_on(talk, after, *notes, *menu)
    return _asked_better(talk, after, slot, notes)


def declined(talk: Talk, inquiry: Inquiry, slot: Slot, raw: str = "") -> Step:
    """A refusal is an answer too: it is kept, and the slot is not asked again."""
    answer = Answer(None, raw, talk.said.key)
    after = replace(inquiry.with_answer(slot.names[0], answer), failed="", failures=0, reopened="", doubts=())
    return carry_on(talk, after, talk.lookups.say("intake.skipped", label=slot.label))


def leave_out(talk: Talk, inquiry: Inquiry, slots: Iterable[Slot]) -> Step:
    """税收保密: said before it was asked, so it will not be."""
    left = [slot for slot in slots if not slot.is_answered(inquiry.answers)]
    for slot in left:
        inquiry = inquiry.with_answer(slot.names[0], Answer(None, "", talk.said.key))
    labels = talk.form.words["comma"].join(slot.label for slot in left)
    return carry_on(talk, inquiry, *((talk.lookups.say("intake.skipped", label=labels),) if left else ()))


def reopen(talk: Talk, inquiry: Inquiry, slot: Slot) -> Step:
    """Ask a filled slot once more; what it holds stays until something better is said."""
    return carry_on(talk, replace(inquiry, reopened=slot.name, doubts=(), failed="", failures=0))


def lead_slots(inquiry: Inquiry, form: Form) -> dict[str, Any]:
    """The values as the lead holds them, what follows from them included."""
    known = form.with_implied(inquiry.answers)
    return {name: answer.value for name, answer in known.items() if not answer.declined}


def whole_slots(talk: Talk, inquiry: Inquiry, gone: Iterable[str] = ()) -> dict[str, Any]:
    """The lead's whole new set: what it held before this inquiry stays where this one says nothing."""
    lead = talk.lookups.open_lead(talk.said.openid)
    slots = {**(lead.slots if lead else {}), **lead_slots(inquiry, talk.form)}
    return {name: value for name, value in slots.items() if name not in set(gone)}


def from_lead(lead: OpenLead, at: datetime) -> Inquiry:
    """The lead staff are working on, when the conversation has forgotten it."""
    answers = {name: Answer(value) for name, value in lead.slots.items()}
    return Inquiry(SENT, answers, at=at, began=lead.at, number=lead.number)


def _passed_over(talk: Talk, before: Inquiry, notes: Iterable[str]) -> Step:
    return carry_on(talk, passed(before), *notes)


def passed(inquiry: Inquiry) -> Inquiry:
    """A closed question nobody answers is put twice; then what was there before stays, and staff see the words."""
    if not any(doubt.writes for doubt in inquiry.doubts[:1]):
        return inquiry
    doubt = replace(inquiry.doubts[0], tries=inquiry.doubts[0].tries + 1)
    rest = inquiry.doubts[1:]
    if doubt.tries < 2:
        return replace(inquiry, doubts=(doubt, *rest))
    remarked = inquiry.with_remark(said_words(doubt.raw)) if doubt.about == "change" else inquiry
    return replace(remarked, doubts=rest)


def _asked_better(talk: Talk, after: Inquiry, slot: Slot, notes: Iterable[str]) -> Step:
    if after.failures >= 3:
        return _offered_ways_out(talk, after, slot, notes)
    name, wording = ("example", slot.again) if after.failures == 2 else ("again", slot.question)
    asked = slot_question(slot, wording, talk.lookups)
    said = asked if tuple(notes) else talk.lookups.say(f"intake.{name}", question=asked)
    return carry_on(talk, after, *notes, wording=said)


def _offered_ways_out(talk: Talk, after: Inquiry, slot: Slot, notes: Iterable[str]) -> Step:
    ways = ((talk.lookups.say("intake.stuck_skip"), "skip"), (talk.lookups.say("intake.stuck_human"), "human"))
    doubt = Doubt("stuck", slot.name, ways, key=talk.said.key)
    asked = slot_question(slot, slot.again, talk.lookups)
    stuck = talk.lookups.say("intake.stuck", label=slot.label)
    wording = "\n".join((stuck, options(doubt, talk.lookups), asked, talk.lookups.say("intake.stuck_menu")))
    return carry_on(talk, replace(after, doubts=(doubt,)), *notes, wording=wording)


def _revised(talk: Talk, after: Inquiry, notes: Iterable[str]) -> Step:
    """The same lead, its new whole; staff are told by the effect."""
    before = talk.inquiry
    old, new = lead_slots(before, talk.form), lead_slots(after, talk.form)
    names = tuple(name for name in {**old, **new} if old.get(name) != new.get(name))
    if not names and after.remarks == before.remarks:
        return carry_on(talk, after, *notes)
    slots = whole_slots(talk, after, gone=set(old) - set(new))
    effect = LeadRevised(after.number, slots, names or ("remarks",), after.remarks)
    return carry_on(talk, after, _revision_words(talk, after, names), *notes, effects=(effect,))


def _revision_words(talk: Talk, after: Inquiry, names: tuple[str, ...]) -> str:
    values = values_line(after.answers, names, talk.lookups)
    if values:
        return talk.lookups.say("intake.revised", number=after.number, values=values)
    if not names:
        return talk.lookups.say("intake.revised_remark", number=after.number)
    gone = values_line(talk.inquiry.answers, names, talk.lookups)
    return talk.lookups.say("intake.revised_removed", number=after.number, values=gone)


def _settled(inquiry: Inquiry | None) -> Inquiry | None:
    """Nothing is kept of an inquiry that holds nothing."""
    if inquiry is None or (inquiry.state == IDLE and not inquiry.doubts and not inquiry.undo):
        return None
    return inquiry


def can_be_handed_in(inquiry: Inquiry, form: Form) -> bool:
    return inquiry.state == OPEN and is_at_card(inquiry, form)


def problem_words(talk: Talk, name: str, problem: str) -> str:
    """这个手机号只有 10 位: as exact as the text lets us be, and what is kept instead."""
    said = _exact_problem(talk, name, problem) or _known_problem(talk, name, problem)
    old = talk.inquiry.answers.get(name)
    if old is None or old.declined:
        return said
    kept = shown(talk.form, name, old.value, talk.lookups.place)
    return said + talk.lookups.say("intake.problem.kept", old=kept)


def _exact_problem(talk: Talk, name: str, problem: str) -> str:
    numbers = re.findall(r"1\d{8,13}", re.sub(r"[\s\-.]", "", unicodedata.normalize("NFKC", talk.said.text)))
    if name != "mobile" or problem not in ("short", "long") or len(numbers) != 1:
        return ""
    digits = len(numbers[0])
    return (
        talk.lookups.say(f"intake.problem.mobile.{problem}_by", digits=digits, by=abs(digits - 11))
        if digits != 11
        else ""
    )


def _known_problem(talk: Talk, name: str, problem: str) -> str:
    slot = talk.form.slot(name)
    label = slot.label if slot else name
    for phrase in (f"intake.problem.{name}.{problem}", f"intake.problem.{problem}"):
        with suppress(KeyError):
            return talk.lookups.say(phrase, label=label)
    return talk.lookups.say("intake.problem", label=label)
