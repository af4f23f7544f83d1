"""`python -m bot rotate`: seal everything anew after DATA_KEY was changed."""

from __future__ import annotations

from typing import TextIO

from bot.store.base import Sessions
from bot.store.rotation import rotate as sealed_anew
from bot.store.secrets import Secrets


def rotate(sessions: Sessions, secrets: Secrets, draft_days: int, out: TextIO) -> int:
    """What was done, and which keys are still needed."""
    for table, rows in sealed_anew(sessions, secrets).items():
        out.write(f"{table}: {rows} sealed with the new key\n")
    out.write(
        f"Conversations in Redis follow with their next message; keep every key for {draft_days} more days.\n"
        "After that DATA_KEYS_OLD needs only its last key, the first this installation ever had: look-ups by phone\n"
        "and the marks of erased people are made with it.\n"
    )
    return 0
