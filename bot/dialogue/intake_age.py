"""What time takes away from a draft: personal values without consent after a day, everything after a week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.dialogue.form import Form
from bot.dialogue.inquiry import IDLE, SENT, Answer, Inquiry


def aged(inquiry: Inquiry | None, form: Form, at: datetime) -> Inquiry | None:
    """The inquiry as it may still be known at this time; None when nothing of it is left."""
    if inquiry is None:
        return None
    inquiry = _fitting(inquiry, form)
    if is_paused(inquiry, form, at):
        inquiry = _without_stale_questions(inquiry)
    if inquiry.undo and (inquiry.undo_at is None or at - inquiry.undo_at > form.times.undo):
        inquiry = replace(inquiry, undo={}, undo_number="", undo_at=None)
    if inquiry.state == SENT:
        return inquiry
    if inquiry.state == IDLE:
        return inquiry if inquiry.undo or inquiry.doubts else None
    if at - inquiry.at > form.times.draft:
        return None
    if "contact" not in inquiry.consents and at - inquiry.at > form.times.unconsented:
        return without_personal(inquiry, form)
    return inquiry


def without_personal(inquiry: Inquiry, form: Form) -> Inquiry:
    """Names, companies and numbers gone, also from remarks, open questions and what 恢复 would bring back."""
    answers, undo = _impersonal(inquiry.answers, form), _impersonal(inquiry.undo, form)
    kept = replace(inquiry, answers=answers, undo=undo, remarks=(), doubts=(), notice="")
    return replace(kept, last="", reopened="", failed="", failures=0)


def _impersonal(answers: Mapping[str, Answer], form: Form) -> dict[str, Answer]:
    """The raw words go too: those of an area may have the name and the phone of the same sentence in them."""
    return {name: replace(answer, raw="") for name, answer in answers.items() if name not in form.personal}


def is_paused(inquiry: Inquiry, form: Form, at: datetime) -> bool:
    return at - inquiry.at > form.times.pause


def _fitting(inquiry: Inquiry, form: Form) -> Inquiry:
    """A form changed since: questions about slots it no longer has are not asked any more."""
    names = form.every_name | {""}
    asks = tuple(doubt for doubt in inquiry.doubts if doubt.slot in names)
    if asks == inquiry.doubts and {inquiry.reopened, inquiry.last} <= names:
        return inquiry
    reopened, last = (name if name in names else "" for name in (inquiry.reopened, inquiry.last))
    return replace(inquiry, doubts=asks, reopened=reopened, last=last)


def _without_stale_questions(inquiry: Inquiry) -> Inquiry:
    """真的取消吗 is not answered by a 1 hours later; which value was meant, and 愿意, still are."""
    kept = tuple(doubt for doubt in inquiry.doubts if doubt.writes or doubt.about in ("resume", "share"))
    return inquiry if kept == inquiry.doubts else replace(inquiry, doubts=kept)
