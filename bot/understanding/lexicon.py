"""The words the readers know: config/understanding/*.toml and the packaged place table, compiled once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.understanding.gazetteer import Gazetteer

Pattern = re.Pattern[str]
Words = dict[str, Any]


def either(words: Iterable[str]) -> str:
    return "|".join(words)


def longest_first(words: Iterable[str]) -> str:
    """An alternation of plain words in which 总经理 comes before 总."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`words` are the files by name; patterns are made from them by the readers when they are built."""

    words: dict[str, Words]
    places: Gazetteer = field(repr=False)

    @classmethod
    def from_folder(cls, path: Path) -> Lexicon:
        words = {file.stem: _read(file) for file in sorted(path.glob("*.toml"))}
        return cls(words, Gazetteer.load(words["places"]))

    @property
    def sounds(self) -> Mapping[str, str]:
        """Character -> sound without tone; sounds many do not tell apart are one."""
        return self.places.sounds

    def __getitem__(self, name: str) -> Words:
        return self.words[name]


def _read(file: Path) -> Words:
    with file.open("rb") as opened:
        return tomllib.load(opened)
