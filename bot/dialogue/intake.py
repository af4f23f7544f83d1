"""The inquiry as a pure function of state and message: closed question, command, digression, values, one reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.dialogue.inquiry import IDLE, OPEN, PAUSED, SENT, Answer, Doubt, Inquiry
from bot.dialogue.intake_about import (
    BEGINS_FROM,
    is_about_lead,
    is_digression,
    is_for_others,
    is_greeted,
    is_half_a_number,
    is_small_talk_first,
    names_an_article,
    not_a_need,
    starts,
)
from bot.dialogue.intake_age import aged, is_paused
from bot.dialogue.intake_commands import COMMANDS, disagree, erased, resume_or_restart, share, skip
from bot.dialogue.intake_filling import Filled, change, cued_slots, fill, grown, write
from bot.dialogue.intake_labels import redacted, said_words
from bot.dialogue.intake_reading import listen, number_said
from bot.dialogue.intake_steps import (
    Said,
    Step,
    Talk,
    carry_on,
    changed,
    declined,
    failed,
    from_lead,
    leave_out,
    passed,
    problem_words,
    reopen,
    say,
)
from bot.dialogue.intake_words import asked_slot, is_at_card, open_slot
from bot.dialogue.lookups import Lookups
from bot.dialogue.reply import tap
from bot.dialogue.wording import plain
from bot.understanding.reading import Reading, Value

_YIELDS = frozenset({"cancel", "back", "show", "resume", "confirm", "skip"})
"""Commands that a message with values does not mean: 不租了，改买吧 is no 取消."""


def begins(before: Inquiry | None, after: Inquiry | None, at: datetime) -> bool:
    """Whether an inquiry was begun just now: none was being taken down, and this is no lead or draft that came back."""
    was_open = before is not None and before.state in (OPEN, PAUSED)
    return after is not None and after.began == at and not was_open


def answer(said: Said, before: Inquiry | None, lookups: Lookups) -> Step | None:
    """The turn of the inquiry, or None where another route should speak."""
    inquiry = aged(before, lookups.form, said.at) or Inquiry(IDLE, at=said.at, began=said.at)
    settled = _settle(said, inquiry, lookups)
    if settled is not None:
        return settled
    talk = listen(said, _without_steering(inquiry), lookups)
    command = _command(talk)
    if command:
        return COMMANDS[command](talk)
    if talk.reading.article:
        return None
    return _BY_STATE[talk.inquiry.state](talk)


def _command(talk: Talk) -> str:
    if talk.said.place or is_small_talk_first(talk):
        return ""
    name = talk.form.command(talk.said.text) or _command_read(talk)
    if name == "start" or (name in _YIELDS and talk.reading.values):
        return ""
    return name if name in COMMANDS and not (name == "confirm" and is_at_card(talk.inquiry, talk.form)) else ""


def _command_read(talk: Talk) -> str:
    """重填面积 is about one slot, whatever command it looks like."""
    return "" if talk.form.wants_changed(talk.said.text) else talk.reading.command


def _without_steering(inquiry: Inquiry) -> Inquiry:
    """Questions about the course of things are put once; a reply about something else lets them go."""
    kept = tuple(doubt for doubt in inquiry.doubts if doubt.writes)
    return inquiry if kept == inquiry.doubts else replace(inquiry, doubts=kept)


# --- closed questions -------------------------------------------------------------------------------------------------


_INSISTED = {"cancel": "cancel", "erase": "delete_data"}
"""Saying the command again is the answer to: are you sure?"""


def _settle(said: Said, inquiry: Inquiry, lookups: Lookups) -> Step | None:
    """The reply to the closed question that is open, if it is one of its choices."""
    if not inquiry.doubts or said.place:
        return None
    doubt = inquiry.doubts[0]
    picked = _picked(said.text, doubt, lookups)
    if picked is None or _is_stale(said, inquiry, doubt, lookups):
        return None
    talk = Talk(said, replace(inquiry, doubts=inquiry.doubts[1:]), Reading(), lookups)
    return _chosen(talk, doubt, picked) if doubt.writes else _steered(talk, doubt, picked)


def _is_stale(said: Said, inquiry: Inquiry, doubt: Doubt, lookups: Lookups) -> bool:
    """A bare number hours later may mean anything, so it is no consent; 愿意 still is one."""
    return doubt.about == "share" and number_said(said.text) > 0 and is_paused(inquiry, lookups.form, said.at)


def _picked(text: str, doubt: Doubt, lookups: Lookups) -> Any:
    """The chosen value; _NOTHING for the choice that changes nothing; None where the text is no choice."""
    found = _option(text, doubt, lookups)
    return None if found is None else _NOTHING if found[1] is None else found[1]


_NOTHING = object()


def _option(text: str, doubt: Doubt, lookups: Lookups) -> tuple[str, Any] | None:
    number, words = number_said(text), plain(text)
    if 1 <= number <= len(doubt.options):
        return doubt.options[number - 1]
    same = [option for option in doubt.options if plain(option[0]) == words]
    return same[0] if same else _agreed(text, doubt, lookups) or _part_said(words, doubt)


def _agreed(text: str, doubt: Doubt, lookups: Lookups) -> tuple[str, Any] | None:
    """Yes and no in other words. A consent needs plainer ones, and where there are several choices 好的 picks none."""
    if doubt.about == "stuck":
        return None
    if doubt.about in _INSISTED and lookups.form.command(text) == _INSISTED[doubt.about]:
        return doubt.options[0]
    if lookups.form.hears("no", text):
        return doubt.options[-1]
    if doubt.about == "which":
        return None
    return doubt.options[0] if lookups.form.hears("share_yes" if doubt.about == "share" else "yes", text) else None


def _part_said(words: str, doubt: Doubt) -> tuple[str, Any] | None:
    """南京 for 南京鼓楼区, where only one choice has it."""
    part = [option for option in doubt.options[:-1] if len(words) >= 2 and words in plain(option[0])]
    return part[0] if len(part) == 1 and doubt.about == "which" else None


def _chosen(talk: Talk, doubt: Doubt, picked: Any) -> Step:
    inquiry = _closed_by(talk.inquiry, doubt, talk)
    if picked is _NOTHING:
        return carry_on(talk, replace(inquiry, failed="", failures=0))
    if doubt.about == "changes":
        for name, (value, raw) in picked.items():
            inquiry = write(inquiry, name, Answer(value, raw, doubt.key), talk.lookups)
        return changed(talk, inquiry)
    old = inquiry.answers.get(doubt.slot)
    if doubt.about == "which" and old and not (doubt.grows or doubt.cued or old.declined or old.value == picked):
        return carry_on(talk, replace(inquiry, doubts=(_change_to(talk, doubt, picked, old), *inquiry.doubts)))
    value = grown(old.value, picked) if doubt.grows and old and not old.declined else picked
    keep = talk.form.slot(doubt.slot).names if doubt.grows else ()  # type: ignore[union-attr]
    return changed(talk, write(inquiry, doubt.slot, Answer(value, doubt.raw, doubt.key), talk.lookups, keep))


def _change_to(talk: Talk, doubt: Doubt, picked: Any, old: Answer) -> Doubt:
    """Now it is clear which one was meant, but not that it should take the place of the old one."""
    return change(doubt.slot, Value(picked, doubt.raw), old, doubt.key, talk.lookups)


def _closed_by(inquiry: Inquiry, doubt: Doubt, talk: Talk) -> Inquiry:
    slot = talk.form.slot(doubt.slot) if doubt.slot else None
    return replace(inquiry, reopened="") if slot is not None and slot.name == inquiry.reopened else inquiry


def _steered(talk: Talk, doubt: Doubt, picked: Any) -> Step:
    """The answer to a question about the course of things."""
    match doubt.about, picked:
        case "cancel", "yes":
            return say(talk, "cancelled", None)
        case "erase", "yes":
            return erased(talk)
        case "erase", _:
            return carry_on(talk, talk.inquiry, talk.lookups.say("intake.erase_kept"))
        case "share", _:
            return share(talk, agreed=picked == "yes")
        case "resume", _:
            return _resumed(talk, doubt, "resume" if picked == "yes" else "restart")
        case "stuck", "skip" if slot := open_slot(talk.inquiry, talk.form):
            return declined(talk, talk.inquiry, slot)
        case "stuck", "human":
            return COMMANDS["human"](talk)
        case _:
            return carry_on(talk, talk.inquiry)


def _resumed(talk: Talk, doubt: Doubt, command: str) -> Step:
    """Go on or begin anew, and only then read what was said on coming back."""
    began = COMMANDS[command](replace(talk, inquiry=replace(talk.inquiry, state=PAUSED, at=talk.said.at)))
    if not doubt.text or began.inquiry is None:
        return began
    waited = replace(talk.said, text=doubt.text, key=doubt.key)
    return answer(waited, began.inquiry, talk.lookups) or began


# --- one function for each state --------------------------------------------------------------------------------------


def _outside(talk: Talk) -> Step | None:
    """Nothing open: begin an inquiry, or take a correction of the lead staff are working on."""
    if talk.said.place:
        return None
    if starts(talk) or talk.reading.inquiry >= BEGINS_FROM or is_half_a_number(talk):
        return _begun(talk)
    if talk.reading.corrects and (talk.reading.values or talk.form.wants_changed(talk.said.text)):
        lead = talk.lookups.open_lead(talk.said.openid)
        return _sent(replace(talk, inquiry=from_lead(lead, talk.said.at))) if lead else None
    return None


def _begun(talk: Talk) -> Step:
    old = talk.inquiry
    fresh = Inquiry(OPEN, at=talk.said.at, began=talk.said.at)
    fresh = replace(fresh, undo=old.undo, undo_number=old.undo_number, undo_at=old.undo_at)
    filled = fill(fresh, talk.reading, frozenset(), talk.said.key, talk.lookups)
    begun = replace(talk, inquiry=fresh)
    if filled.is_empty:
        return carry_on(begun, fresh, *_problems(begun, filled) or (talk.lookups.say("intake.opening"),))
    return _taken(begun, filled)


def _open(talk: Talk) -> Step | None:
    """The inquiry is being filled: every message may answer, correct, wander off, or say something we cannot read."""
    if is_paused(talk.inquiry, talk.form, talk.said.at) and talk.inquiry.answers:
        return _back_again(talk)
    return None if is_for_others(talk) else _answered(talk)


def _back_again(talk: Talk) -> Step | None:
    """After a pause: what there is and 继续 or 重填, unless the message simply goes on, or is about something else."""
    greeted = is_greeted(talk) or starts(talk) or talk.hears("agree") or talk.hears("confirm")
    if greeted or (talk.reading.values and _starts_over(talk)):
        return resume_or_restart(talk, talk.said.text if talk.reading.values else "")
    if is_for_others(talk) or (not_a_need(talk) and is_digression(talk)):
        return None
    return _answered(talk)


def _answered(talk: Talk) -> Step | None:
    if talk.hears("disagree") and talk.inquiry.notice:
        return disagree(talk)
    if is_at_card(talk.inquiry, talk.form) and (at_card := _at_card(talk)):
        return at_card
    named = talk.form.wants_changed(talk.said.text) if not talk.reading.values else None
    if named is not None and named.has_value(talk.inquiry.answers):
        return reopen(talk, talk.inquiry, named)
    return _filled(talk) or _unread(talk)


def _filled(talk: Talk) -> Step | None:
    """Take over what the message says, remark included; None where it says nothing usable."""
    remarked = _remarked(talk)
    answered = _without_answered(remarked.inquiry, talk)
    filled = fill(answered, talk.reading, _cued(talk), talk.said.key, talk.lookups)
    if filled.is_empty and remarked is not talk:
        return changed(talk, answered, talk.lookups.say("intake.remarked"))
    if not filled.is_empty:
        return _then_skipped(talk, _taken(talk, filled))
    if talk.inquiry.state == OPEN and (left := talk.form.left_out(talk.said.text)):
        return leave_out(talk, answered, left)
    if problems := _problems(talk, filled):
        return failed(talk, *problems)
    if talk.reading.values and not talk.inquiry.reopened and is_digression(talk):
        return None
    if talk.reading.values or starts(talk):
        return carry_on(talk, answered)
    return None


def _cued(talk: Talk) -> frozenset[str]:
    return cued_slots(talk.said.text, talk.reading, asked_slot(talk.inquiry, talk.form), talk.form)


def _without_answered(inquiry: Inquiry, talk: Talk) -> Inquiry:
    """What the message gives a value for is no longer open, be it the value from before."""
    slots = {slot.name for name in talk.reading.values if (slot := talk.form.slot(name))}
    doubts = tuple(doubt for doubt in inquiry.doubts if not _is_for(doubt, slots, talk))
    left = passed(inquiry) if doubts == inquiry.doubts else replace(inquiry, doubts=doubts)
    return replace(left, reopened="") if inquiry.reopened in slots else left


def _is_for(doubt: Doubt, slots: set[str], talk: Talk) -> bool:
    names = doubt.options[0][1] if doubt.about == "changes" else (doubt.slot,)
    return any((slot := talk.form.slot(name)) is not None and slot.name in slots for name in names)


def _taken(talk: Talk, filled: Filled) -> Step:
    """Values are in: queue the questions they raise, and go on."""
    inquiry = _with_left_out(filled.inquiry, talk)
    notes = list(_problems(talk, filled))
    if filled.removed:
        notes.append(talk.lookups.say("intake.removed", values=talk.form.words["comma"].join(filled.removed)))
    if is_paused(talk.inquiry, talk.form, talk.said.at) and talk.inquiry.answers:
        notes.insert(0, talk.lookups.say("intake.welcome_back"))
    after = replace(inquiry, doubts=(*inquiry.doubts, *filled.doubts)[:4])
    return changed(talk, after, *notes) if filled.changed or filled.removed else carry_on(talk, after, *notes)


def _with_left_out(inquiry: Inquiry, talk: Talk) -> Inquiry:
    for slot in talk.form.left_out(talk.said.text):
        if not slot.is_answered(inquiry.answers):
            inquiry = inquiry.with_answer(slot.names[0], Answer(None, "", talk.said.key))
    return inquiry


def _then_skipped(talk: Talk, step: Step) -> Step:
    """昆山，面积先跳过: the values count, then the slot asked is left out if they did not fill it."""
    wanted = talk.reading.command == "skip" and step.inquiry is not None and not step.inquiry.doubts
    slot = open_slot(talk.inquiry, talk.form)
    if not wanted or step.inquiry is None or slot is None or slot != open_slot(step.inquiry, talk.form):
        return step
    return skip(replace(talk, inquiry=step.inquiry))


def _unread(talk: Talk) -> Step | None:
    """No value in it: a change without a value, a polite noise, a question, an article search, or a remark."""
    inquiry = talk.inquiry
    if talk.said.place:
        return None
    if talk.reading.corrects or talk.hears("wrong") or talk.hears("amend"):
        return _which_to_change(talk)
    if talk.hears("ack"):
        return carry_on(talk, inquiry, talk.lookups.say("intake.ack"))
    slot = open_slot(inquiry, talk.form)
    if slot is not None and talk.hears("refuse"):
        return skip(talk)
    if talk.hears("unsure") and slot is not None and not inquiry.doubts:
        return COMMANDS["skip"](talk) if slot.personal else declined(talk, inquiry, slot, talk.said.text)
    if is_digression(talk) or names_an_article(talk):
        return None
    remarked = inquiry.with_remark(said_words(talk.said.text))
    if talk.form.is_question(talk.said.text):
        return carry_on(talk, remarked, talk.lookups.say("intake.question_noted"))
    if is_at_card(inquiry, talk.form) and inquiry.failures < 2:
        return failed(talk, talk.lookups.say("intake.remarked"), inquiry=remarked)
    return failed(talk, inquiry=remarked)


def _at_card(talk: Talk) -> Step | None:
    """The card is open: an explicit yes hands it in, a no keeps it here, everything else is an answer like any."""
    if talk.reading.values:
        return None
    if talk.hears("agree") or talk.form.command(talk.said.text) == "confirm" or talk.reading.command == "confirm":
        return COMMANDS["confirm"](talk)
    return _which_to_change(talk) if talk.hears("no") else None


def _sent(talk: Talk) -> Step | None:
    """Handed in, and still the same lead: corrections and additions revise it, everything else is for others."""
    if not is_about_lead(talk):
        return None
    if _wants_new(talk):
        return _begun(replace(talk, inquiry=Inquiry(IDLE, at=talk.said.at)))
    named = talk.form.wants_changed(talk.said.text) if not talk.reading.values else None
    if named is not None and named.name != talk.inquiry.reopened:
        return reopen(talk, talk.inquiry, named)
    if talk.hears("amend"):
        return _which_to_change(talk)
    step = _filled(talk)
    if step is not None or not (talk.inquiry.reopened or talk.inquiry.doubts):
        return step
    return None if is_for_others(talk) else _unread(talk)


def _paused(talk: Talk) -> Step | None:
    """Put aside: only the wish to go on, or a new need, opens it again."""
    if starts(talk) or talk.reading.inquiry >= BEGINS_FROM:
        return resume_or_restart(talk, talk.said.text if talk.reading.values else "")
    return None


_BY_STATE: dict[str, Callable[[Talk], Step | None]] = {OPEN: _open, SENT: _sent, PAUSED: _paused, IDLE: _outside}


def _starts_over(talk: Talk) -> bool:
    """Back with a need that contradicts the old one, or with nothing that goes on where we stopped."""
    filled = fill(talk.inquiry, talk.reading, _cued(talk), talk.said.key, talk.lookups)
    return not filled.changed or any(doubt.about in ("change", "changes") for doubt in filled.doubts)


def _wants_new(talk: Talk) -> bool:
    """A fresh need once staff have closed the old lead."""
    fresh = starts(talk) or talk.reading.inquiry >= BEGINS_FROM
    if not fresh or talk.reading.corrects or talk.inquiry.reopened or talk.inquiry.doubts:
        return False
    return talk.lookups.open_lead(talk.said.openid) is None


def _which_to_change(talk: Talk) -> Step:
    """不对: the slot it names is asked once more, or the value said last; at the card we ask which one."""
    spoken = talk.form.named_in(talk.said.text)
    if len(spoken) == 1 and (only := talk.form.slot(next(iter(spoken)))) and only.has_value(talk.inquiry.answers):
        return reopen(talk, talk.inquiry, only)
    named = talk.form.slot(talk.inquiry.last) if talk.inquiry.last and not talk.hears("amend") else None
    if named is not None and not is_at_card(talk.inquiry, talk.form) and talk.inquiry.state == OPEN:
        return reopen(talk, talk.inquiry, named)
    labels = [slot.label for slot in talk.form.filled(talk.inquiry.answers)]
    taps = talk.lookups.say("intake.gap").join(tap(label, f"{talk.form.change_before[-1]}{label}") for label in labels)
    wording = talk.lookups.say("intake.which_to_change", taps=taps)
    return carry_on(talk, talk.inquiry, wording=wording)


def _remarked(talk: Talk) -> Talk:
    words = talk.form.remark(talk.said.text)
    if not words or talk.reading.values:
        return talk
    return replace(talk, inquiry=talk.inquiry.with_remark(redacted(words)))


def _problems(talk: Talk, filled: Filled) -> tuple[str, ...]:
    """What is wrong with a number that was given; the good one from before stays and is named."""
    notes = []
    for name, problem in talk.reading.problems.items():
        if name in filled.changed or talk.form.slot(name) is None or any(doubt.slot == name for doubt in filled.doubts):
            continue
        notes.append(problem_words(talk, name, problem))
    return tuple(notes)
