"""The firm's wording: phrases by name, with the facts and tappable words that every phrase may use."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from bot.dialogue.reply import tap

_TRAILING = " \t\r\n。.!！~～,，、;；…"


@dataclass(frozen=True)
class Wording:
    """`wording("name", key=value)` gives a phrase. Phrases called tap_x can be used in others as {x_tap}."""

    phrases: Mapping[str, str]
    facts: Mapping[str, object] = field(default_factory=dict)

    def __call__(self, name: str, /, **facts: object) -> str:
        return self.phrases[name].strip("\n").format_map({**self._always, **facts} if facts else self._always)

    @cached_property
    def _always(self) -> Mapping[str, object]:
        taps = {f"{name[4:]}_tap": tap(text) for name, text in self.phrases.items() if name.startswith("tap_")}
        return {**taps, **self.facts}


@dataclass(frozen=True)
class Heard:
    """Which fixed ways of saying something the bot knows; a whole message must match one of them."""

    sayings: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, sayings: Mapping[str, Iterable[str]]) -> Heard:
        return cls({name: frozenset(plain(text) for text in texts) for name, texts in sayings.items()})

    def __call__(self, name: str, text: str) -> bool:
        return plain(text) in self.sayings[name]

    def after(self, name: str, text: str) -> str:
        """What follows one of the sayings at the beginning of the text (the longest that fits), or ""."""
        words = plain(text)
        saying = first_fitting(words.startswith, self._longest_first[name])
        return words[len(saying) :].strip(" ：:「」\"'，,") if saying else ""

    @cached_property
    def _longest_first(self) -> Mapping[str, tuple[str, ...]]:
        return {name: tuple(sorted(sayings, key=len, reverse=True)) for name, sayings in self.sayings.items()}


def first_fitting(fits: Callable[[str | tuple[str, ...]], bool], parts: tuple[str, ...]) -> str:
    """The first of them that a text begins or ends with, or "". fits: `startswith` or `endswith` of the text, which is
    asked about all of them first, for most texts have none."""
    return next(filter(fits, parts), "") if fits(parts) else ""


@lru_cache(1024)  # every row of the table of routes looks at the same message
def plain(text: str) -> str:
    """Full width to half width, lower case, no blanks or sentence marks around."""
    return unicodedata.normalize("NFKC", text).lower().strip(_TRAILING) or text.strip()
