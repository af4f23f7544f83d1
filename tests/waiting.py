"""Waiting for what other processes do, never longer than a test may take."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(true: Callable[[], object], seconds: float = 20) -> bool:
    """Whether it came true within these seconds; looks every 20 ms."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
