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

NEWEST = 1
_RAW = -15
"""Deflate without head and checksum: the vault notices every changed byte."""


class Unreadable(Exception):
    """Not something of ours, or from a version that is not here any more."""


def squeezed(facts: Any) -> bytes:
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
    squeezer = zlib.compressobj(9, zlib.DEFLATED, _RAW, zdict=_phrases(NEWEST))
    return bytes([NEWEST]) + squeezer.compress(text) + squeezer.flush()


def unsqueezed(data: bytes) -> Any:
    """Raises Unreadable."""
    try:
        opener = zlib.decompressobj(_RAW, zdict=_phrases(data[0]))
        return json.loads((opener.decompress(data[1:]) + opener.flush()).decode(errors="surrogatepass"))
    except (IndexError, FileNotFoundError, zlib.error, ValueError) as trouble:
        raise Unreadable(str(trouble)) from None


@cache
def _phrases(number: int) -> bytes:
    return resources.files(__package__).joinpath(f"phrases-{number}.txt").read_bytes()
