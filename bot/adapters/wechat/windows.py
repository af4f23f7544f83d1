"""The moments in which a follower may be written to: what opens them and how Redis remembers them (reference §4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.dialogue.message import (
    Click,
    Content,
    Follow,
    Image,
    Link,
    Location,
    Message,
    Scan,
    Text,
    Video,
    Voice,
)

MESSAGE, MOMENT = "m", "e"
LASTS = {MESSAGE: timedelta(hours=48), MOMENT: timedelta(minutes=1)}
HOLDS = {MESSAGE: 5, MOMENT: 3}
"""How many messages of ours each kind of window lets through."""


@dataclass(frozen=True, slots=True)
class Window:
    """`kind`: m for a message of the follower, e for a follow, scan or menu tap."""

    kind: str
    at: datetime

    @property
    def lasts(self) -> timedelta:
        return LASTS[self.kind]


def opened_by(message: Message) -> Window | None:
    kind = _kind(message.content)
    return Window(kind, message.at) if kind else None


def _kind(content: Content) -> str:
    match content:
        case Text() | Image() | Voice() | Video() | Location() | Link():
            return MESSAGE
        case Follow() | Scan() | Click():
            return MOMENT
        case _:
            return ""


def window_key(openid: str) -> str:
    """A hash: when each kind was opened last (m, e; seconds) and how much of it is used (mu, eu)."""
    return f"w:{{{openid}}}"
