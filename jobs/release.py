"""Lets broadcasts go: those that staff approved or had their time to look at; then deliveries are planned."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.store import broadcasts, deliveries, outbox
from bot.store.base import Sessions
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.outbox import Notice
from jobs.habits import Habits

WINDOW = timedelta(hours=48)
"""After a follower's message the platform lets customer-service messages through (reference §4.1)."""
AS_ONE = ("mass", "draft")
"""Kinds that go out as one."""


def release_due(sessions: Sessions, reach: Reach, habits: Habits, now: datetime) -> int:
    """Plan the deliveries of all that may go now. Returns how many broadcasts those were."""
    with sessions.begin() as session:
        due = broadcasts.to_release(session, now)
        for broadcast in due:
            release(session, broadcast, reach, habits, now)
        broadcasts.finish(session)
        return len(due)


def release(session: Session, broadcast: Broadcast, reach: Reach, habits: Habits, now: datetime) -> None:
    """Plan its deliveries, due at the end of quiet hours; but at once to who wrote just now. Nothing where it is not to
    go, or went already."""
    if not broadcasts.release(session, broadcast, now):
        return
    session.flush()
    due = habits.wakes(now)
    if broadcast.kind in AS_ONE:
        session.add(as_one(broadcast, broadcast.kind, 0, due))
    else:
        deliveries.plan_followers(session, broadcast, reach, now - WINDOW, due)
        if awake_since := habits.awake_since(now):
            deliveries.hasten(session, broadcast.id, awake_since, now)


def as_one(broadcast: Broadcast, channel: str, batch: int, due: datetime) -> Delivery:
    """A delivery to many. The id it has at the platform is always the same for the same batch of the same broadcast."""
    made_of = f"{broadcast.key} {broadcast.created_at.isoformat()} {batch}"
    number = hashlib.sha256(made_of.encode()).hexdigest()[:32]
    return Delivery(broadcast_id=broadcast.id, channel=channel, batch=batch, due_at=due, clientmsgid=number)


def announce(sessions: Sessions, names: Mapping[str, str], channels: Iterable[str], now: datetime, note: str) -> int:
    """Tell staff of each broadcast that waits for their look, once. note: with {number}, {topic} and {count} of articles.
    Returns how many notices that makes."""
    told = tuple(channels)
    if not told:
        return 0
    with sessions.begin() as session:
        added = 0
        for one in broadcasts.waiting(session):
            words = note.format(number=one.id, topic=names.get(one.topic, one.topic), count=len(one.articles))
            added += len(outbox.add(session, Notice("broadcast", f"broadcast:{one.id}", note=words), told, now))
        return added
