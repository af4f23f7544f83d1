"""The inquiry as a page: its fields from the form, one field written at a time, handed in as the chat would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.dialogue.form import Form, Key, Slot
from bot.dialogue.inquiry import OPEN, PAUSED, SENT, Answer, Inquiry
from bot.dialogue.intake_age import aged
from bot.dialogue.intake_commands import confirm, given_consent
from bot.dialogue.intake_filling import LONGEST_TEXT, fill, write
from bot.dialogue.intake_labels import LONGEST, redacted, slot_shown
from bot.dialogue.intake_reading import listen
from bot.dialogue.intake_steps import Said, Step, Talk, from_lead, problem_words
from bot.dialogue.lookups import Lookups
from bot.dialogue.masking import masked_name, masked_phone
from bot.dialogue.reply import Reply, Words
from bot.understanding.reading import Reading, Value

REMARK = "remark"
"""The field for words of their own; no slot may have this name."""

_TAG = re.compile(r"<a [^>]*>(.*?)</a>")


@dataclass(frozen=True, slots=True)
class Choice:
    """key: what the form sends."""

    key: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the page. kind: one, several or text. text: what the field holds.

    covered: what is known already but not shown in full, for whoever gets hold of the link. asked: not an extra.
    """

    name: str
    label: str
    question: str
    hint: str
    kind: str
    choices: tuple[Choice, ...]
    text: str
    covered: str
    asked: bool
    personal: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """The inquiry with one field written. shown: how it was understood; problem: why it was not, and nothing changed.

    choices: what the words may mean, to be picked from.
    """

    inquiry: Inquiry
    shown: str = ""
    problem: str = ""
    choices: tuple[str, ...] = ()


def begun(known: Inquiry | None, openid: str, at: datetime, lookups: Lookups) -> Inquiry:
    """The draft the page works on: that of the chat, or the lead that was handed in, or an empty one."""
    draft = aged(known, lookups.form, at)
    if draft is not None and draft.state in (OPEN, PAUSED):
        return replace(draft, state=OPEN)
    lead = lookups.open_lead(openid)
    if lead is None:
        return Inquiry(OPEN, at=at, began=at)
    held = draft if draft is not None and draft.state == SENT and draft.number == lead.number else from_lead(lead, at)
    return replace(held, state=OPEN, number="", reopened="", doubts=(), at=at)


def fields(inquiry: Inquiry, lookups: Lookups) -> tuple[Field, ...]:
    """Every slot of the form in its order, with what is known."""
    return tuple(_field(slot, inquiry, lookups) for slot in lookups.form.slots)


def written(
    inquiry: Inquiry, name: str, given: Sequence[str], was: str, said: Said, lookups: Lookups, pick: int = 0
) -> Taken:
    """One field as it is now. given: chosen keys, or one text. was: the text the page showed before. pick: which of
    the things the text may mean, from 1.

    An empty field that was empty says nothing; one that was emptied takes the value out. Raises KeyError for a field
    that the form does not have.
    """
    fresh = replace(inquiry, at=said.at, notice=lookups.form.notice)
    if name == REMARK:
        return Taken(_remarked(fresh, "".join(given), was))
    slot: Slot | None = lookups.form.slot(name)
    if slot is None:
        raise KeyError(name)
    if _offered(slot):
        return _chosen(fresh, slot, given, said, lookups)
    text = " ".join(" ".join(given).split())[:LONGEST_TEXT]
    if not text:
        return Taken(fresh.without(slot.names) if was else fresh)
    return Taken(fresh, shown=was) if text == was and not pick else _read(fresh, slot, text, said, lookups, pick)


def cleared(inquiry: Inquiry, name: str, lookups: Lookups) -> Inquiry:
    """Without the value of one field, also where it was covered."""
    slot: Slot | None = lookups.form.slot(name)
    return inquiry.without(slot.names) if slot else inquiry


def missing(inquiry: Inquiry, form: Form) -> tuple[str, ...]:
    """Labels of what the chat would not let go without asking twice."""
    known = form.with_implied(inquiry.answers)
    return tuple(s.label for s in form.slots if s.asked and not s.skippable and not s.has_value(known))


def handed_in(inquiry: Inquiry, said: Said, lookups: Lookups, *, share: bool) -> Step:
    """The same step as 同意并提交 in the chat: what was left empty is declined, both consents are what was ticked."""
    form: Form = lookups.form
    known = form.with_implied(inquiry.answers)
    for slot in form.slots:
        if slot.asked and not slot.is_answered(known):
            inquiry = inquiry.with_answer(slot.names[0], Answer(None, key=said.key))
    ready = replace(inquiry, state=OPEN, doubts=(), reopened="", notice=form.notice, share_asked=True, at=said.at)
    talk = Talk(said, ready, Reading(), lookups)
    if share:
        talk = replace(talk, inquiry=replace(ready, consents={**ready.consents, "share": given_consent(talk)}))
    return confirm(talk)


def on_a_page(reply: Reply | str) -> str:
    """A text of the chat without its tappable words."""
    text = reply.text if isinstance(reply, Words) else reply if isinstance(reply, str) else ""
    return _TAG.sub(r"\1", text)


def _field(slot: Slot, inquiry: Inquiry, lookups: Lookups) -> Field:
    form: Form = lookups.form
    has = slot.has_value(inquiry.answers)
    shown = slot_shown(form, slot, inquiry.answers, lookups.place, LONGEST_TEXT) if has else ""
    offered = _offered(slot)
    return Field(
        name=slot.name,
        label=slot.label,
        question=on_a_page(slot.question.replace("{skip}", lookups.say("tap_skip"))),
        hint=on_a_page(slot.again.replace("{skip}", lookups.say("tap_skip"))),
        kind=slot.keys[0].kind if offered else "text",
        choices=tuple(offered_choices(slot, inquiry)) if offered else (),
        text="" if slot.personal else shown,
        covered=_covered(slot, inquiry, lookups) if slot.personal and has else "",
        asked=slot.asked,
        personal=slot.personal,
        optional=slot.skippable or not slot.asked,
    )


