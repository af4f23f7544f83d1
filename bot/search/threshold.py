"""The confidence from which an index answers, kept beside it."""

from __future__ import annotations

import json
from pathlib import Path

ANSWERS_FROM = 0.08
"""Where nobody has calibrated yet."""
FILE = "calibration.json"


def threshold(folder: Path) -> float:
    """The confidence from which the index in this folder answers."""
    return _kept(folder, "threshold", ANSWERS_FROM)


def calibrated_at(folder: Path) -> int:
    """How many articles the index had when its threshold was set; 0 = never."""
    return int(_kept(folder, "articles", 0))


def _kept(folder: Path, name: str, otherwise: float) -> float:
    try:
        return float(json.loads((folder / FILE).read_text(encoding="utf-8"))[name])
    except (OSError, ValueError, KeyError):
        return otherwise


def keep(folder: Path, value: float, articles: int) -> None:
    """Replaced in one step: readers look at it with every reload."""
    fresh = folder / f"{FILE}.new"
    fresh.write_text(json.dumps({"threshold": value, "articles": articles}), encoding="utf-8")
    fresh.replace(folder / FILE)
