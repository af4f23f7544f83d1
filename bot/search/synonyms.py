"""Other ways to say the same (config/synonyms.toml), found in what is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.search.phrases import Phrases
from bot.search.plain import plain


@dataclass(frozen=True, slots=True)
class Synonym:
    """A phrase of the message and what else it is called, the best known first."""

    phrase: str
    others: tuple[str, ...]


class Synonyms:
    """`groups`: every phrase finds the others. `also`: the first of a row finds the others, not the other way round."""

    def __init__(self, groups: Iterable[Iterable[str]] = (), also: Iterable[Iterable[str]] = ()) -> None:
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for group in groups:
            names = [plain(name) for name in group]
            for name in names:
                found[name] |= {other: None for other in names if other != name}
        for first, *others in also:
            found[plain(first)] |= {plain(other): None for other in others}
        self._others = {name: tuple(others) for name, others in found.items()}
        self._phrases = Phrases(name for name in self._others if len(name) > 1)

    @classmethod
    def from_toml(cls, data: Mapping[str, Any]) -> Synonyms:
        return cls(data.get("groups", ()), data.get("also", ()))

    def find(self, text: str) -> list[Synonym]:
        """In a plain text, the longest first where they overlap."""
        return [Synonym(phrase, self._others[phrase]) for _, phrase in self._phrases.find(text)]

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self._others)
