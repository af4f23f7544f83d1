"""Makes rows of the questions, begun inquiries and read articles that were left in Redis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from bot.dialogue.effects import Noted
from bot.dialogue.message import Message
from bot.store import effects
from bot.store.base import Sessions
from bot.store.secrets import Secrets

Waiting = Callable[[], AbstractContextManager[Sequence[tuple[Message, tuple[Noted, ...]]]]]
"""The next portion; it is let go of when its block ends without an error. Empty at the end."""


def take_down(sessions: Sessions, secrets: Secrets, waiting: Waiting) -> int:
    """Rows for everything that waits, one transaction a portion. Returns how many rows."""
    rows = 0
    while True:
        with waiting() as portion:
            if not portion:
                return rows
            rows += effects.take_down(sessions, secrets, portion)
