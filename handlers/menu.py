"""A tap on the menu counts as the follower having said the sentence behind its key."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Click, Message, Text


def spoken(message: Message, lookups: Lookups) -> Message:
    """The message as words: clicks become the sentence of config/menu.toml; a key that is gone from it asks for help."""
    match message.content:
        case Click(key=key):
            return replace(message, content=Text(lookups.menu.get(key, "help")))
        case _:
            return message
