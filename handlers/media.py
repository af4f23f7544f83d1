"""Pictures, voices, places and links: an answer that fits, and a place counts during an inquiry."""

from __future__ import annotations

from bot.dialogue.conversation import Conversation
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Image, Link, Location, Message, Video, Voice
from bot.dialogue.reply import Words
from bot.dialogue.turn import Turn


def media(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Image():
            return Turn(Words(lookups.say("image")), conversation)
        case Voice():
            return Turn(Words(lookups.say("voice")), conversation)
        case Video():
            return Turn(Words(lookups.say("video")), conversation)
        case Location(label=label, latitude=latitude, longitude=longitude):
            return Turn(Words(lookups.say("location", label=label or f"{latitude:.3f},{longitude:.3f}")), conversation)
        case Link():
            return Turn(Words(lookups.say("link")), conversation)
        case _:
            return None
