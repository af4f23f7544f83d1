"""`python -m bot backup FILE` and `restore FILE`: everything the firm cannot get again, in one compressed file."""

from __future__ import annotations

import base64
import gzip
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from bot import wiring
from bot.store import backup as rows
from bot.store import erasures, restored
from config.settings import Settings

CONVERSATIONS = ("c:*", "w:*")
"""What followers are in the middle of (sealed), and their windows for messages of ours."""


def backup(settings: Settings, file: Path, *, conversations: bool, out: TextIO = sys.stdout) -> int:
    """Write it beside, then put it in place: FILE is always a whole backup. It may run while everything works."""
    made = wiring.base(settings)
    part = file.with_name(file.name + ".part")
    part.touch(mode=0o600)
    count = 0
    with gzip.open(part, "wt", encoding="utf-8", newline="\n") as packed:
        for line in _kept(made) if conversations else ():
            packed.write(line + "\n")
        for line in rows.lines(settings.database_url, datetime.now(UTC)):
            packed.write(line + "\n")
            count += line.startswith("[")
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(file)
    out.write(f"{count} rows, {file.stat().st_size / 1e6:.1f} MB: {file}\n")
    return 0


def restore(settings: Settings, file: Path, *, replace: bool, out: TextIO = sys.stdout) -> int:
    """The database as it was, without those who were erased since; nothing of before is pushed a second time."""
    try:
        about = rows.head(_rows(file))
    except rows.Unusable as trouble:
        out.write(f"{file}: {trouble}\n")
        return 2
    made = wiring.base(settings)
    stones = _stones(made)
    if not replace and not rows.is_empty(settings.database_url):
        out.write("the database is not empty: stop web, worker and clock, and say --replace to throw it away\n")
        return 2
    count = rows.restore(settings.database_url, about["revision"], _rows(file))
    now = datetime.now(UTC)
    with made.sessions.begin() as session:
        erasures.bring(session, stones)
        gone = erasures.reapply(session, made.vault, now)
        restored.settle(session, now)
    _put_back(made, file, {stone for stone, at in stones.items() if at.isoformat() >= about["at"]})
    wiring.tombstones_of(made).add(stones)
    out.write(f"{count} rows of {about['at']}; {len(stones)} erasures known, {len(gone)} leads erased again\n")
    return 0


def _stones(made: wiring.Base) -> dict[str, datetime]:
    """From the database that is about to go, where it still can be read, and from the places beside it."""
    found = wiring.tombstones_of(made).all()
    try:
        with made.sessions() as session:
            here = erasures.all_stones(session)
    except Exception:  # noqa: BLE001 - whatever is wrong with it: that is why it is being restored
        here = {}
    return {stone: max(at for at in (found.get(stone), here.get(stone)) if at) for stone in {*found, *here}}


def _rows(file: Path) -> Iterator[str]:
    with gzip.open(file, "rt", encoding="utf-8") as packed:
        yield from (line for line in packed if not line.startswith('{"redis"'))


# What Redis keeps


def _kept(made: wiring.Base) -> Iterator[str]:
    for pattern in CONVERSATIONS:
        for key in made.redis.scan_iter(match=pattern, count=500):
            value = made.redis.get(key) if pattern[0] == "c" else made.redis.hgetall(key)
            left = made.redis.pttl(key)
            if value and left > 0:
                yield json.dumps({"redis": key.decode(), "left": left, "value": _packed(value)})


def _put_back(made: wiring.Base, file: Path, gone: set[str]) -> None:
    """Conversations that Redis does not know any more, but of nobody who left or was erased since."""
    with gzip.open(file, "rt", encoding="utf-8") as packed:
        for line in packed:
            if not line.startswith('{"redis"'):
                return
            fact = json.loads(line)
            key, left = fact["redis"], fact["left"]
            if gone & set(erasures.names_of(made.vault, key[3:-1])) or made.redis.exists(key):
                continue
            value = fact["value"]
            if isinstance(value, str):
                made.redis.set(key, base64.b64decode(value), px=left)
            else:
                made.redis.hset(key, mapping=value)
                made.redis.pexpire(key, left)


def _packed(value: Any) -> str | dict[str, str]:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return {name.decode(): number.decode() for name, number in value.items()}
