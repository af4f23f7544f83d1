"""The chat record of the customer service: who wrote when. Whether it holds what is sent by API is a knob: no page says."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

DAY = 24 * 3600
MOST = 10_000
OURS, THEIRS = 2002, 2003
CODES = {"kf": OURS, "chat": THEIRS}
"""By how a message came; replies and mass sends are no customer service."""
KEPT = 200_000


class Records:
    """Rows of (number, seconds, openid, opercode, text), oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: deque[tuple[int, int, str, int, str]] = deque(maxlen=KEPT)
        self._count = 0

    def note(self, stamp: int, openid: str, via: str, text: str) -> None:
        if via in CODES:
            with self._lock:
                self._count += 1
                self._rows.append((self._count, stamp, openid, CODES[via], text))

    def between(self, start: int, end: int, number: int, most: int) -> list[tuple[int, int, str, int, str]]:
        with self._lock:
            found = [row for row in self._rows if start <= row[1] <= end and row[0] >= number]
        return found[:most]


def listed(sim: Simulator, call: Call) -> Json:
    kept = sim.knobs.settings.chat_record
    if kept == "off":
        raise Fail(65400)
    start, end = call.field("starttime", int, 65416), call.field("endtime", int, 65416)
    number, most = call.field("msgid", int, 65416), call.field("number", int, 65416)
    if not 1 <= most <= MOST or number < 1 or end < start:
        raise Fail(65416)
    if end - start > DAY:
        raise Fail(65417)
    rows = sim.records.between(start, end, number, most)
    shown = [row for row in rows if kept == "all" or row[3] == THEIRS]
    return {
        "recordlist": [
            {"openid": openid, "opercode": code, "text": text, "time": stamp, "worker": "sim@test"}
            for _, stamp, openid, code, text in shown
        ],
        "number": len(rows),
        "msgid": rows[-1][0] + 1 if rows else number,
    }


ENDPOINTS = (Endpoint("/customservice/msgrecord/getmsglist", "POST", listed, "custom"),)
