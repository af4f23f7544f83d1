"""How an article of ours looks in a draft, or on a page to paste into one: its blocks, then where it comes from."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from bot.adapters.site.body import PARAGRAPH, PICTURE, Block, arranged, rendered
from bot.adapters.wechat.client import DRAFT_CONTENT
from bot.store.news import Story

_HALF_ESCAPE = re.compile(r"&[^;]*$")


def page(stories: Sequence[Story], tail: str) -> str:
    """To be pasted by hand where even drafts cannot be made: pictures are those of the site, which the platform's editor
    takes over by itself. tail: lines under every article, like "原文：{url}"."""
    return "\n".join(
        f"<h2>{html.escape(story.title, quote=False)}</h2>\n{content(blocks(story), story.url, tail)}"
        for story in stories
    )


def titled(stories: Sequence[Story], title: str) -> Sequence[Story]:
    """With the title line of staff over the first, which is the one that followers see."""
    return [replace(stories[0], title=title), *stories[1:]] if title and stories else stories


def blocks(story: Story) -> list[Block]:
    """Of an article whose looks are not known: its own picture, then plain paragraphs."""
    found = arranged(story.html, story.body)
    known = bool(story.html) or not story.picture
    return found if known else [Block(PICTURE, story.picture), *found]


def content(shown: Sequence[Block], url: str, tail: str) -> str:
    """What goes over the limit goes at the end of a block; the lines under the article always stay."""
    end = "".join(_paragraph(line.format(url=url)) for line in tail.splitlines() if line)
    kept, room = list[Block](), DRAFT_CONTENT - len(end)
    for block in shown:
        if len(rendered([block])) >= room:
            kept += [] if any(one.kind != PICTURE for one in kept) else _begun(block, room)
            break
        kept.append(block)
        room -= len(rendered([block]))
    return rendered(kept) + end


def _begun(block: Block, room: int) -> list[Block]:
    """The beginning of a text that is one block and too long for a draft, without half an escape at its end."""
    begun = html.escape(block.plain, quote=False)[: max(0, room - len(_paragraph("")) - 1)]
    return [Block(PARAGRAPH, _HALF_ESCAPE.sub("", begun))] if block.plain and begun else []


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text, quote=False)}</p>"
