"""The firm's data files (TOML, in Chinese), read once at start."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FILES = (
    "firm",
    "replies",
    "keywords",
    "menu",
    "intake",
    "topics",
    "synonyms",
    "schedule",
    "staff",
    "desk",
    "duty",
    "site",
)


class TextsError(Exception):
    """A data file is missing or is not valid TOML; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Every data file by its name. `folder` is where files that other rooms read themselves lie."""

    files: Mapping[str, Mapping[str, Any]]
    folder: Path

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        return self.files[name]


def read(own: str = "") -> Texts:
    """The data files; one found in the firm's own folder `own` replaces the shipped one. Raises TextsError."""
    folder = Path(own) if own else HERE
    return Texts({name: _file(folder, name) for name in FILES}, HERE)


def one(name: str) -> Mapping[str, Any]:
    """A shipped data file that is not read at every start. Raises TextsError."""
    return _file(HERE, name)


def _file(folder: Path, name: str) -> Mapping[str, Any]:
    own = folder / f"{name}.toml"
    path = own if own.exists() else HERE / f"{name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TextsError(f"{path}: {error}") from error
