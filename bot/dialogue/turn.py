"""One answer: the reply, the conversation as it goes on, and what changes outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Effect
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message
from bot.dialogue.reply import Reply


@dataclass(frozen=True, slots=True)
class Turn:
    reply: Reply
    conversation: Conversation
    effects: tuple[Effect, ...] = ()


Handler = Callable[[Message, Conversation, Lookups], Turn | None]
"""A handler answers, or returns None to let the next row of the table speak."""
