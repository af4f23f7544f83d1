"""Reads the platform's XML into plain dicts; takes what a follower can type, refuses what only an attacker sends."""

from __future__ import annotations

import re
from typing import TypeAlias
from xml.parsers import expat

Node: TypeAlias = "str | dict[str, Node] | list[Node]"

DEEPEST = 12
MOST_NODES = 20_000
LISTS = frozenset({"item", "List", "fail_idx"})
"""Nodes that may come several times: always a list, so that one and many look the same to the reader."""


class Malformed(Exception):
    """Not XML as the platform writes it."""


_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}));")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"


def parsed(body: bytes) -> dict[str, Node]:
    """The nodes below the root. Raises Malformed."""
    reader = _Reader()
    try:
        reader.parser.Parse(legible(body), True)
    except expat.ExpatError as trouble:
        raise Malformed(f"no XML: {trouble}") from None
    return reader.result()


def legible(body: bytes) -> str:
    """The text without what XML forbids: control characters and halves of emoji do occur in genuine messages."""
    text = _decoded(body)
    if "&#" in text:
        text = _without_illegal_references(text)
    return clean(text)


def clean(text: str) -> str:
    """Only characters that XML allows; two halves of an emoji become one again, a single half is dropped."""
    if not _ILLEGAL.search(text):
        return text
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return _ILLEGAL.sub("", whole)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace")


def _without_illegal_references(text: str) -> str:
    """`&#x1d;` goes, but not inside CDATA, where it is what the follower typed. One pass: the body is not trusted yet."""
    parts: list[str] = []
    place = 0
    while (start := text.find(_CDATA, place)) >= 0 and (end := text.find(_CDATA_END, start)) >= 0:
        parts += (_REFERENCE.sub(_legal, text[place:start]), text[start:end])
        place = end
    return "".join([*parts, _REFERENCE.sub(_legal, text[place:])])


def _legal(reference: re.Match[str]) -> str:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    if number > 0x10FFFF:
        return ""
    # A bare character is put in only where it will be dropped or joined later; markup stays written as it is.
    return chr(number) if _ILLEGAL.match(chr(number)) else reference[0]


class _Reader:
    """Builds dicts from expat's events; limits hold before anything is built that could hurt."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._open: list[tuple[str, dict[str, Node], list[str]]] = []
        self._nodes = 0
        self._root: dict[str, Node] = {}

    def result(self) -> dict[str, Node]:
        return self._root

    def _doctype(self, *_: object) -> None:
        raise Malformed("a document type declaration")

    def _start(self, name: str, _attributes: object) -> None:
        self._nodes += 1
        if len(self._open) >= DEEPEST or self._nodes > MOST_NODES:
            raise Malformed("too deep or too many nodes")
        if not self._open and name != "xml":
            raise Malformed("the root is not xml")
        self._open.append((name, {}, []))

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)

    def _end(self, _name: str) -> None:
        name, children, words = self._open.pop()
        if not self._open:
            self._root = children
        else:
            _put(self._open[-1][1], name, children or "".join(words))


def _put(parent: dict[str, Node], name: str, node: Node) -> None:
    known = parent.get(name)
    if isinstance(known, list):
        known.append(node)
    elif name in LISTS or known is not None:
        parent[name] = [node] if known is None else [known, node]
    else:
        parent[name] = node
