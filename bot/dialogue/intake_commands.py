"""What a follower may command at any time: 取消 重填 上一步 跳过 查看 继续 提交, a person, and the privacy rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.dialogue.effects import ConsentWithdrawn, HumanWanted, LeadRevised, LeadSubmitted, PersonErased
from bot.dialogue.form import Slot
from bot.dialogue.inquiry import IDLE, OPEN, PAUSED, SENT, Doubt, Inquiry, lead_number
from bot.dialogue.intake_age import without_personal
from bot.dialogue.intake_steps import (
    Step,
    Talk,
    can_be_handed_in,
    carry_on,
    declined,
    from_lead,
    lead_slots,
    leave_out,
    passed,
    reopen,
    say,
    whole_slots,
)
from bot.dialogue.intake_words import brief_lines, is_at_card, lines, open_slot, question_again, slot_question
from bot.dialogue.lookups import OpenLead
from bot.dialogue.reply import HandOver, Words

LONGEST_WAITING = 300
ASKS_FROM = 3
"""So many filled slots are too much to lose by one word: 取消 asks first."""


def cancel(talk: Talk) -> Step:
    inquiry = talk.inquiry
    match inquiry.state:
        case "open" | "paused" if len(talk.form.filled(inquiry.answers)) >= ASKS_FROM:
            return _confirmed_first(talk, "cancel")
        case "open" | "paused":
            return say(talk, "cancelled", None)
        case "sent" if inquiry.reopened or inquiry.doubts:
            return carry_on(talk, replace(inquiry, reopened="", doubts=()))
        case "sent":
            return say(talk, "cancel_sent", inquiry, number=inquiry.number)
        case _:
            return say(talk, "nothing_to_cancel", inquiry)


def restart(talk: Talk) -> Step:
    """From the beginning; for a day 恢复 brings back what was there."""
    old = talk.inquiry
    number = old.number if old.state == SENT else ""
    kept = (old.answers, number, talk.said.at) if old.answers else (old.undo, old.undo_number, old.undo_at)
    fresh = Inquiry(OPEN, at=talk.said.at, began=talk.said.at, notice=old.notice, consents=old.consents)
    fresh = replace(fresh, share_asked=old.share_asked)
    fresh = replace(fresh, undo=kept[0], undo_number=kept[1], undo_at=kept[2])
    return carry_on(talk, fresh, talk.lookups.say("intake.restarted" if fresh.undo else "intake.opening"))


def undo(talk: Talk) -> Step:
    old = talk.inquiry
    if not old.undo:
        return _nothing(talk, "nothing_to_undo")
    state = SENT if old.undo_number else OPEN
    back = Inquiry(state, old.undo, at=talk.said.at, began=old.began, number=old.undo_number)
    back = replace(back, notice=old.notice, consents=old.consents, share_asked=old.share_asked)
    return carry_on(talk, back, talk.lookups.say("intake.undone"))


def back(talk: Talk) -> Step:
    """The filled slot before the one that is open, asked once more."""
    inquiry = talk.inquiry
    if inquiry.state not in (OPEN, SENT):
        return _nothing(talk, "nothing_to_resume")
    here = open_slot(inquiry, talk.form)
    asked = [slot for slot in talk.form.slots if slot.asked]
    before = asked[: asked.index(here)] if here in asked else asked
    filled = [slot for slot in before if slot.is_answered(inquiry.answers)]
    if not filled:
        return carry_on(talk, inquiry, talk.lookups.say("intake.at_first"))
    return reopen(talk, inquiry, filled[-1])


def skip(talk: Talk) -> Step:
    """Leave a slot out. One that matters is asked once more in softer words, and then left out all the same."""
    inquiry = talk.inquiry
    slot = open_slot(inquiry, talk.form)
    if (named := talk.form.left_out(talk.said.text)) and slot not in named and inquiry.state == OPEN:
        return leave_out(talk, inquiry, named)
    if inquiry.doubts:
        return carry_on(talk, replace(inquiry, doubts=inquiry.doubts[1:]))
    if slot is None:
        return carry_on(talk, inquiry) if inquiry.state == OPEN else _nothing(talk, "nothing_to_resume")
    if slot.name == inquiry.reopened and slot.has_value(inquiry.answers):
        return carry_on(talk, replace(inquiry, reopened=""), talk.lookups.say("intake.kept", label=slot.label))
    if slot.skippable or (inquiry.failed == slot.name and inquiry.failures):
        return declined(talk, inquiry, slot)
    return _softly(talk, slot)


def show(talk: Talk) -> Step:
    inquiry = talk.inquiry
    match inquiry.state:
        case "sent":
            return say(talk, "shown_sent", inquiry, **_sent_facts(talk, inquiry))
        case "open" if is_at_card(inquiry, talk.form) or not talk.form.filled(inquiry.answers):
            return carry_on(talk, inquiry)
        case "open":
            shown = talk.lookups.say("intake.shown", lines=brief_lines(inquiry, talk.lookups))
            return carry_on(talk, inquiry, shown)
        case "paused":
            return resume(talk)
        case _:
            return _shown_lead(talk)


def resume(talk: Talk) -> Step:
    inquiry = talk.inquiry
    match inquiry.state:
        case "paused":
            return carry_on(talk, replace(inquiry, state=OPEN), talk.lookups.say("intake.welcome_back"))
        case "open" if inquiry.reopened:
            return skip(talk)
        case "open":
            return carry_on(talk, inquiry)
        case "sent" if inquiry.reopened:
            return carry_on(talk, replace(inquiry, reopened=""), talk.lookups.say("intake.ack"))
        case _:
            return _nothing(talk, "nothing_to_resume")


def confirm(talk: Talk) -> Step:
    """提交 hands in only a card that was shown with the notice; before that it says what is missing."""
    inquiry = talk.inquiry
    match inquiry.state:
        case "open" if can_be_handed_in(inquiry, talk.form) and inquiry.notice == talk.form.notice:
            return _submitted(talk)
        case "open":
            return carry_on(talk, passed(inquiry), *_missing(talk))
        case "sent":
            return say(talk, "submitted_already", inquiry, number=inquiry.number)
        case "paused":
            return resume(talk)
        case _:
            return _nothing(talk, "nothing_to_resume")


def disagree(talk: Talk) -> Step:
    """No consent: personal values go at once, the need itself waits for 继续."""
    kept = replace(without_personal(talk.inquiry, talk.form), state=PAUSED, at=talk.said.at)
    return say(talk, "disagreed", kept)


def human(talk: Talk) -> Step:
    wanted, kept = HumanWanted(talk.said.text), talk.inquiry if talk.inquiry.state != IDLE else None
    if talk.lookups.hands_over:
        return Step(HandOver(), kept, (wanted,))
    told = talk.lookups.say("intake.human")
    again = question_again(talk.inquiry, talk.lookups)
    return Step(Words("\n\n".join(part for part in (told, again) if part)), kept, (wanted,))


def delete_data(talk: Talk) -> Step:
    return _confirmed_first(talk, "erase")


def erased(talk: Talk) -> Step:
    return replace(say(talk, "erased", None, PersonErased()), erased=True)


def withdraw(talk: Talk) -> Step:
    """Stops everything at once; of a draft only the need itself is kept."""
    kept = None
    if talk.inquiry.state in (OPEN, PAUSED):
        kept = replace(without_personal(talk.inquiry, talk.form), state=PAUSED, consents={}, at=talk.said.at)
    return say(talk, "withdrawn", kept, ConsentWithdrawn())


def share(talk: Talk, *, agreed: bool) -> Step:
    """The second consent, apart from the first: staff see it on the lead."""
    inquiry = talk.inquiry
    if not agreed:
        return say(talk, "not_shared", inquiry)
    consents = {**inquiry.consents, "share": given_consent(talk)}
    kept = replace(inquiry, consents=consents)
    slots, given = whole_slots(talk, inquiry), {"share": consents["share"]}
    effect = LeadRevised(inquiry.number, slots, ("consents",), inquiry.remarks, given)
    return say(talk, "shared", kept, effect)


COMMANDS: dict[str, Callable[[Talk], Step]] = {
    "cancel": cancel,
    "restart": restart,
    "undo": undo,
    "back": back,
    "skip": skip,
    "show": show,
    "resume": resume,
    "confirm": confirm,
    "human": human,
    "delete_data": delete_data,
    "withdraw": withdraw,
}


def _submitted(talk: Talk) -> Step:
    """One follower, one open lead: somebody known gets a revision of it.

    A lead with the same phone from another account is for the store to find, which merges the two: its number and
    that it exists are nothing to tell to whoever types a phone.
    """
    inquiry = replace(talk.inquiry, consents={**talk.inquiry.consents, "contact": given_consent(talk)})
    lead = talk.lookups.open_lead(talk.said.openid)
    number = lead.number if lead else lead_number(talk.said.key, talk.said.at)
    effect = _revision(lead, inquiry, talk) if lead else _new_lead(number, inquiry, talk)
    sent = replace(inquiry, state=SENT, number=number, at=talk.said.at, reopened="", failed="", failures=0, undo={})
    saved = _saved_words(talk, inquiry, number, known=lead is not None)
    if sent.share_asked:
        return Step(Words(saved), sent, (effect,))
    asked = replace(sent, share_asked=True, doubts=(_closed(talk, "share"),))
    return replace(carry_on(talk, asked, saved), effects=(effect,))


def _new_lead(number: str, inquiry: Inquiry, talk: Talk) -> LeadSubmitted:
    slots = lead_slots(inquiry, talk.form)
    return LeadSubmitted(number, slots, inquiry.consents, inquiry.remarks, talk.said.shown, talk.said.scene)


def _revision(lead: OpenLead, inquiry: Inquiry, talk: Talk) -> LeadRevised:
    names = tuple(name for name, value in lead_slots(inquiry, talk.form).items() if lead.slots.get(name) != value)
    return LeadRevised(lead.number, whole_slots(talk, inquiry), names, inquiry.remarks, inquiry.consents)


def _saved_words(talk: Talk, inquiry: Inquiry, number: str, *, known: bool) -> str:
    if known:
        return talk.lookups.say("intake.saved_again", number=number)
    if any(name in inquiry.slots for name in ("mobile", "landline", "wechat")):
        return talk.lookups.say("intake.saved", number=number)
    advisor = talk.lookups.advisor
    return talk.lookups.say("intake.saved_unreachable", number=number, advisor=f"{advisor.name} {advisor.phone}")


def given_consent(talk: Talk) -> dict[str, str]:
    return {"notice": talk.form.notice, "at": talk.said.at.isoformat(), "key": talk.said.key}


def _closed(talk: Talk, about: str, text: str = "") -> Doubt:
    yes, no = talk.lookups.say(f"intake.{about}_yes"), talk.lookups.say(f"intake.{about}_no")
    return Doubt(about, options=((yes, "yes"), (no, "no")), key=talk.said.key, text=text)


def _confirmed_first(talk: Talk, about: str) -> Step:
    others = tuple(doubt for doubt in talk.inquiry.doubts if doubt.writes)
    return carry_on(talk, replace(talk.inquiry, doubts=(_closed(talk, about), *others)))


def resume_or_restart(talk: Talk, text: str = "") -> Step:
    """Back after a pause: what there is, and whether to go on with it. `text` is read after the answer."""
    asked = replace(talk.inquiry, state=OPEN, doubts=(_closed(talk, "resume", text[:LONGEST_WAITING]),))
    return carry_on(talk, asked)


def _softly(talk: Talk, slot: Slot) -> Step:
    after = replace(talk.inquiry, failed=slot.name, failures=talk.inquiry.failures + 1)
    return carry_on(talk, after, wording=slot_question(slot, slot.refused, talk.lookups))


def _missing(talk: Talk) -> tuple[str, ...]:
    known = talk.form.with_implied(talk.inquiry.answers)
    labels = [slot.label for slot in talk.form.slots if slot.asked and not slot.is_answered(known)]
    comma = talk.form.words["comma"]
    return (talk.lookups.say("intake.still_missing", labels=comma.join(labels)),) if labels else ()


def _sent_facts(talk: Talk, inquiry: Inquiry) -> dict[str, str]:
    given = "both" if "share" in inquiry.consents else "contact" if "contact" in inquiry.consents else "none"
    consents = talk.lookups.say(f"intake.consents_{given}")
    return {"number": inquiry.number, "lines": lines(inquiry, talk.lookups), "consents": consents}


def _shown_lead(talk: Talk) -> Step:
    lead = talk.lookups.open_lead(talk.said.openid)
    if lead is None:
        return _nothing(talk, "nothing_shown")
    inquiry = from_lead(lead, talk.said.at)
    return say(talk, "shown_sent", inquiry, **_sent_facts(talk, inquiry))


def _nothing(talk: Talk, name: str) -> Step:
    return say(talk, name, talk.inquiry)
