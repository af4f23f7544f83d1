"""Who was erased, kept outside of the database too: a backup from before would bring them back.

In a file of this machine and in Redis for all machines; only keyed hashes, which lead back to nobody.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bot.adapters.redis_scripts import TROUBLE, Client

NAME = "erasures.jsonl"
_KEY = "erasures"


class Tombstones:
    """folder: the data folder of this machine."""

    def __init__(self, folder: Path, redis: Client) -> None:
        self._file = folder / NAME
        self._redis = redis

    def add(self, stones: Mapping[str, datetime]) -> None:
        """On the disk before this returns; Redis may be away, then the file is what there is."""
        if not stones:
            return
        lines = "".join(json.dumps([stone, at.isoformat()]) + "\n" for stone, at in stones.items())
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="ascii") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        with suppress(*TROUBLE):
            self._redis.hset(_KEY, mapping={stone: at.isoformat() for stone, at in stones.items()})

    def all(self) -> dict[str, datetime]:
        """The latest moment of each, from both places."""
        found: dict[str, datetime] = {}
        for stone, at in (*self._of_file(), *self._of_redis()):
            found[stone] = max(at, found.get(stone, at))
        return found

    def _of_file(self) -> list[tuple[str, datetime]]:
        if not self._file.exists():
            return []
        found = []
        for line in self._file.read_text(encoding="ascii", errors="replace").splitlines():
            with suppress(ValueError):  # the last line of a machine that lost power
                stone, at = json.loads(line)
                found.append((stone, datetime.fromisoformat(at)))
        return found

    def _of_redis(self) -> list[tuple[str, datetime]]:
        with suppress(*TROUBLE):
            return [
                (_text(stone), datetime.fromisoformat(_text(at))) for stone, at in self._redis.hgetall(_KEY).items()
            ]
        return []


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
