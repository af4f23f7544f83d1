"""Lets go of what has been kept long enough, and of the last bytes of what was erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store import beginnings, deliveries, erasures, inbox, leads, outbox, questions, readings, staff, talks
from bot.store.base import Sessions
from bot.store.secrets import Secrets

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """How long what is kept. lost: leads that came to nothing (reference: intake §7.8)."""

    lost: timedelta = 365 * DAY
    messages: timedelta = 7 * DAY
    talk: timedelta = 7 * DAY
    audit: timedelta = 3 * 365 * DAY
    notices: timedelta = 90 * DAY
    questions: timedelta = 180 * DAY
    readings: timedelta = 180 * DAY
    beginnings: timedelta = 2 * 365 * DAY
    deliveries: timedelta = 180 * DAY
    tombstones: timedelta = 3 * 365 * DAY


USUAL = Kept()


def tidy(sessions: Sessions, secrets: Secrets, now: datetime, kept: Kept = USUAL) -> Mapping[str, int]:
    """Returns how many rows of each kind went."""
    with sessions.begin() as session:
        gone = {
            "leads": len(leads.expire(session, now - kept.lost)),
            "erased_again": len(erasures.reapply(session, secrets, now)),
            "talk": talks.prune(session, now - kept.talk),
            "messages": inbox.prune(session, now - kept.messages),
            "notices": outbox.prune(session, now - kept.notices),
            "questions": questions.prune(session, now - kept.questions),
            "readings": readings.prune(session, now - kept.readings),
            "beginnings": beginnings.prune(session, now - kept.beginnings),
            "deliveries": deliveries.prune(session, now - kept.deliveries),
            "tombstones": erasures.prune(session, now - kept.tombstones),
        }
        staff.prune(session, now, now - kept.audit)
    wipe(sessions)
    return gone


def wipe(sessions: Sessions) -> None:
    """SQLite: empty the write-ahead log, where deleted rows would stay readable until it is written over."""
    engine: sa.Engine = sessions.kw["bind"]
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()  # a checkpoint goes outside of any transaction
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
