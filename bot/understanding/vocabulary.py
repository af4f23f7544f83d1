"""A set of terms, and how much of a phrase consists of them; quicker to build and to ask than one large pattern."""

from __future__ import annotations

from collections.abc import Iterable


class Vocabulary:
    """Case does not matter; a Latin term counts only as a word of its own (AI is not the end of Shanghai)."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._terms = frozenset(term.lower() for term in terms)
        self._sizes = sorted({len(term) for term in self._terms}, reverse=True)

    def end_in(self, words: str) -> bool:
        """Whether the phrase ends in a term."""
        low = words.lower()
        return any(self._is_term(low, len(low) - size, size) for size in self._sizes)

    def share(self, words: str) -> float:
        """0..1 how much of the phrase is made of terms, read from left to right, longest first."""
        low, position, covered = words.lower(), 0, 0
        while position < len(low):
            size = next((size for size in self._sizes if self._is_term(low, position, size)), 0)
            covered += size
            position += size or 1
        return covered / (len(low) or 1)

    def _is_term(self, low: str, start: int, size: int) -> bool:
        if start < 0 or start + size > len(low) or low[start : start + size] not in self._terms:
            return False
        return not (_is_latin(low[start : start + 1]) and _is_latin(low[start - 1 : start])) and not (
            _is_latin(low[start + size - 1 : start + size]) and _is_latin(low[start + size : start + size + 1])
        )


def _is_latin(char: str) -> bool:
    return "a" <= char <= "z"
