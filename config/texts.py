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

WORDING = ("replies", "intake", "staff", "desk")
"""Files of sentences by name. In the firm's own copy only those need to be that are to be said in another way, so that a
copy made for an older version lacks none of the new ones."""


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
    """The data files; one found in the firm's own folder `own` replaces the shipped one, sentence by sentence in those of
    WORDING. Raises TextsError."""
    folder = Path(own) if own else HERE
    return Texts({name: _file(folder, name) for name in FILES}, HERE)


def one(name: str) -> Mapping[str, Any]:
    """A shipped data file that is not read at every start. Raises TextsError."""
    return _file(HERE, name)


def _file(folder: Path, name: str) -> Mapping[str, Any]:
    own = folder / f"{name}.toml"
    shipped = HERE / f"{name}.toml"
    if not own.exists() or own == shipped:
        return _parsed(shipped)
    return _over(_parsed(shipped), _parsed(own)) if name in WORDING else _parsed(own)


def _over(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are laid over each other; everything else of ours gives way."""
    both = {key: _over(shipped[key], own[key]) for key in shipped.keys() & own.keys() if _are_tables(shipped, own, key)}
    return {**shipped, **own, **both}


def _are_tables(shipped: Mapping[str, Any], own: Mapping[str, Any], key: str) -> bool:
    return isinstance(shipped[key], Mapping) and isinstance(own[key], Mapping)


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TextsError(f"{path}: {error}") from error
