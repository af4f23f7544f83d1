"""The message while it is read: plain characters, and a mask over what has been understood already."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

TAKEN = "\x00"
"""Stands where a value was read: no other reader sees it, and words do not grow together across it."""

LONGEST = 2000
"""Nobody describes a need at greater length; the rest is not read."""

_ENDLESS = re.compile(r"[\d零〇一二两三四五六七八九十百千万亿半点.,个 ]{60,}")
"""No number is so long; what reads numbers would try every part of it."""

Span = tuple[int, int]


@lru_cache(maxsize=8192)
def _plain_char(char: str) -> str:
    if char in "㎡²³":
        return char
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char


def plain(text: str, swaps: dict[int, str] | None = None) -> str:
    """Full-width to half-width, one character for one, so that positions still point into the follower's own words."""
    simple = "".join(map(_plain_char, text[:LONGEST])).replace(TAKEN, " ")
    return simple.translate(swaps) if swaps else simple


def without_endless(text: str) -> str:
    """Of the same length, and no reader sees the runs of digits that are no number."""
    return _ENDLESS.sub(lambda run: TAKEN * len(run[0]), text)


class Sheet:
    """One message under reading. `text` is plain, `said` the follower's own words; both have the same positions."""

    def __init__(self, said: str, text: str) -> None:
        self.said = said[:LONGEST]
        self.text = text
        self._left = self.text
        self.names: list[Span] = []

    @property
    def left(self) -> str:
        """The text with everything understood so far masked."""
        return self._left

    def take(self, span: Span) -> str:
        """Mask a span and give the follower's own words in it."""
        start, end = span
        self._left = self._left[:start] + TAKEN * (end - start) + self._left[end:]
        return self.said[start:end].strip()

    def take_name(self, span: Span) -> str:
        """Mask a name; what is inside it means nothing else: no product, no property."""
        self.names.append(span)
        return self.take(span)

    def take_all(self, spans: Iterable[Span]) -> None:
        for span in spans:
            self.take(span)

    def find(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        return pattern.finditer(self._left)

    @property
    def rest(self) -> str:
        """What nobody has understood yet, for the slots that take free words."""
        return self._left.replace(TAKEN, " ")


_EDGES = " \t\r\n,，。.!！?？;；:：、~～…-—\"'“”‘’"


def bare(text: str) -> str:
    """Without blanks and punctuation at the ends."""
    return text.strip(_EDGES)
