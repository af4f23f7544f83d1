"""Hello, help and thanks: the first words a follower reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Followed, PersonErased, Unfollowed
from bot.dialogue.lookups import Entry, Lookups
from bot.dialogue.message import Cancelled, Follow, Message, Scan, Text, Unfollow
from bot.dialogue.reply import SILENCE, Words, link, tap
from bot.dialogue.turn import Turn


def followed(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Follow(scene=scene):
            return _welcomed(scene, conversation, lookups)
        case _:
            return None


def scanned(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    """Who follows already and scans a code of ours is welcomed again, for it may be another one."""
    match message.content:
        case Scan(scene=scene):
            return _welcomed(scene, conversation, lookups)
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
            if lookups.heard("menu", text) and (entries := lookups.entries()):
                return Turn(Words(lookups.say("menu_entries", lines=_lines(entries))), conversation)
            said = next((name for name in ("help", "greeting", "thanks") if lookups.heard(name, text)), None)
            return Turn(Words(_small(said, lookups)), conversation) if said else None
        case _:
            return None


def _small(said: str, lookups: Lookups) -> str:
    words = lookups.say(said)
    return words if said == "thanks" else _with_menu(words, lookups)


def _with_menu(words: str, lookups: Lookups) -> str:
    """Where there is no menu to show, a way to its entries."""
    return f"{words}\n{lookups.say('menu_line')}" if lookups.entries() else words


def _lines(entries: Iterable[Entry]) -> str:
    """What stands over one entry at the bottom of the screen shares a line."""
    lines = groupby(entries, key=lambda entry: entry.group)
    return "\n".join("\u3000".join(map(_tapped, line)) for _, line in lines)


def _tapped(entry: Entry) -> str:
    return tap(entry.name, entry.says) if entry.says else link(entry.name, entry.url)


def _welcomed(scene: str, conversation: Conversation, lookups: Lookups) -> Turn:
    """The QR scene stays with the conversation as the source of a later lead."""
    known = replace(conversation, scene=scene or conversation.scene)
    return Turn(Words(_welcome(scene, lookups)), known, (Followed(scene),))


def _welcome(scene: str, lookups: Lookups) -> str:
    welcome = _with_menu(lookups.say("welcome"), lookups)
    return f"{welcome}\n{lookups.say('welcome_scene', scene=scene)}" if scene else welcome
