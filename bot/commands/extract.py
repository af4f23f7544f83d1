"""`python -m bot extract`: messages in, slots out, a JSON object a line; a broken line is named and passed over."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol, TextIO

from bot.understanding.reading import Reading


class Understands(Protocol):
    def __call__(self, text: str, asked: str | None = None) -> Reading: ...


class Broken(Exception):
    """A line is not what it should be; the message says why."""


def extract(reader: Understands, lines: Iterable[bytes], out: TextIO, err: TextIO) -> int:
    """{"id", "text", "asked"?} -> {"id", "slots"}, each written as soon as it is read. Returns 1 if a line was broken."""
    broken = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _row(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
        except Broken as error:
            err.write(f"line {number}: {error}\n")
            broken += 1
            continue
        slots = reader(row["text"], row.get("asked")).slots()
        out.write(json.dumps({"id": row["id"], "slots": slots}, ensure_ascii=False) + "\n")
        out.flush()
    return 1 if broken else 0


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise Broken("not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise Broken(f"not JSON ({error})") from None
    if not isinstance(row, dict):
        raise Broken("not a JSON object")
    if not isinstance(row.get("text"), str) or "id" not in row:
        raise Broken('needs "id" and a "text" that is a string')
    if not isinstance(row.get("asked"), str | None):
        raise Broken('"asked" must be a string')
    return row
