"""What the bot answers, in our own words, and what the platform lets a text hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

TEXT_LIMIT = 1800
"""Bytes of UTF-8 we put into one text; the platform loses texts of over 2048 bytes (reference §2)."""


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """One news article: the only number a passive reply to a message may carry (reference §2)."""

    title: str
    description: str
    picture: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    media_id: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give the follower to the human agents of the platform's own desk (verified accounts only)."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing to say: the platform gets `success`."""


Reply: TypeAlias = Words | Card | Picture | HandOver | Silence
SILENCE = Silence()

_UNSAFE = str.maketrans({"&": " ", '"': " ", "<": " ", ">": " ", "\n": " "})


def tap(text: str, sends: str | None = None) -> str:
    """A link that sends `sends` (default: its own text) as the follower's message when tapped (reference §2)."""
    message = (sends or text).translate(_UNSAFE)
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={message}&msgmenuid=1">{text}</a>'


def link(text: str, url: str) -> str:
    return f'<a href="{url.replace(chr(34), "%22")}">{text}</a>'


def fitted(text: str, limit: int = TEXT_LIMIT) -> tuple[str, str]:
    """Split a text into what fits in `limit` bytes of UTF-8 and the rest, between lines where possible."""
    if len(text.encode()) <= limit:
        return text, ""
    head = text.encode()[:limit].decode(errors="ignore")
    cut = max(head.rfind("\n"), head.rfind("。") + 1)
    if cut <= len(head) // 2 or _inside_link(head[:cut]):
        cut = head.rfind("<a ") if _inside_link(head) else len(head)
    return text[:cut].rstrip("\n"), text[cut:].lstrip("\n")


def _inside_link(text: str) -> bool:
    return text.rfind("<a ") > text.rfind("</a>")
