"""The advisor's card, and the way to a person."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import HumanWanted
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message, Text
from bot.dialogue.reply import HandOver, Picture, Reply, Words, link
from bot.dialogue.turn import Turn


def advisor(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Text(text=text) if lookups.heard("contact", text):
            return Turn(_card(lookups), conversation)
        case Text(text=text) if lookups.heard("qr", text):
            return Turn(_qr(lookups), conversation)
        case _:
            return None


def human(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    """Staff are told in any case; the platform's own desk takes over where the account has one."""
    match message.content:
        case Text(text=text) if lookups.heard("human", text) or lookups.wants_human(text):
            wanted = replace(conversation, misses=0)
            return Turn(_hand_over(lookups), wanted, (HumanWanted(text),))
        case _:
            return None


def _hand_over(lookups: Lookups) -> Reply:
    return HandOver() if lookups.hands_over else Words(lookups.say("human_told"))


def _qr(lookups: Lookups) -> Reply:
    """The card where there is no picture to send: it has the link to one, or the number to add by hand."""
    return Picture(lookups.advisor.qr_media_id) if lookups.advisor.qr_media_id else _card(lookups)


def _card(lookups: Lookups) -> Words:
    card = lookups.say("contact")
    if lookups.advisor.qr_media_id:
        return Words(f"{card}\n{lookups.say('contact_qr_line')}")
    if lookups.advisor.qr_url:
        return Words(f"{card}\n{link(lookups.say('contact_qr'), lookups.advisor.qr_url)}")
    return Words(card)
