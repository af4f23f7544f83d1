"""A fixed set of phrases, found in a text: longest first, from left to right, never inside a Latin word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

Found = tuple[int, str]
"""Where a phrase begins, and the phrase."""

_HEAD = 2


class Phrases:
    """Looks at every position for the phrases that begin with its two characters; shorter phrases are never found."""

    def __init__(self, phrases: Iterable[str]) -> None:
        heads: dict[str, list[str]] = defaultdict(list)
        for phrase in dict.fromkeys(phrases):
            heads[phrase[:_HEAD]].append(phrase)
        self._heads = {head: tuple(sorted(known, key=len, reverse=True)) for head, known in heads.items()}

    def find(self, text: str) -> list[Found]:
        found: list[Found] = []
        heads, position, last = self._heads, 0, len(text) - 1
        while position < last:
            known = heads.get(text[position : position + _HEAD])
            phrase = _longest(text, position, known) if known else ""
            if phrase:
                found.append((position, phrase))
                position += len(phrase)
            else:
                position += 1
        return found


def _longest(text: str, position: int, known: tuple[str, ...]) -> str:
    for phrase in known:
        if text.startswith(phrase, position) and stands_alone(text, position, position + len(phrase)):
            return phrase
    return ""


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the piece is not cut out of a longer Latin word or number: AI is not found in CHAIN."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return not (_runs_on(before, text[start]) or _runs_on(text[end - 1], after))


def _runs_on(left: str, right: str) -> bool:
    if not (left and right and left.isascii() and right.isascii()):
        return False
    return (left.isalpha() and right.isalpha()) or (left.isdigit() and right.isdigit())
