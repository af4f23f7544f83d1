"""The one normal form of articles and messages: half width, lower case, simplified characters."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

_ODD = re.compile(r"[\x00-\x7f]?[^\x00-\x7f\u4e00-\u9fff、。《》“”‘’「」【】]+")
"""What normalizing may change, with the letter before it, which an accent may belong to: little of a Chinese text."""

DATA = Path(__file__).parent / "data"


def plain(text: str) -> str:
    """Also reads 蕞 as 最, which it stands for where the advertising law forbids the word."""
    lower = _ODD.sub(_even, text).lower()
    return lower.translate(_simplified()) if _old_characters().search(lower) else lower


def _even(odd: re.Match[str]) -> str:
    return _normalized(odd[0])


@lru_cache(10_000)
def _normalized(piece: str) -> str:
    return unicodedata.normalize("NFKC", piece)


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of a packaged table without its comments."""
    text = (DATA / name).read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _old_characters() -> re.Pattern[str]:
    """Looking whether there is anything to change is ten times faster than changing nothing."""
    return re.compile("[" + "".join(map(chr, _simplified())) + "]")


@cache
def _simplified() -> dict[int, str]:
    pairs = [pair for line in lines("simplified.txt") for pair in line.split(" ")]
    return {ord("蕞"): "最"} | {ord(pair[0]): pair[1] for pair in pairs}
