"""One article as the index takes it in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Document:
    """`topics` are topic keys, best first; `duplicate_of` is the id of the article that is shown instead."""

    id: int
    title: str
    body: str
    published: datetime
    category: str = ""
    topics: tuple[str, ...] = ()
    url: str = ""
    picture: str = ""
    summary: str = ""
    duplicate_of: int | None = None
