"""When nobody else could answer: suggestions, and after two misses in a row a person."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.conversation import Conversation
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message
from bot.dialogue.reply import Words
from bot.dialogue.turn import Turn


def suggest(message: Message, conversation: Conversation, lookups: Lookups) -> Turn:
    missed = replace(conversation, misses=conversation.misses + 1)
    return Turn(Words(lookups.say("fallback_again" if missed.misses >= 2 else "fallback")), missed)
