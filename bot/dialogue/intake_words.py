"""What the intake says: the echo line, the open question, the card; every sentence comes from config/intake.toml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from bot.dialogue.form import Form, Slot
from bot.dialogue.inquiry import OPEN, SENT, Answer, Doubt, Inquiry
from bot.dialogue.intake_labels import LONGEST, echoed, is_same_number, safe, shown, slot_shown
from bot.dialogue.lookups import Lookups
from bot.dialogue.reply import TEXT_LIMIT, tap

CARD_REMARKS = 3
ECHOED = 20
SHORTER = (LONGEST, 24, 16, 10, 6)
"""Lengths of shown values to try, so that notice and card fit into one text."""

CARD_REMARK_LENGTH = 30


def open_slot(inquiry: Inquiry, form: Form) -> Slot | None:
    """The slot whose question is open now, or None: the card, or nothing after submission."""
    if inquiry.reopened:
        return form.slot(inquiry.reopened)
    return form.next_due(inquiry.answers) if inquiry.state == OPEN else None


def asked_slot(inquiry: Inquiry, form: Form) -> Slot | None:
    """The slot a bare answer is for: the one in doubt before the one that is due."""
    doubt = next((doubt for doubt in inquiry.doubts if doubt.writes), None)
    return form.slot(doubt.slot) if doubt and doubt.slot else open_slot(inquiry, form)


def is_at_card(inquiry: Inquiry, form: Form) -> bool:
    return inquiry.state == OPEN and not inquiry.doubts and open_slot(inquiry, form) is None


def ask(inquiry: Inquiry, lookups: Lookups, notes: Iterable[str] = (), wording: str = "") -> tuple[Inquiry, str]:
    """The reply that puts the open question, and the inquiry that remembers which notice went with it.

    A consent must not be cut off: values are shown shorter where the whole would not fit into one text.
    """
    notice = due_notice(inquiry, lookups)
    shown_notice = replace(inquiry, notice=lookups.form.notice if notice else inquiry.notice)
    said = (_composed(inquiry, lookups, tuple(notes), notice, wording, longest) for longest in SHORTER)
    fitting = (text for text in said if len(text.encode()) <= TEXT_LIMIT)
    return shown_notice, next(fitting, "") or _composed(inquiry, lookups, tuple(notes), notice, wording, SHORTER[-1])


def _composed(
    inquiry: Inquiry, lookups: Lookups, notes: tuple[str, ...], notice: str, wording: str, longest: int
) -> str:
    steering = bool(inquiry.doubts) and inquiry.doubts[0].about in ("cancel", "erase", "resume")
    filling = inquiry.state == OPEN and not steering and not is_at_card(inquiry, lookups.form)
    echo = echo_line(inquiry, lookups, longest) if filling else ""
    asked = wording or question(inquiry, lookups, longest)
    return "\n".join(part for part in (echo, *notes, notice, asked) if part)


def due_notice(inquiry: Inquiry, lookups: Lookups) -> str:
    """The privacy notice, before the first personal question or with the reply to a personal value."""
    form: Form = lookups.form
    if inquiry.notice == form.notice or inquiry.state != OPEN:
        return ""
    slot = open_slot(inquiry, form)
    given = any(name in form.personal for name in inquiry.answers)
    return notice_words(lookups) if slot is None or slot.personal or given else ""


def notice_words(lookups: Lookups) -> str:
    form: Form = lookups.form
    return lookups.say("intake.notice", firm=lookups.firm, hours=form.times.unconsented // timedelta(hours=1))


def question(inquiry: Inquiry, lookups: Lookups, longest: int = LONGEST) -> str:
    """The open question's own words, "" where none is open."""
    if inquiry.doubts:
        return doubt_question(inquiry.doubts[0], inquiry, lookups)
    slot = open_slot(inquiry, lookups.form)
    if slot is None:
        return card(inquiry, lookups, longest) if inquiry.state == OPEN else ""
    if slot.name == inquiry.reopened and slot.has_value(inquiry.answers):
        return lookups.say("intake.reopened", label=slot.label, value=_value(slot, inquiry, lookups))
    return slot_question(slot, slot.question, lookups)


def slot_question(slot: Slot, wording: str, lookups: Lookups) -> str:
    """A question in one of its wordings, with its choices to tap."""
    asked = wording.replace("{skip}", tap(lookups.say("tap_skip")))
    gap = lookups.say("intake.gap")
    offered = [choice for choice in slot.choices if not choice.hidden]
    choices = gap.join(f"{number}. {tap(choice.label)}" for number, choice in enumerate(offered, 1))
    return lookups.say("intake.choose", question=asked, options=choices) if choices else asked


def doubt_question(doubt: Doubt, inquiry: Inquiry, lookups: Lookups) -> str:
    return lookups.say("intake.choose", question=_doubt_words(doubt, inquiry, lookups), options=options(doubt, lookups))


def options(doubt: Doubt, lookups: Lookups) -> str:
    lines = (
        lookups.say("intake.option", number=number, label=tap(label))
        for number, (label, _) in enumerate(doubt.options, 1)
    )
    return "\n".join(lines)


