"""Turns articles of ours into a draft at the platform, within what a draft may hold."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot import layout
from bot.adapters.site.body import PICTURE, Block
from bot.adapters.wechat.client import (
    DRAFT_AUTHOR,
    DRAFT_DIGEST,
    DRAFT_SOURCE,
    DRAFT_TITLE,
    DraftArticle,
)
from bot.adapters.wechat.errors import Busy, Unsure
from bot.store import materials
from bot.store.base import Sessions, reading
from bot.store.news import Story
from jobs.pictures import COVER, Mover, Uploads

DRAFT_ARTICLES = 8
"""Articles a draft may hold."""
WIDTH, HEIGHT = 900, 383
"""Pixels, as the platform shows a cover."""
TOP, BOTTOM = (24, 78, 119), (46, 139, 158)
"""The colours of our own cover: red, green, blue."""


class Draftsman(Uploads, Protocol):
    """The platform's material and draft calls. Raises PlatformError."""

    def add_draft(self, articles: Sequence[DraftArticle]) -> str: ...


@dataclass(frozen=True, slots=True)
class Layout:
    """tail: lines under every article, like "原文：{url}". fetch: a file of the site by its address, raises SiteError;
    without it drafts have no pictures of the articles."""

    tail: str
    fetch: Callable[[str], bytes] | None = None


def make(platform: Draftsman, sessions: Sessions, stories: Sequence[Story], how: Layout) -> str:
    """The media_id of a new draft. Raises PlatformError: Busy also for a call that was cut off, for a draft made twice is
    only a draft too many."""
    mover = Mover(platform, sessions, how.fetch)
    try:
        return platform.add_draft([_article(story, mover, how.tail) for story in stories])
    except Unsure as error:
        raise Busy(error.code, error.message, call=error.call) from error


def cover(platform: Uploads, sessions: Sessions) -> str:
    """The media_id of the picture over articles that bring none: uploaded once. Raises PlatformError."""
    with reading(sessions) as session:
        known = materials.media_id(session, COVER)
    if known:
        return known
    made = platform.add_material("image", gradient(WIDTH, HEIGHT), "cover.png")
    with sessions.begin() as session:
        materials.remember(session, COVER, made)
    return made


def _article(story: Story, mover: Mover, tail: str) -> DraftArticle:
    shown = layout.blocks(story)
    return DraftArticle(
        title=story.title[:DRAFT_TITLE],
        content=layout.content(_moved(shown, mover), story.url, tail),
        thumb_media_id=_own_cover(shown, mover) or cover(mover.platform, mover.sessions),
        author=story.author[:DRAFT_AUTHOR],
        digest=story.summary[:DRAFT_DIGEST],
        content_source_url=story.url if len(story.url.encode()) <= DRAFT_SOURCE else "",
    )


def _moved(blocks: Sequence[Block], mover: Mover) -> list[Block]:
    """With pictures that lie at the platform; those that cannot be brought there are left out."""
    found = (replace(block, inner=mover.in_body(block.inner)) if block.kind == PICTURE else block for block in blocks)
    return [block for block in found if block.inner]


def _own_cover(blocks: Sequence[Block], mover: Mover) -> str:
    first = next((block.inner for block in blocks if block.kind == PICTURE), "")
    return mover.as_cover(first) if first else ""


def gradient(width: int, height: int) -> bytes:
    """A PNG that goes from one colour to another: nobody's picture, so nobody's rights."""
    rows = b"".join(b"\0" + bytes(_between(y / (height - 1))) * width for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    )


def _between(part: float) -> tuple[int, ...]:
    return tuple(round(top + (bottom - top) * part) for top, bottom in zip(TOP, BOTTOM, strict=True))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
