"""What went over the wire: every callback, API call and robot message with its time, code and bodies."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from bot.simulator.shapes import Json

ROWS = 5000
BODY = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange. kind: callback, api or robot. code: the HTTP status of a callback, the errcode of an API call."""

    id: int
    at: str
    kind: str
    method: str
    path: str
    code: str
    ms: float
    request: str
    response: str
    detail: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> Json:
        return asdict(self)


class Wire:
    """The last ROWS exchanges."""

    def __init__(self) -> None:
        self.rows: deque[Row] = deque(maxlen=ROWS)
        self.changed = threading.Condition()
        self.version = 0
        self._ids = itertools.count(1)

    def add(
        self,
        at: datetime,
        kind: str,
        method: str,
        path: str,
        code: object,
        seconds: float,
        request: bytes | str,
        response: bytes | str,
        **detail: object,
    ) -> Row:
        shown = _text(request), _text(response)
        when = at.isoformat(timespec="milliseconds")
        row = Row(next(self._ids), when, kind, method, path, str(code), round(seconds * 1000, 1), *shown, detail)
        self.rows.append(row)
        self.touch()
        return row

    def since(self, last: int, limit: int = 300) -> list[Row]:
        """The rows after `last`, newest kept if there are more than `limit`."""
        found = list(itertools.takewhile(lambda row: row.id > last, reversed(tuple(self.rows))))
        return found[:limit][::-1]

    def touch(self) -> None:
        """Wake whoever waits for news (the page's long poll)."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        with self.changed:
            self.changed.wait_for(lambda: self.version != seen, seconds)
            return self.version


def _text(body: bytes | str) -> str:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return text if len(text) <= BODY else text[:BODY] + "…"
