"""SKELETON, replaced by the intake work."""

from bot.dialogue.conversation import Conversation
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message
from bot.dialogue.turn import Turn


def intake(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    return None


def question_again(conversation: Conversation, lookups: Lookups) -> str:
    return ""
