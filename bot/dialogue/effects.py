"""What a turn changes outside the conversation. Handlers only name effects; `bot.store.effects` makes them rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Followed:
    scene: str = ""


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """The platform's rule: delete this user's data. Open leads stay (their own consent), the rest goes."""


@dataclass(frozen=True, slots=True)
class TopicsChosen:
    """The follower's subscriptions from now on, as topic keys (the whole set, not the difference).

    pace: how often they want to hear of all of them: "" at once, daily or weekly.
    """

    topics: tuple[str, ...]
    pace: str = ""


@dataclass(frozen=True, slots=True)
class LeadSubmitted:
    """A confirmed inquiry with consent. `slots` has the keys of the form (config/intake.toml).

    number: what the follower was told, made from the message key, unique.
    consents: e.g. {"contact": {"notice": "2026-11", "at": iso, "key": message key}, "share": {...} or absent}.
    remarks: the follower's own words, oldest first.
    shown: ids of articles the follower was shown lately.
    """

    number: str
    slots: Mapping[str, Any]
    consents: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    shown: tuple[int, ...] = ()
    scene: str = ""


@dataclass(frozen=True, slots=True)
class LeadRevised:
    """The same lead with corrected or added values; `slots` is the whole new set, `changed` the keys that differ.

    remarks: all of them, oldest first. consents: those given with this revision, e.g. share, asked after submission.
    """

    number: str
    slots: Mapping[str, Any]
    changed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    consents: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """Stops processing and pending notices of the follower's leads at once."""


@dataclass(frozen=True, slots=True)
class PersonErased:
    """Leave no trace of this follower but a keyed tombstone."""


@dataclass(frozen=True, slots=True)
class HumanWanted:
    """The follower asked for a person; staff are told. `text` is the message."""

    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for articles, kept for staff: unanswered questions, hot topics, what a lead wanted to know."""

    text: str
    answered: bool
    shown: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class InquiryBegun:
    """An inquiry is being taken down from now on; counted, with nothing of who it is. scene, shown: as of LeadSubmitted."""

    scene: str = ""
    shown: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleRead:
    """They tapped the link to an article that was sent to them."""

    article: int


@dataclass(frozen=True, slots=True)
class NewsShown:
    """Waiting news that went out with this reply: numbers of the broadcasts it is from, and ids of its articles."""

    broadcasts: tuple[int, ...]
    articles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reported:
    """The platform's word on a job of ours; `event` as it spells it."""

    event: str
    fields: Mapping[str, object] = field(default_factory=dict)


Effect: TypeAlias = (
    Followed
    | Unfollowed
    | TopicsChosen
    | LeadSubmitted
    | LeadRevised
    | ConsentWithdrawn
    | PersonErased
    | HumanWanted
    | Asked
    | InquiryBegun
    | ArticleRead
    | NewsShown
    | Reported
)

Noted: TypeAlias = Asked | InquiryBegun | ArticleRead
"""What only figures and staff want to know: rows are made of it later, so that the answer need not wait for them."""
