"""How the intake understands a message: the slot asked now, its choices and numbers come before the general reader."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from bot.dialogue.form import Form, Slot
from bot.dialogue.inquiry import Inquiry
from bot.dialogue.intake_steps import Said, Talk
from bot.dialogue.intake_words import asked_slot
from bot.dialogue.lookups import Lookups
from bot.dialogue.wording import plain
from bot.understanding.reading import Reading, Value

_NUMBER = re.compile(r"(?:选|第)?\s*([1-9一二三四五六七八九①②③④⑤⑥⑦⑧⑨])\s*(?:个|项|号|\.|、|。)?")
_SEVERAL = re.compile(r"[1-9](?:[\s、,，和+/]+[1-9])+")


def listen(said: Said, inquiry: Inquiry, lookups: Lookups) -> Talk:
    return Talk(said, inquiry, _understood(said, inquiry, lookups), lookups)


def number_said(text: str) -> int:
    """Which numbered choice a message is, 0 for none."""
    match = _NUMBER.fullmatch(text.strip()) or _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not match:
        return 0
    return (
        int(unicodedata.normalize("NFKC", match[1]))
        if not "一" <= match[1] <= "鿿"
        else "一二三四五六七八九".index(match[1]) + 1
    )


def _understood(said: Said, inquiry: Inquiry, lookups: Lookups) -> Reading:
    form: Form = lookups.form
    slot = asked_slot(inquiry, form)
    if form.hears("start_only", said.text):
        return Reading()
    if said.place:
        return _place(lookups.understand(said.text, "region"))
    choice = _chosen(said.text, slot) if slot else None
    if choice is not None:
        return choice
    reading = lookups.understand(said.text, slot.names[0] if slot else None)
    reading = _without_empty_words(said.text, reading, form)
    if reading.corrects and not reading.values and (meant := _slot_meant(said.text, inquiry, form)):
        return _meant(said.text, reading, meant, lookups)
    if form.wants_changed(said.text) or _is_no_answer(said.text, reading, slot, lookups):
        return replace(reading, values={}, inquiry=0.0)
    return _freely(said.text, reading, slot, lookups)


def _place(reading: Reading) -> Reading:
    values = {name: value for name, value in reading.values.items() if name in ("region", "zone")}
    return Reading(values=values, inquiry=reading.inquiry)


def _chosen(text: str, slot: Slot) -> Reading | None:
    """A slot's own choices by number, label or one of its words; several numbers where it is a list."""
    if slot.keys[0].is_list and _SEVERAL.fullmatch(text.strip()):
        numbers = {int(digit) for digit in re.findall("[1-9]", text)}
        picked = [choice.value for position, choice in enumerate(slot.choices, 1) if position in numbers]
        return Reading(values={slot.names[0]: Value(picked, text)}) if picked else None
    number = number_said(text)
    words = plain(text)
    for position, choice in enumerate(slot.choices, 1):
        if (position == number and not choice.hidden) or words in choice.words:
            value = [choice.value] if slot.keys[0].is_list else choice.value
            return Reading(values={slot.names[0]: Value(value, text)})
    return None


def _slot_meant(text: str, inquiry: Inquiry, form: Form) -> str:
    """What a correction without a readable value is about: the slot it names, else what was said last."""
    named = [slot for slot in form.slots if slot.name in form.named_in(text) and slot.has_value(inquiry.answers)]
    return named[0].names[0] if len(named) == 1 else inquiry.last


def _meant(text: str, reading: Reading, name: str, lookups: Lookups) -> Reading:
    """不对，是8000: a bare new value corrects what was said last; 联系人不是张三，是李四 what it names."""
    form: Form = lookups.form
    for words in filter(None, (form.new_words(text), text)):
        again = lookups.understand(words, name)
        if name in again.values:
            return replace(again, corrects=True, command="", values={name: again.values[name]})
    return reading


def _without_empty_words(text: str, reading: Reading, form: Form) -> Reading:
    """18 is no company, and 没有 no product."""
    empty = [name for name, value in reading.values.items() if _is_empty(text, name, value.value, form)]
    if not empty:
        return reading
    return replace(reading, values={name: value for name, value in reading.values.items() if name not in empty})


def _is_empty(text: str, name: str, value: object, form: Form) -> bool:
    slot, key = form.slot(name), form.key(name)
    if slot is None or key is None or key.kind != "text" or not slot.asked or len(slot.keys) > 1:
        return False
    if not isinstance(value, str) or not value:
        return False
    return not any(char.isalpha() for char in value) or any(
        form.hears(said, text) for said in ("no", "refuse", "unsure")
    )


def _is_no_answer(text: str, reading: Reading, slot: Slot | None, lookups: Lookups) -> bool:
    """Slots that take words must not swallow 你好, 好的 or a question to us (你们公司在哪里？)."""
    form: Form = lookups.form
    if not reading.values:
        return False
    if any((key := form.key(name)) is None or key.kind != "text" for name in reading.values):
        asked_only = slot is not None and set(reading.values) <= set(slot.names)
        return asked_only and _is_small_talk(text, lookups)
    return _is_small_talk(text, lookups) or (not reading.corrects and form.is_question(text))


def _is_small_talk(text: str, lookups: Lookups) -> bool:
    form: Form = lookups.form
    return any(lookups.heard(name, text) for name in ("greeting", "thanks", "help")) or form.hears("ack", text)


def _freely(text: str, reading: Reading, slot: Slot | None, lookups: Lookups) -> Reading:
    """Any words answer a slot that takes any words, unless they are something else."""
    form: Form = lookups.form
    nothing_else = not (reading.values or reading.command or reading.article or reading.problems or reading.corrects)
    if slot is None or not slot.free or not nothing_else or form.is_question(text) or _is_small_talk(text, lookups):
        return reading
    words = unicodedata.normalize("NFKC", text).strip()
    fits = 2 <= len(words) <= 60 and sum(char.isalpha() for char in words) >= 2
    known = any(form.hears(name, text) for name in ("unsure", "wrong", "yes", "no", "start")) or form.command(text)
    if not fits or known:
        return reading
    return replace(reading, values={slot.names[0]: Value(words, words, 0.7)})
