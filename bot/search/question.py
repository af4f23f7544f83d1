"""What a message asks the index for: its words without politeness, and the time it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from bot.search.analysis import pairs, runs, segments, words
from bot.search.periods import Period, taken_out
from bot.search.plain import lines, plain

LONGEST = 400
"""Characters of a message that are looked at; whoever pastes an article is found by its beginning, too."""
_TIMED = 24
"""A longer message tells of a time instead of asking for one."""

_PICTURE = re.compile(r"\[[一-鿿a-z]{1,4}\]|/:[:\-~@><)(a-z;|*&$!,'\"]{1,4}")
_MARKS = " \t\r\n,，。.、!！?？~～…:：;；“”\"'‘’《》<>【】()（）-—_·#*/\\|"
_NEWEST = re.compile(
    r"^最新(?:的|消息|进展|动态|情况)?的?|(?:的|有)?(?:什么)?(?:最新|新)(?:的|消息|进展|动态|情况)$|的?最新$"
)


@dataclass(frozen=True, slots=True)
class Question:
    """`text` is plain and bare; `said` is all of the message, plain; `newest`: the follower wants what is new."""

    text: str
    said: str = ""
    period: Period | None = None
    newest: bool = False

    @property
    def bare(self) -> str:
        """Without the words that only ask, like 多少; where nothing is left without them, with them."""
        bare = _asking().sub(" ", self.text)
        return bare if words(bare) else self.text

    @property
    def terms(self) -> list[str]:
        return words(self.bare)

    @property
    def pairs(self) -> list[str]:
        return pairs(self.bare)

    @property
    def runs(self) -> list[str]:
        return runs(self.text)


def read(message: str, now: datetime) -> Question:
    """What is asked for; a message of politeness alone stays as it is."""
    text = _PICTURE.sub(" ", plain(message[:LONGEST])).strip(_MARKS)
    bare = trimmed(text)
    period, rest = taken_out(bare, now) if len(bare) <= _TIMED else (None, bare)
    if period is not None:
        rest = trimmed(rest)
    short = _NEWEST.sub("", rest) if len(rest) <= _TIMED else rest
    if len(short) < len(rest):
        return Question(trimmed(short), text, period, newest=True)
    return Question(rest, text, period, newest=period is not None and not rest)


def trimmed(text: str) -> str:
    """Without the words of politeness at both ends."""
    tokens = _placed(text)
    start, end = 0, len(tokens)
    while start < end and tokens[start][1] in _polite()["head"]:
        start += 1
    while end > start and tokens[end - 1][1] in _polite()["tail"]:
        end -= 1
    if start == end:
        return "" if _is_empty_talk([token for _, token in tokens]) else text.strip(_MARKS)
    last, said = tokens[end - 1]
    return text[tokens[start][0] : last + len(said)]


def _placed(text: str) -> list[tuple[int, str]]:
    """The words of a text that are no marks, each with its place."""
    placed, place = [], 0
    for token in segments(text):
        if token.strip(_MARKS):
            placed.append((place, token))
        place += len(token)
    return placed


def _is_empty_talk(tokens: list[str]) -> bool:
    return any(token in _polite()["subject"] for token in tokens)


@cache
def _asking() -> re.Pattern[str]:
    known = {word for line in lines("asking.txt") for word in line.split()}
    return re.compile("|".join(sorted(map(re.escape, known), key=len, reverse=True)))


@cache
def _polite() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {"head": set(), "tail": set(), "subject": set()}
    for line in lines("polite.txt"):
        kind, *said = line.split()
        found[kind].update(said)
    return {kind: frozenset(said) for kind, said in found.items()}
