"""Bodies of answers, unpacked piece by piece under a cap, so that a compressed bomb never unfolds in memory."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator

from bot.adapters.site.addresses import SiteError

PIECE = 64 * 1024

_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]+)|<\?xml[^>]{0,80}encoding=["']([\w-]+)""", re.I
)
_CHINESE = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5"}
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class TooMuch(SiteError):
    """The answer is longer than we take."""


def unpacked(pieces: Iterable[bytes], coding: str, most: int, check: Callable[[], object] = lambda: None) -> bytes:
    """The whole body. `check` is called after each piece (a deadline). Raises TooMuch, SiteError for a broken one."""
    body = bytearray()
    for piece in _plain(pieces, coding.strip().lower(), most):
        body += piece
        if len(body) > most:
            raise TooMuch(f"more than {most} bytes")
        check()
    return bytes(body)


def decoded(body: bytes, content_type: str) -> str:
    """Text, by the header's charset or the document's own; UTF-8 unless it is one of the Chinese ones."""
    _, _, named = content_type.lower().partition("charset=")
    declared = _DECLARED.search(body[:2048])
    inside = (declared[1] or declared[2]).decode() if declared else ""
    charset = next((one for one in (named.strip("\"' ;"), inside.lower()) if one), "utf-8")
    return body.decode(_CHINESE.get(charset, "utf-8"), errors="replace").removeprefix("\ufeff")


def _plain(pieces: Iterable[bytes], coding: str, most: int) -> Iterator[bytes]:
    if coding in ("", "identity"):
        yield from pieces
        return
    if coding not in _WINDOW:
        raise SiteError(f"unasked content coding: {coding[:20]}")
    unpacker = zlib.decompressobj(_WINDOW[coding])
    for packed in pieces:
        yield from _inflated(unpacker, packed, most)
    if not unpacker.eof:
        raise SiteError("the compressed answer is cut off")


def _inflated(unpacker: zlib._Decompress, packed: bytes, most: int) -> Iterator[bytes]:
    """At most PIECE at a time: whoever counts can stop between any two."""
    while packed and not unpacker.eof:
        try:
            piece = unpacker.decompress(packed, min(PIECE, most + 1))
        except zlib.error:
            raise SiteError("the compressed answer is broken") from None
        yield piece
        packed = unpacker.unconsumed_tail
