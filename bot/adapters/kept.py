"""What is kept of one follower between messages, packed small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.squeezed import squeezed, unsqueezed
from bot.dialogue.conversation import Conversation
from bot.dialogue.reply import Card, HandOver, Picture, Reply, Silence, Words


@dataclass(frozen=True, slots=True)
class Kept:
    """`conversation` is None for a follower we do not know.

    answers: the last replies by message key, oldest first, for the platform's repeats.
    owed: an answer that came too late for every repeat; it goes out with the next reply.
    whole: false while the database could not be asked what it knows of the follower.
    """

    conversation: Conversation | None = None
    answers: Mapping[str, Reply] = field(default_factory=dict)
    owed: Reply | None = None
    whole: bool = True

    def packed(self) -> bytes:
        facts: dict[str, Any] = {
            "c": (self.conversation or Conversation()).to_dict(),
            "a": [[key, *_packed(reply)] for key, reply in self.answers.items()],
        }
        if self.owed is not None:
            facts["o"] = _packed(self.owed)
        if not self.whole:
            facts["p"] = 1
        return squeezed(facts)

    @classmethod
    def unpacked(cls, data: bytes) -> Kept:
        """Raises Unreadable, or what comes of reading something of another shape: see SHAPELESS."""
        facts = unsqueezed(data)
        answers = {key: _unpacked(kind, values) for key, kind, *values in facts["a"]}
        owed = facts.get("o")
        return cls(
            Conversation.from_dict(facts["c"]),
            answers,
            _unpacked(owed[0], owed[1:]) if owed else None,
            "p" not in facts,
        )


SHAPELESS = (ValueError, KeyError, TypeError, IndexError, AttributeError)


def _packed(reply: Reply) -> list[str]:
    match reply:
        case Words(text):
            return ["w", text]
        case Card(title, description, picture, url):
            return ["c", title, description, picture, url]
        case Picture(media_id):
            return ["p", media_id]
        case HandOver():
            return ["h"]
        case Silence():
            return ["s"]


def _unpacked(kind: str, values: list[str]) -> Reply:
    made: Mapping[str, Any] = {"w": Words, "c": Card, "p": Picture, "h": HandOver, "s": Silence}
    reply: Reply = made[kind](*values)
    return reply
