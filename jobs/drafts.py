"""Turns articles of ours into a draft at the platform, within what a draft may hold."""

from __future__ import annotations

import html
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from bot.adapters.wechat.client import DRAFT_AUTHOR, DRAFT_CONTENT, DRAFT_DIGEST, DRAFT_TITLE, DraftArticle
from bot.store import materials
from bot.store.base import Sessions, reading
from bot.store.news import Story

COVER = "cover"
WIDTH, HEIGHT = 900, 383
"""The size the platform shows a cover in."""
TOP, BOTTOM = (24, 78, 119), (46, 139, 158)


class Draftsman(Protocol):
    """The platform's material and draft calls. Raises PlatformError."""

    def add_material(self, kind: str, data: bytes, filename: str) -> str: ...
    def add_draft(self, articles: Sequence[DraftArticle]) -> str: ...


def make(platform: Draftsman, sessions: Sessions, stories: Sequence[Story], source: str) -> str:
    """The media_id of a new draft. A draft made twice is only a draft too many. source: like "原文：{url}"."""
    thumb = cover(platform, sessions)
    return platform.add_draft([_article(story, thumb, source) for story in stories])


def page(stories: Sequence[Story], source: str) -> str:
    """The same as HTML, to be pasted by hand where even drafts cannot be made."""
    return "\n".join(
        f"<h2>{html.escape(story.title, quote=False)}</h2>\n{_content(story, source)}" for story in stories
    )


def titled(stories: Sequence[Story], title: str) -> Sequence[Story]:
    """With the title line of staff over the first, which is the one that followers see."""
    return [replace(stories[0], title=title), *stories[1:]] if title and stories else stories


def cover(platform: Draftsman, sessions: Sessions) -> str:
    """The picture over articles that bring none: uploaded once."""
    with reading(sessions) as session:
        known = materials.media_id(session, COVER)
    if known:
        return known
    made = platform.add_material("image", gradient(WIDTH, HEIGHT), "cover.png")
    with sessions.begin() as session:
        materials.remember(session, COVER, made)
    return made


def _article(story: Story, thumb: str, source: str) -> DraftArticle:
    return DraftArticle(
        title=story.title[:DRAFT_TITLE],
        content=_content(story, source),
        thumb_media_id=thumb,
        author=story.author[:DRAFT_AUTHOR],
        digest=story.summary[:DRAFT_DIGEST],
        content_source_url=story.url,
    )


def _content(story: Story, source: str) -> str:
    """Plain paragraphs; what goes over the limit goes at the end of a paragraph, and the source line always stays."""
    tail = _paragraph(source.format(url=story.url))
    content = ""
    for line in filter(None, (line.strip() for line in story.body.splitlines())):
        if len(content) + len(_paragraph(line)) + len(tail) > DRAFT_CONTENT:
            break
        content += _paragraph(line)
    return content + tail


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text, quote=False)}</p>"


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
