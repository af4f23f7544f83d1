"""Taking down an inquiry for factories or land: hands messages to the pure dialogue and its step back as a turn."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import InquiryBegun
from bot.dialogue.inquiry import IDLE, OPEN, SENT, Inquiry
from bot.dialogue.intake import answer, begins
from bot.dialogue.intake_age import aged, is_paused
from bot.dialogue.intake_steps import Said, Step
from bot.dialogue.intake_words import is_at_card
from bot.dialogue.intake_words import question_again as open_question
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Location, Message, Text, Voice
from bot.dialogue.reply import TEXT_LIMIT, Reply, Words, link
from bot.dialogue.turn import Turn

_NUMBERED = re.compile(r"[0-9]\. (?=<a )")
"""Below a list of articles a number opens an article, so there the choices are only to be tapped."""


def intake(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    """Begins an inquiry, fills, corrects, hands it in; None for everything that another route should answer."""
    said = _said(message, conversation)
    step = answer(said, conversation.inquiry, lookups) if said else None
    if step is None:
        return None
    after = Conversation() if step.erased else replace(conversation, inquiry=step.inquiry, misses=0)
    return Turn(
        _with_page(step, conversation.inquiry, message, lookups),
        after,
        (*_begun(step, message, conversation), *step.effects),
    )


def _begun(step: Step, message: Message, before: Conversation) -> tuple[InquiryBegun, ...]:
    """Counted at its first message, for many never come to the last."""
    began = step.inquiry is not None and step.inquiry.state != IDLE and begins(before.inquiry, step.inquiry, message.at)
    return (InquiryBegun(before.scene, before.shown),) if began else ()


def _with_page(step: Step, before: Inquiry | None, message: Message, lookups: Lookups) -> Reply:
    """At the first question, and when we are stuck, the page is offered to those who would rather fill in a form."""
    address = lookups.page(message.openid, message.at) if _offers_page(step.inquiry, before, lookups) else ""
    if not address or not isinstance(step.reply, Words):
        return step.reply
    said = f"{step.reply.text}\n{lookups.say('page.offer', page=link(lookups.say('page.tap'), address))}"
    return Words(said) if len(said.encode()) <= TEXT_LIMIT else step.reply


def _offers_page(inquiry: Inquiry | None, before: Inquiry | None, lookups: Lookups) -> bool:
    if inquiry is None or inquiry.state != OPEN or is_at_card(inquiry, lookups.form):
        return False
    return before is None or before.state in (IDLE, SENT) or any(doubt.about == "stuck" for doubt in inquiry.doubts)


def question_again(conversation: Conversation, lookups: Lookups, at: datetime | None = None) -> str:
    """The open question, to be put again after another route has answered; "" when nothing is open.

    With `at`, a draft that has rested for a while stays quiet instead of following every article with its question.
    """
    inquiry = aged(conversation.inquiry, lookups.form, at) if at else conversation.inquiry
    if inquiry is None or (at and is_paused(inquiry, lookups.form, at)):
        return ""
    question = open_question(inquiry, lookups)
    return _NUMBERED.sub("· ", question) if conversation.listing else question


def is_open(conversation: Conversation) -> bool:
    """Whether an inquiry is being taken down."""
    return conversation.inquiry is not None and conversation.inquiry.state == OPEN


def fresh(conversation: Conversation, lookups: Lookups, at: datetime) -> Conversation:
    """The conversation without what time has taken from the draft: to be called before any route answers."""
    inquiry = aged(conversation.inquiry, lookups.form, at)
    return conversation if inquiry == conversation.inquiry else replace(conversation, inquiry=inquiry)


def _said(message: Message, conversation: Conversation) -> Said | None:
    match message.content:
        case Text(text=text) | Voice(recognition=text) if text.strip():
            place = False
        case Location(label=text) if text.strip():
            place = True
        case _:
            return None
    return Said(text, message.at, message.key, message.openid, place, conversation.scene, conversation.shown)
