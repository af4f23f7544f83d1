"""Makes JSON small with the help of phrases that most conversations contain (phrases-N.txt).

A file of phrases is part of the format: what was squeezed with it can only be read with it, so it is never changed. For
better phrases add the next number and raise NEWEST; the old file can go when nothing kept is that old any more. Number 1
holds the names of our JSON and the wording of config/replies.toml and config/intake.toml as of November 2026.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from importlib import resources
from typing import Any

import orjson

NEWEST = 1
_RAW = -15
"""Deflate without head and checksum: the vault notices every changed byte."""
_EFFORT = 4
"""Of nine: a tenth larger than with all of it, in a quarter of the time; it is done for every message."""


class Unreadable(Exception):
    """Not something of ours, or from a version that is not here any more."""


def squeezed(facts: Any) -> bytes:
    squeezer = _primed(NEWEST).copy()
    return bytes([NEWEST]) + squeezer.compress(_encoded(facts)) + squeezer.flush()


def unsqueezed(data: bytes) -> Any:
    """Raises Unreadable."""
    try:
        opener = zlib.decompressobj(_RAW, zdict=_phrases(data[0]))
        return json.loads((opener.decompress(data[1:]) + opener.flush()).decode(errors="surrogatepass"))
    except (IndexError, FileNotFoundError, zlib.error, ValueError) as trouble:
        raise Unreadable(str(trouble)) from None


def _encoded(facts: Any) -> bytes:
    try:
        return orjson.dumps(facts)
    except TypeError:  # halves of emoji, which only the slower one takes
        return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


@cache
def _primed(number: int) -> zlib._Compress:
    """With the phrases taken in, which is most of the work; to be copied."""
    return zlib.compressobj(_EFFORT, zlib.DEFLATED, _RAW, zdict=_phrases(number))


@cache
def _phrases(number: int) -> bytes:
    return resources.files(__package__).joinpath(f"phrases-{number}.txt").read_bytes()
