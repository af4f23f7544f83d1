"""What of a message or reply staff can read afterwards: its kind, and its words if it has any."""

from __future__ import annotations

import re

from bot.dialogue.message import Click, Content, Follow, Image, Link, Location, Scan, Text, Video, Voice
from bot.dialogue.reply import Card, HandOver, Picture, Reply, Words

_MARKS = re.compile(r"<[^<>]{1,500}>")


def readable(said: Content | Reply) -> tuple[str, str] | None:  # noqa: C901 - one line for each kind
    """Kind and text; None for what nobody would read."""
    match said:
        case Text(text=text):
            return "text", text
        case Words(text=text):
            return "text", _MARKS.sub("", text)
        case Card(title=title, url=url):
            return "card", f"{title}\n{url}"
        case Image() | Picture():
            return "image", ""
        case Voice(recognition=text):
            return "voice", text
        case Video():
            return "video", ""
        case Location(label=label):
            return "location", label
        case Link(title=title, url=url):
            return "link", f"{title}\n{url}"
        case Follow(scene=scene):
            return "follow", scene
        case Scan(scene=scene):
            return "scan", scene
        case Click(key=key):
            return "click", key
        case HandOver():
            return "hand_over", ""
        case _:
            return None
