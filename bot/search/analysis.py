"""Text to terms: Chinese words, character pairs and pairs of sounds; the same for articles and for messages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from itertools import chain
from operator import add

import rjieba

from bot.search.plain import lines
from bot.understanding import sounds as table

VERSION = 3
"""Raise it with every change of the rules here or of the index's fields: another analysis means another index."""

TITLE_WEIGHT = 4
"""Times a title is repeated in the one text field; fields of their own with a boost ruin the ranking."""

REMEMBERED = 100_000
"""Pieces of text of one kind whose terms are remembered: most of what is written is written often."""

_RUN = re.compile(r"[一-鿿]+|[a-z0-9][a-z0-9.+#-]*")
_PART = re.compile(r"[a-z0-9]{2,}")
_HAN_RUN = re.compile(r"[一-鿿]+")
_SOUND_RUN = re.compile(r"[\ue000-\uefff]+")
_FIRST_SOUND = 0xE000


@cache
def fingerprint() -> str:
    """Names everything the terms of an index depend on: rules, tables, segmenter, index format."""
    tables = [*lines("stopwords.txt"), *lines("simplified.txt"), *sorted(table.usual().items())]
    known = repr((VERSION, version("rjieba"), version("tantivy"), tables))
    return f"v{VERSION}-{hashlib.sha256(known.encode()).hexdigest()[:12]}"


@cache
def stop_words() -> frozenset[str]:
    return frozenset(word for line in lines("stopwords.txt") for word in line.split())


def segments(text: str) -> list[str]:
    """Every word of a plain text, in order, marks and all."""
    return list(rjieba.cut(text))


def tagged(text: str) -> list[tuple[str, str]]:
    """The words of a plain text that say something, each with its part of speech."""
    stop = stop_words()
    said = ((token.strip(), tag) for token, tag in rjieba.tag(text))
    return [(word, tag) for word, tag in said if word not in stop and _RUN.fullmatch(word)]


class _Remembered(dict[str, str]):
    """What was made of a piece of text, made once. Bounded: when full it begins anew."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, piece: str) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        made = self[piece] = self._make(piece)
        return made


def words(text: str) -> list[str]:
    """The words of a plain text that say something; of compounds like aes-256 also the parts."""
    return spaced_words(text).split()


def spaced_words(text: str) -> str:
    """The same with blanks between them, as the index takes them in."""
    return " ".join(filter(None, map(_kept().__getitem__, rjieba.cut(text))))


@cache
def _kept() -> _Remembered:
    """Of a token, what is kept of it: the word, perhaps with its parts, or nothing."""
    stop = stop_words()

    def kept(token: str) -> str:
        word = token.strip()
        if word in stop or not _RUN.fullmatch(word):
            return ""
        parts = [part for part in _PART.findall(word) if part != word] if word.isascii() else []
        return " ".join((word, *parts))

    return _Remembered(kept)


def pairs(text: str) -> list[str]:
    """Character pairs of a plain text's Chinese runs; they find terms the dictionary does not know, like 光模块."""
    return list(chain.from_iterable(map(_neighbours, _HAN_RUN.findall(text))))


def runs(text: str) -> list[str]:
    """The unbroken pieces of a plain text, for finding them word for word."""
    return [run for run in _RUN.findall(text) if len(run) >= 2]


def sounding(text: str) -> str:
    """A plain text with every Chinese character as the one private character that stands for its sound."""
    return text.translate(_codes())


def sound_pairs(heard: str) -> list[str]:
    """Pairs of sounds of a text that went through `sounding`, for finding what was written with other characters."""
    return list(chain.from_iterable(map(_neighbours, _SOUND_RUN.findall(heard))))


def _neighbours(run: str) -> Iterator[str]:
    return map(add, run, run[1:])


@cache
def sound_code(syllable: str) -> str:
    """The private character of a syllable, "" for none; syllables that are often confused share it."""
    return _syllables().get(table.near(syllable), "")


@cache
def _syllables() -> Mapping[str, str]:
    known = sorted({table.near(sound) for sound in table.usual().values()})
    return {sound: chr(_FIRST_SOUND + number) for number, sound in enumerate(known)}


@cache
def _codes() -> dict[int, str]:
    codes = _syllables()
    return {ord(char): codes[table.near(sound)] for char, sound in table.usual().items()}
