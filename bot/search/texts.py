"""What each article says, in one file beside the terms: appended by the writer, read in place by every search.

Ranking looks into some thirty texts a question. Here that is one read each, where the index's own store of documents
would unpack a block. A text that was replaced stays behind until the next rebuild.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import struct
from pathlib import Path
from typing import NamedTuple

FILE = "texts.bin"
_BEGIN = struct.Struct("<8sq")
"""The kind of file, and how many texts were ever written to it."""
_KIND = b"articles"
_HEAD = struct.Struct("<qqqIIIII")
_CODING = "utf-16-le"
"""Two bytes a Chinese character instead of three, and quicker to become text again."""
AT_ONCE = 2048
"""Bytes read at once: the whole content of most articles."""


class Told(NamedTuple):
    """One text. `published` counts seconds since 1970; `size` is what the plain text takes as UTF-8, in bytes.

    content: the plain title, a line break and the plain body. heard: how the beginning of that sounds, see
    bot.search.analysis.sounding. facts: what is shown of the article, as JSON.
    """

    id: int
    published: int
    group: int
    title: str
    content: str
    size: int
    heard: str
    facts: bytes


class Texts:
    """The file as it was when it was opened. Safe in many threads.

    It is read piece by piece: mapped, the texts of a large site would soon count as memory of every process.
    """

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / FILE, os.O_RDONLY)
        self.written: int = _BEGIN.unpack(os.pread(self._file, _BEGIN.size, 0))[1]
        """How many texts were written, replaced ones and those of articles that are gone among them."""

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            os.close(self._file)

    def content(self, place: int) -> tuple[int, int, int, int, str, str]:
        """id, published, group, size, title, content: all that ranking looks at."""
        piece = os.pread(self._file, AT_ONCE, place)
        known, published, group, size, title, length, _, _ = _HEAD.unpack_from(piece)
        end = _HEAD.size + length
        if end > len(piece):
            piece += os.pread(self._file, end - len(piece), place + len(piece))
        content, _ = codecs.utf_16_le_decode(piece[_HEAD.size : end])
        return known, published, group, size, content[:title], content

    def heard(self, place: int) -> str:
        length, heard, _ = self._lengths(place)
        return codecs.utf_16_le_decode(os.pread(self._file, heard, place + _HEAD.size + length))[0]

    def facts(self, place: int) -> bytes:
        length, heard, facts = self._lengths(place)
        return os.pread(self._file, facts, place + _HEAD.size + length + heard)

    def _lengths(self, place: int) -> tuple[int, int, int]:
        """Bytes of content, sound and facts."""
        *_, content, heard, facts = _HEAD.unpack(os.pread(self._file, _HEAD.size, place))
        return content, heard, facts


class Pen:
    """Appends texts. There is one at a time: whoever holds the lock of the index's writer."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / FILE).open("r+b")
        self._written = _BEGIN.unpack(self._file.read(_BEGIN.size))[1]
        self._place = self._file.seek(0, os.SEEK_END)

    def add(self, told: Told) -> int:
        """Returns the place of the text; it may be read there after the next `flush`."""
        content, heard = told.content.encode(_CODING), told.heard.encode(_CODING)
        lengths = len(content), len(heard), len(told.facts)
        head = _HEAD.pack(told.id, told.published, told.group, told.size, len(told.title), *lengths)
        place = self._place
        self._place += self._file.write(b"".join((head, content, heard, told.facts)))
        self._written += 1
        return place

    def flush(self) -> None:
        """On disk before the commit that points to it."""
        self._file.flush()
        os.pwrite(self._file.fileno(), _BEGIN.pack(_KIND, self._written), 0)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def begin(folder: Path) -> None:
    """The file of a new generation, without texts."""
    (folder / FILE).write_bytes(_BEGIN.pack(_KIND, 0))
