"""Who knocks with wrong signatures again and again is not even listened to for a while."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import Counter

MINUTE = 60.0


class Strangers:
    """Refusals by address and minute, in this process. Only refusals count, so the platform itself never gets here.

    most: refusals in a minute before an address is turned away unread.
    Without a trusted proxy every caller behind one has its address; turning that away would shut the platform out.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._minute = 0
        self._refused: Counter[str] = Counter()

    def refused(self, address: str | None) -> None:
        if address and _is_public(address):
            with self._guard:
                self._turn()
                self._refused[address] += 1

    def is_shut_out(self, address: str | None) -> bool:
        if not self._refused or not address:
            return False
        with self._guard:
            self._turn()
            return self._refused[address] >= self._most

    def _turn(self) -> None:
        minute = int(time.monotonic() // MINUTE)
        if minute != self._minute:
            self._minute = minute
            self._refused.clear()


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