def echo_line(inquiry: Inquiry, lookups: Lookups, longest: int = LONGEST) -> str:
    """已记：昆山 · 厂房 · 3000–5000㎡ · 租, or "" while nothing is known."""
    parts = values_line(inquiry.answers, lookups.form.echo, lookups, min(longest, ECHOED))
    return lookups.say("intake.echo", values=parts) if parts else ""


def values_line(answers: Mapping[str, Answer], names: Iterable[str], lookups: Lookups, longest: int = LONGEST) -> str:
    form: Form = lookups.form
    parts = (
        form.words["same_number"]
        if is_same_number(answers, name)
        else echoed(form, name, answers[name].value, lookups.place, longest)
        for name in names
        if name in answers and not answers[name].declined
    )
    return form.words["separator"].join(parts)


def card(inquiry: Inquiry, lookups: Lookups, longest: int = LONGEST) -> str:
    """Everything to check before it is handed in; what is missing says so."""
    consent = lookups.say("intake.consent", firm=lookups.firm)
    return lookups.say("intake.card", lines=lines(inquiry, lookups, longest), consent=consent)


def lines(inquiry: Inquiry, lookups: Lookups, longest: int = LONGEST) -> str:
    """One line a slot, empty ones too; captured extras only where there are some; then remarks."""
    form: Form = lookups.form
    known = form.with_implied(inquiry.answers)
    shown_slots = [slot for slot in form.slots if slot.asked or slot.has_value(known)]
    rows = [(slot.label, slot_shown(form, slot, known, lookups.place, longest)) for slot in shown_slots]
    if inquiry.remarks:
        rows.append((lookups.say("intake.card_remarks"), _remarks(inquiry, form)))
    return "\n".join(lookups.say("intake.card_line", label=label, value=value) for label, value in rows)


def brief_lines(inquiry: Inquiry, lookups: Lookups) -> str:
    """Only what is known, for 查看 before the card and for coming back."""
    form: Form = lookups.form
    rows = (
        (slot.label, slot_shown(form, slot, inquiry.answers, lookups.place)) for slot in form.filled(inquiry.answers)
    )
    return "\n".join(lookups.say("intake.card_line", label=label, value=value) for label, value in rows)


def question_again(inquiry: Inquiry, lookups: Lookups) -> str:
    """The open question after a digression, with what is known so far; "" where none is open."""
    if inquiry.state == OPEN and is_at_card(inquiry, lookups.form):
        return lookups.say("intake.card_again")
    asked = question(inquiry, lookups) if inquiry.state in (OPEN, SENT) else ""
    if not asked or (inquiry.doubts and inquiry.doubts[0].about == "share"):
        return ""
    echo = echo_line(inquiry, lookups) if inquiry.state == OPEN else ""
    return "\n".join(part for part in (lookups.say("intake.digression"), echo, asked) if part)


def _doubt_words(doubt: Doubt, inquiry: Inquiry, lookups: Lookups) -> str:
    match doubt.about:
        case "which":
            return lookups.say("intake.which", raw=doubt.raw)
        case "really":
            return lookups.say("intake.really", label=_label(doubt, lookups), value=_words(doubt, lookups))
        case "change":
            old = inquiry.answers.get(doubt.slot, Answer())
            was = shown(lookups.form, doubt.slot, old.value, lookups.place) if not old.declined else ""
            new = _words(doubt, lookups)
            return lookups.say("intake.change", label=_label(doubt, lookups), old=was, new=new)
        case "changes":
            return lookups.say("intake.changes", lines=_changes(doubt, inquiry, lookups))
        case "cancel":
            return lookups.say("intake.cancel_ask", count=len(lookups.form.filled(inquiry.answers)))
        case "resume":
            return lookups.say("intake.resume", lines=brief_lines(inquiry, lookups))
        case "stuck":
            return lookups.say("intake.stuck", label=_label(doubt, lookups))
        case "share":
            return lookups.say("intake.share")
        case _:
            return lookups.say("intake.erase_ask")


def _changes(doubt: Doubt, inquiry: Inquiry, lookups: Lookups) -> str:
    form: Form = lookups.form
    rows = []
    for name, (new, _) in doubt.options[0][1].items():
        slot, old = form.slot(name), inquiry.answers.get(name, Answer())
        facts = {"old": shown(form, name, old.value, lookups.place), "new": shown(form, name, new, lookups.place)}
        rows.append(lookups.say("intake.changes_line", label=slot.label if slot else name, **facts))
    return "\n".join(rows)


def _words(doubt: Doubt, lookups: Lookups) -> str:
    return shown(lookups.form, doubt.slot, doubt.options[0][1], lookups.place)


def _label(doubt: Doubt, lookups: Lookups) -> str:
    slot: Slot | None = lookups.form.slot(doubt.slot)
    return slot.label if slot else doubt.slot


def _value(slot: Slot, inquiry: Inquiry, lookups: Lookups) -> str:
    return slot_shown(lookups.form, slot, inquiry.answers, lookups.place)


def _remarks(inquiry: Inquiry, form: Form) -> str:
    return form.words["comma"].join(safe(remark[:CARD_REMARK_LENGTH]) for remark in inquiry.remarks[-CARD_REMARKS:])
