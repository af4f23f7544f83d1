"""The body of an article as the platform keeps it: paragraphs, headings, lists, bold, pictures, and nothing else.

Everything is written anew from what was read, so that no script, class, id, style or form of a page can come through.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from selectolax.lexbor import LexborNode

from bot.adapters.site.markup import BLOCKS, NEVER, picture_of, tidy, tree

PICTURE, PARAGRAPH = "img", "p"
LONGEST = 60_000
"""Characters kept: three times what a draft holds."""
_KINDS = {
    "h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4", "blockquote": "blockquote",
    "ul": "ul", "ol": "ol",
}  # fmt: skip
_BOLD = frozenset({"b", "strong"})
_ON, _OFF = "\ue000", "\ue001"
"""Stand where bold begins and ends while blanks are put in order; letters of no language."""
_NOTHING_BOLD = re.compile(f"{_ON}( ?){_OFF}")


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a body: kind is p, h2, h3, h4, blockquote, ul, ol (an item of such a list) or img.

    inner: its HTML, for img the address. plain: its text.
    """

    kind: str
    inner: str
    plain: str = ""

    @property
    def key(self) -> str:
        return "".join(self.plain.split())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: in which kind of block, and whether in bold letters."""

    kind: str = PARAGRAPH
    bold: bool = False


def blocks(root: LexborNode | None, base: str, without: Collection[int] = ()) -> list[Block]:
    """The same lines that markup.lines gives, as blocks; a picture inside a line follows it."""
    found, words, kind, pictures = list[Block](), list[str](), "", list[str]()
    for piece, place, picture in _pieces(root, base, without) if root else ():
        if picture:
            pictures.append(picture)
        elif piece is None:
            found += _line(words, kind) + [Block(PICTURE, url) for url in pictures]
            words, kind, pictures = [], "", []
        else:
            words.append(f"{_ON}{piece}{_OFF}" if place.bold else piece)
            kind = kind or (place.kind if piece.strip() else "")
    return found + _line(words, kind) + [Block(PICTURE, url) for url in pictures]


def markup(root: LexborNode | None, base: str, without: Collection[int] = ()) -> str:
    """A body as HTML to be stored."""
    kept, size = [], 0
    for block in blocks(root, base, without):
        size += len(block.inner) + 20
        if size > LONGEST:
            break
        kept.append(block)
    return rendered(kept)


def arranged(stored: str, body: str) -> list[Block]:
    """The lines of a cleaned body with the looks that its stored HTML gives them, and the pictures between them.

    A line that the HTML does not have is a plain paragraph; what the HTML has and the body has not was cleaned away,
    and pictures that stand beside nothing but that (the firm's QR codes) go with it.
    """
    looks, at, found = blocks(tree(stored).body, "") if stored else [], 0, list[Block]()
    for line in filter(None, (line.strip() for line in body.split("\n"))):
        plain = Block(PARAGRAPH, html.escape(line, quote=False), line)
        here = next((n for n in range(at, len(looks)) if looks[n].kind != PICTURE and looks[n].key == plain.key), None)
        if here is None:
            found.append(plain)
            continue
        found += [*(block for block in looks[at:here] if block.kind == PICTURE), looks[here]]
        at = here + 1
    return found + _pictures_at(looks, at) if at else found


def rendered(found: Iterable[Block]) -> str:
    """HTML; items of a list that follow each other are one list."""
    return "".join(_group(kind, list(group)) for kind, group in groupby(found, key=lambda block: block.kind))


def _group(kind: str, group: list[Block]) -> str:
    if kind in ("ul", "ol"):
        return f"<{kind}>{''.join(f'<li>{block.inner}</li>' for block in group)}</{kind}>"
    if kind == PICTURE:
        return "".join(f'<p><img src="{html.escape(block.inner)}" style="max-width:100%"></p>' for block in group)
    return "".join(f"<{kind}>{block.inner}</{kind}>" for block in group)


def _pictures_at(looks: list[Block], at: int) -> list[Block]:
    """The pictures right under the last line."""
    end = next((n for n in range(at, len(looks)) if looks[n].kind != PICTURE), len(looks))
    return looks[at:end]


def _line(words: list[str], kind: str) -> list[Block]:
    marked = _NOTHING_BOLD.sub(r"\1", tidy("".join(words)).replace(_OFF + _ON, ""))
    plain = tidy(marked.replace(_ON, "").replace(_OFF, ""))
    if not plain:
        return []
    inner = html.escape(marked, quote=False).replace(_ON, "<strong>").replace(_OFF, "</strong>")
    return [Block(kind or PARAGRAPH, inner, plain)]


def _pieces(root: LexborNode, base: str, without: Collection[int]) -> Iterator[tuple[str | None, _Place, str]]:
    """Pieces of text with their place, None wherever a line ends, and addresses of pictures.

    A stack of its own, as in markup: a page nested ten thousand deep is read like any other.
    """
    start = _Place()
    stack: list[tuple[LexborNode | None, _Place]] = [(root, start)]
    while stack:
        node, place = stack.pop()
        if node is None or node.tag == "br":
            yield None, place, ""
        elif node.is_text_node:
            yield (node.text_content or "").replace(_ON, "").replace(_OFF, ""), place, ""
        elif node.tag == "img" and node.mem_id not in without:
            yield "", place, picture_of(node, base)
        elif node.is_element_node and node.tag not in NEVER and node.mem_id not in without:
            inside = _Place(_KINDS.get(node.tag or "", place.kind), place.bold or node.tag in _BOLD)
            if node.tag in BLOCKS:
                yield None, place, ""
                stack.append((None, place))
            elif node.tag in ("td", "th"):
                yield " ", place, ""
            stack.extend((child, inside) for child in reversed(list(node.iter(include_text=True))))
