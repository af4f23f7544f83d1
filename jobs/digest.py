"""Plans what topic subscribers hear of: a broadcast for each topic with new articles, once, whatever restarts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.store import base, broadcasts, deliveries, news
from bot.store.base import Sessions
from bot.store.broadcasts import Broadcast
from bot.store.news import Fresh, News, Rules

WINDOW = timedelta(hours=48)
"""After a follower's message the platform lets customer-service messages through (reference §4.1)."""


def plan(
    sessions: Sessions, topics: Iterable[str], now: datetime, *, service: bool, rules: Rules = news.USUAL
) -> list[int]:
    """Broadcasts of what is new in the topics; their numbers come back.

    service: the account may write to followers inside their window, so those get theirs at once. Everybody else's
    waits for a mass send or for their next message: nothing is planned for them one by one.
    """
    planned = [_plan_topic(sessions, topic, now, service, rules) for topic in topics]
    return [number for number in planned if number]


def _plan_topic(sessions: Sessions, topic: str, now: datetime, service: bool, rules: Rules) -> int:
    with sessions.begin() as session:
        base.lock(session, f"news {topic}")
        fresh = news.candidates(session, topic, rules, now)
        broadcast = _broadcast(session, topic, fresh, now) if fresh else None
        if broadcast is None:
            return 0
        if service:
            deliveries.plan_service(session, broadcast, fresh[0].fresh_at, now - WINDOW, now)
        return broadcast.id


def _broadcast(session: Session, topic: str, fresh: Sequence[Fresh], now: datetime) -> Broadcast | None:
    """The articles become news in the topic with the same commit, so that no other run takes them again."""
    key = f"news:{topic}:{max(one.article_id for one in fresh)}"
    made = broadcasts.plan(session, "news", topic, key, [one.article_id for one in fresh], now)
    if made:
        session.add_all(
            News(topic=topic, article_id=one.article_id, broadcast_id=made.id, fresh_at=one.fresh_at) for one in fresh
        )
    return made
