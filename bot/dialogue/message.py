"""What a follower said or did, in our own words: one frozen `Message` for every callback of the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Typed words, or the text of a tapped self-sent link or menu message (then `menu_id` is set)."""

    text: str
    menu_id: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    url: str
    media_id: str


@dataclass(frozen=True, slots=True)
class Voice:
    """`recognition` is the platform's own transcript; since 2026 it is usually empty (reference §1.7)."""

    media_id: str
    recognition: str = ""


@dataclass(frozen=True, slots=True)
class Video:
    media_id: str


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    label: str


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    description: str
    url: str


@dataclass(frozen=True, slots=True)
class Follow:
    """Followed the account; `scene` is the parameter of the QR code that led here, without `qrscene_`."""

    scene: str = ""


@dataclass(frozen=True, slots=True)
class Unfollow:
    pass


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Gave up the account at the platform and with it every consent: nothing of this person may stay."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A follower scanned one of our QR codes."""

    scene: str


@dataclass(frozen=True, slots=True)
class Click:
    """Tapped a menu entry of type click."""

    key: str


@dataclass(frozen=True, slots=True)
class View:
    """Opened a menu entry that leads to a page or mini program; the platform shows no reply to it."""

    url: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform reports how a job or a notice of ours ended (mass send, template, publish, notice consent)."""

    event: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Other:
    """A message or event kind that needs no answer, or that we do not know; `kind` as the platform spells it."""

    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)


Content: TypeAlias = (
    Text
    | Image
    | Voice
    | Video
    | Location
    | Link
    | Follow
    | Unfollow
    | Cancelled
    | Scan
    | Click
    | View
    | Receipt
    | Other
)


@dataclass(frozen=True, slots=True)
class Message:
    """One callback. `key` tells repeats of the same callback from new ones (reference §1.6); `at` has a zone."""

    openid: str
    account: str
    at: datetime
    key: str
    content: Content
