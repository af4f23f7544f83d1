"""`python -m bot push`: what was pushed lately and how it went; what nobody knows the outcome of comes last."""

from __future__ import annotations

from typing import TextIO

from bot.store import broadcasts, deliveries
from bot.store.base import Sessions, reading
from bot.store.broadcasts import Broadcast


def push(sessions: Sessions, out: TextIO, limit: int = 20) -> int:
    """One line a broadcast, newest first. Returns 1 where staff must look at an unsure delivery."""
    with reading(sessions) as session:
        rows = [(row, deliveries.counts(session, row.id)) for row in broadcasts.listing(session, limit)]
        unsure = deliveries.unsure(session)
    for row, counts in rows:
        out.write(f"{_line(row, counts)}\n")
    for delivery in unsure:
        to = f"follower …{delivery.openid[-6:]}" if delivery.openid else "the tag"
        out.write(f"unsure: broadcast {delivery.broadcast_id} to {to}: {delivery.error}\n")
    return int(bool(unsure))


def _line(row: Broadcast, counts: dict[str, int]) -> str:
    went = ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "waits for replies"
    figures = "" if row.sent is None else f"; the platform says {row.sent} of {row.total}"
    when = row.created_at.strftime("%Y-%m-%d %H:%M")
    return f"{row.id}  {when}  {row.kind:<5} {row.topic:<16}{len(row.articles)} articles  {row.state}  {went}{figures}"
