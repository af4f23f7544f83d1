"""Hello, help and thanks: the first words a follower reads."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Followed, PersonErased, Unfollowed
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Cancelled, Follow, Message, Scan, Text, Unfollow
from bot.dialogue.reply import SILENCE, Words
from bot.dialogue.turn import Turn


def followed(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    """Welcome a new follower; the QR scene stays with the conversation as the source of a later lead."""
    match message.content:
        case Follow(scene=scene):
            known = replace(conversation, scene=scene or conversation.scene)
            return Turn(Words(_welcome(scene, lookups)), known, (Followed(scene),))
        case _:
            return None


def scanned(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Scan(scene=scene):
            known = replace(conversation, scene=scene or conversation.scene)
            return Turn(Words(_welcome(scene, lookups)), known, (Followed(scene),))
        case _:
            return None


def unfollowed(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    """The platform shows no reply to this, and wants the user's data deleted (reference §1.8)."""
    match message.content:
        case Unfollow():
            return Turn(SILENCE, Conversation(), (Unfollowed(),))
        case Cancelled():
            return Turn(SILENCE, Conversation(), (PersonErased(),))
        case _:
            return None


def small_talk(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Text(text=text):
            said = next((name for name in ("help", "greeting", "thanks") if lookups.heard(name, text)), None)
            return Turn(Words(lookups.say(said)), conversation) if said else None
        case _:
            return None


def _welcome(scene: str, lookups: Lookups) -> str:
    welcome = lookups.say("welcome")
    return f"{welcome}\n{lookups.say('welcome_scene', scene=scene)}" if scene else welcome
