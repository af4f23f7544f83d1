"""What the bot remembers of one follower between messages: a frozen value, made anew with every turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.dialogue.inquiry import Inquiry


@dataclass(frozen=True, slots=True)
class Listing:
    """The articles last offered as a numbered list: all ids found, best first, and how many were shown so far."""

    question: str
    ids: tuple[int, ...]
    shown: int = 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """`None` fields mean: nothing going on. Kept in Redis for 7 days; what must last longer is in the database.

    topics: keys of the topics the follower subscribed to (a copy of the database's rows).
    scene: the QR scene that led the follower here, the lead's source.
    inquiry: the factory or land inquiry being taken down, or the one handed in last.
    listing: what 更多 and a bare number refer to.
    rest: the part of a long text that 更多 continues.
    shown: ids of the articles shown lately, newest last, for the lead's card and for "not shown again as new".
    news_checked: the number of the last broadcast looked at for unread news.
    misses: messages in a row nobody could answer.
    pace: how often they want news: "" at once, daily or weekly (a copy, too).
    """

    topics: tuple[str, ...] = ()
    scene: str = ""
    inquiry: Inquiry | None = None
    listing: Listing | None = None
    rest: str = ""
    shown: tuple[int, ...] = ()
    news_checked: int = 0
    misses: int = 0
    pace: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data; fields that hold their default are left out to keep what Redis stores small.

        The keys are older than some of the names and stay as they are, for what is kept must be read again.
        """
        facts: dict[str, Any] = {
            "topics": list(self.topics),
            "pace": self.pace,
            "scene": self.scene,
            "inquiry": self.inquiry.to_dict() if self.inquiry else None,
            "listing": [self.listing.question, list(self.listing.ids), self.listing.shown] if self.listing else None,
            "rest": self.rest,
            "read": list(self.shown),
            "news": self.news_checked,
            "misses": self.misses,
        }
        return {key: value for key, value in facts.items() if value}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Conversation:
        listing = facts.get("listing")
        inquiry = facts.get("inquiry")
        return cls(
            topics=tuple(facts.get("topics", ())),
            scene=facts.get("scene", ""),
            inquiry=Inquiry.from_dict(inquiry) if inquiry else None,
            listing=Listing(listing[0], tuple(listing[1]), listing[2]) if listing else None,
            rest=facts.get("rest", ""),
            shown=tuple(facts.get("read", ())),
            news_checked=facts.get("news", 0),
            misses=facts.get("misses", 0),
            pace=facts.get("pace", ""),
        )
