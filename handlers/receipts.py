"""What the platform reports about our own jobs, and everything it only tells us: no visible answer."""

from __future__ import annotations

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Reported
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message, Other, Receipt, View
from bot.dialogue.reply import SILENCE
from bot.dialogue.turn import Turn


def reported(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Receipt(event=event, fields=fields):
            return Turn(SILENCE, conversation, (Reported(event, fields),))
        case View() | Other():
            return Turn(SILENCE, conversation)
        case _:
            return None
