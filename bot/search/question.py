"""What a message asks the index for: its words without politeness, and the time it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from bot.search.analysis import pairs, plain, runs, segments, words
from bot.search.periods import Period, taken_out
from bot.search.plain import lines

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
    def terms(self) -> list[str]:
        return words(self.text)

    @property
    def pairs(self) -> list[str]:
        return pairs(self.text)

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
    tokens = [token for token in segments(text) if token.strip(_MARKS)]
    start, end = 0, len(tokens)
    while start < end and tokens[start] in _polite()["head"]:
        start += 1
    while end > start and tokens[end - 1] in _polite()["tail"]:
        end -= 1
    if start == end:
        return "" if _is_empty_talk(tokens) else text.strip(_MARKS)
    return _between(text, tokens[start:end])


def _between(text: str, kept: list[str]) -> str:
    """The stretch of the text the kept tokens cover, its inner marks as they were."""
    begin = text.find(kept[0]) if kept else -1
    while begin >= 0:
        if end := _covered(text, begin, kept):
            return text[begin:end]
        begin = text.find(kept[0], begin + 1)
    return "".join(kept)


def _covered(text: str, begin: int, kept: list[str]) -> int:
    """Where the tokens end that follow on each other from `begin`, with marks alone between them; 0 = they do not.

    By hand, because as a pattern it would try marks that are tokens in every place: a row of them takes for ever.
    """
    end = begin
    for token in kept:
        start = text.find(token, end)
        if start < 0 or text[end:start].strip(_MARKS):
            return 0
        end = start + len(token)
    return end


def _is_empty_talk(tokens: list[str]) -> bool:
    return any(token in _polite()["subject"] for token in tokens)


@cache
def _polite() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {"head": set(), "tail": set(), "subject": set()}
    for line in lines("polite.txt"):
        kind, *said = line.split()
        found[kind].update(said)
    return {kind: frozenset(said) for kind, said in found.items()}