def offered_choices(slot: Slot, inquiry: Inquiry) -> Iterator[Choice]:
    answer = inquiry.answers.get(slot.names[0])
    held = answer.value if answer else None
    for number, choice in enumerate(slot.choices, 1):
        if not choice.hidden:
            chosen = choice.value in held if isinstance(held, list) else choice.value == held
            yield Choice(str(number), choice.label, chosen)


def _offered(slot: Slot) -> bool:
    return slot.keys[0].kind in ("one", "several") and any(not choice.hidden for choice in slot.choices)


def _covered(slot: Slot, inquiry: Inquiry, lookups: Lookups) -> str:
    """138****1234 and 王**: enough to know one's own by."""
    parts = []
    for key in slot.keys:
        answer = inquiry.answers.get(key.name)
        if answer is None or answer.declined:
            continue
        held = answer.value if isinstance(answer.value, list) else [answer.value]
        cover = masked_phone if key.kind == "phones" else masked_name
        parts += [cover(str(one)) if one else lookups.form.words["none"] for one in held]
    return str(lookups.form.words["comma"]).join(parts)


def _chosen(inquiry: Inquiry, slot: Slot, given: Sequence[str], said: Said, lookups: Lookups) -> Taken:
    picked = [choice for number, choice in enumerate(slot.choices, 1) if str(number) in given and not choice.hidden]
    if not picked:
        return Taken(inquiry.without(slot.names))
    value = [choice.value for choice in picked] if slot.keys[0].is_list else picked[0].value
    label = str(lookups.form.words["comma"]).join(choice.label for choice in picked)
    after = write(inquiry, slot.names[0], Answer(value, label, said.key), lookups)
    return Taken(after, shown=label)


def _read(inquiry: Inquiry, slot: Slot, text: str, said: Said, lookups: Lookups, pick: int) -> Taken:
    """The field's words, understood as the answer to its question. What cannot be understood leaves it as it was."""
    problem, emptied = "", inquiry.without(slot.names)
    for words in _spellings(slot, text):
        talk = listen(replace(said, text=words), replace(emptied, reopened=slot.name, doubts=()), lookups)
        mine = {
            name: _sure(value, lookups.form.key(name), pick)
            for name, value in talk.reading.values.items()
            if name in slot.names
        }
        doubtful = [value for value in mine.values() if value.choices]
        if doubtful:
            return Taken(inquiry, problem=_which(doubtful[0], lookups), choices=_labels(doubtful[0]))
        if mine:
            return _filled(inquiry, slot, replace(talk.reading, values=mine), said, lookups)
        problem = problem or _problem(talk, slot)
    if not problem and slot.keys[0].kind in ("text", "texts"):
        return _as_it_is(inquiry, slot, text, said, lookups)
    return Taken(inquiry, problem=problem or lookups.say("page.unread", label=slot.label))


def _filled(inquiry: Inquiry, slot: Slot, reading: Reading, said: Said, lookups: Lookups) -> Taken:
    """The whole field is given, so that nothing of what it held before stays."""
    emptied = inquiry.without(slot.names)
    reading = replace(reading, adds=frozenset(), removes={})
    after = fill(emptied, reading, frozenset({slot.name}), said.key, lookups).inquiry
    return Taken(after, shown=slot_shown(lookups.form, slot, after.answers, lookups.place, LONGEST))


def _as_it_is(inquiry: Inquiry, slot: Slot, text: str, said: Said, lookups: Lookups) -> Taken:
    """In a field with a label any words are the answer, but no phone in a name."""
    words = redacted(text)
    if sum(sign.isalpha() for sign in words) < 1:
        return Taken(inquiry, problem=lookups.say("page.unread", label=slot.label))
    value = [words] if slot.keys[0].is_list else words
    return Taken(write(inquiry, slot.names[0], Answer(value, words, said.key), lookups), shown=words)


def _spellings(slot: Slot, text: str) -> Iterator[str]:
    """What is asked for is understood bare; extras want their name and unit: 8 is 层高8米."""
    yield text
    if not slot.asked:
        key = slot.keys[0]
        yield f"{slot.label}{text}"
        yield f"{slot.label}{text}{key.unit}"
        yield key.shows.replace("{value}", text)


def _sure(value: Value, key: Key, pick: int) -> Value:
    """Who puts it into the field means it; of several meanings the one that was picked."""
    if 1 <= pick <= len(value.choices):
        picked = value.choices[pick - 1][1]
        return Value([picked] if key.is_list and not isinstance(picked, list) else picked, value.raw)
    return replace(value, confidence=1.0)


def _which(value: Value, lookups: Lookups) -> str:
    return lookups.say("intake.which", raw=value.raw)


def _labels(value: Value) -> tuple[str, ...]:
    return tuple(label for label, _ in value.choices)


def _problem(talk: Talk, slot: Slot) -> str:
    names = [name for name in talk.reading.problems if name in slot.names]
    return problem_words(talk, names[0], talk.reading.problems[names[0]]) if names else ""


def _remarked(inquiry: Inquiry, text: str, was: str) -> Inquiry:
    """Instead of what the field held before, so that half a sentence saved while typing does not stay."""
    old = redacted(was)
    kept = replace(inquiry, remarks=tuple(remark for remark in inquiry.remarks if remark != old)) if old else inquiry
    return kept.with_remark(redacted(text))
