"""HTML as lines of text, the way a reader sees it; scripts, styles and forms are never read."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from itertools import islice
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

NEVER = frozenset(
    {"script", "style", "noscript", "iframe", "form", "template", "svg", "object", "head", "button", "select"}
)
_BLOCKS = """
p div li h1 h2 h3 h4 h5 h6 tr blockquote section article figure figcaption ul ol dl dt dd table tbody thead main header
footer nav aside pre hr center address details summary caption
"""
BLOCKS = frozenset(_BLOCKS.split())
_SPACES = re.compile(r"[\s\u00a0\u3000\u200b\ufeff]+")
_REFUSED = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
DEEPEST = 1_000
"""Browsers stop at 512."""

_TAG = re.compile(
    r"</?(?!(?:p|li|br|hr|img|td|th|tr|dd|dt|option|meta|link|input|source|wbr|col|area|base|embed|param|track)\b)[a-z]",
    re.I,
)
"""What stays open until it is closed: the others close each other."""
_HALF = re.compile("[\ud800-\udfff]")
_WEB = ("http", "https")


def tree(text: str) -> LexborHTMLParser:
    """Half characters, which JSON and feeds can hold and the parser does not take, are left out."""
    return LexborHTMLParser(_HALF.sub("", _shallow(text)))


def _shallow(text: str) -> str:
    """The text up to where it is nested deeper than any page: the parser looks at all that is open with each tag."""
    if text.count("<") <= DEEPEST:
        return text
    depth = 0
    for tag in _TAG.finditer(text):
        depth = max(0, depth - 1) if tag[0][1] == "/" else depth + 1
        if depth > DEEPEST:
            return text[: tag.start()]
    return text


def lines(root: LexborNode, without: Collection[int] = (), most: int | None = None) -> list[str]:
    """The lines of a part of a page in reading order; nodes whose mem_id is in `without` are left out.

    Walks with a stack of its own: a deeply nested page is read like any other. most: pieces that are read.
    """
    found, words = [], list[str]()
    for piece in islice(_pieces(root, without), most):
        if piece is None:
            found.append("".join(words))
            words.clear()
        else:
            words.append(piece)
    found.append("".join(words))
    return [line for line in map(tidy, found) if line]


def markup_lines(markup: str) -> list[str]:
    """The lines of a body that came as a piece of HTML, in a feed or from the API."""
    body = tree(markup).body
    return lines(body) if body else []


def tidy(text: str) -> str:
    """One line, one blank at a time; nothing a database would refuse."""
    return _SPACES.sub(" ", _REFUSED.sub("", text)).strip()


def text_of(node: LexborNode | None, most: int | None = None) -> str:
    return tidy(" ".join(lines(node, most=most))) if node else ""


def picture(root: LexborNode | None, base: str) -> str:
    """The first picture that is one: no data, no spacer, no icon; also where it is loaded late."""
    return next(filter(None, (picture_of(node, base) for node in root.css("img"))), "") if root else ""


def picture_of(node: LexborNode, base: str) -> str:
    """The address that an img shows, also where it is loaded late; empty for data, a spacer, an icon."""
    names = ("data-original", "data-src", "src")
    found = next((node.attributes.get(name) for name in names if node.attributes.get(name)), "")
    try:
        url = urljoin(base, (found or "").strip())
        is_web = urlsplit(url).scheme in _WEB
    except ValueError:
        return ""
    return url if is_web and not _is_small(node) and "/emoticon" not in url and "/face/" not in url else ""


def unescaped(text: str) -> str:
    """Titles in feeds are escaped once more than they should be (reference: Z-Blog's feed)."""
    return html.unescape(html.unescape(text)).strip()


def _pieces(root: LexborNode, without: Collection[int]) -> Iterator[str | None]:
    """Pieces of text, and None wherever a line ends."""
    stack: list[LexborNode | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            yield None
        elif node.is_text_node:
            yield node.text_content or ""
        elif node.tag == "br":
            yield None
        elif node.is_element_node and node.tag not in NEVER and node.mem_id not in without:
            if node.tag in BLOCKS:
                yield None
                stack.append(None)
            elif node.tag in ("td", "th"):
                yield " "
            stack.extend(reversed(list(node.iter(include_text=True))))


def _is_small(node: LexborNode) -> bool:
    sizes = (node.attributes.get(name) or "" for name in ("width", "height"))
    return any(size.removesuffix("px").isdigit() and int(size.removesuffix("px")) < 50 for size in sizes)
