"""`python -m bot outbox`: notices that staff did not get yet, dead letters first; `--retry` sends those again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from bot.store import outbox as stored
from bot.store.base import Sessions, reading

PENDING = ("dead", "waiting", "sending")


def outbox(sessions: Sessions, out: TextIO) -> int:
    """One line a notice. Returns 1 where there is a dead letter, so that a script can look."""
    with reading(sessions) as session:
        rows = sorted(stored.listing(session, PENDING), key=lambda row: (PENDING.index(row.state), row.id))
    for row in rows:
        since = row.created_at.strftime("%Y-%m-%d %H:%M:%S")
        out.write(
            f"{row.id}  {row.state:<8}{row.kind:<12}{row.channel or '-':<10}{since}  {row.attempts}x  {row.error}\n"
        )
    out.write(f"{len(rows)} not delivered\n")
    return int(any(row.state == "dead" for row in rows))


def retry(sessions: Sessions, out: TextIO, now: datetime, channels: Sequence[str]) -> int:
    """Send dead letters again, e.g. after a channel was repaired, or the first one set up."""
    with sessions.begin() as session:
        revived = stored.revive(session, now, channels)
    out.write(f"{revived} will be sent again\n")
    return 0
