"""Plans what topic subscribers hear of: at once, or as a daily or weekly digest; once, whatever restarts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store import base, broadcasts, news, subscriptions
from bot.store.base import Sessions
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Reach
from bot.store.news import Fresh, News, Rules
from jobs.habits import PERIODS, Habits
from jobs.release import release


def plan(
    sessions: Sessions,
    topics: Iterable[str],
    now: datetime,
    *,
    reach: Reach,
    rules: Rules = news.USUAL,
    habits: Habits | None = None,
) -> list[int]:
    """Broadcasts of what is new in the topics; their numbers come back.

    reach: how followers can be reached one by one. Who cannot be is left to a mass send or to their next message:
    nothing is planned for them. Without time for a preview a broadcast is let go with its plan.
    """
    habits = habits or Habits()
    planned: list[int] = []
    for topic in topics:
        with sessions.begin() as session:
            base.lock(session, f"news {topic}")
            for broadcast in _made(session, topic, rules, habits, now):
                planned.append(broadcast.id)
                if (broadcast.release_at or now) <= now:
                    release(session, broadcast, reach, habits, now)
    return planned


def _made(session: Session, topic: str, rules: Rules, habits: Habits, now: datetime) -> Iterator[Broadcast]:
    """One after the other: what is let go as news can be in the digest that follows it."""
    if fresh := _news(session, topic, rules, habits, now):
        yield fresh
    for pace in PERIODS:
        if due := _digest(session, topic, pace, rules, habits, now):
            yield due


def _news(session: Session, topic: str, rules: Rules, habits: Habits, now: datetime) -> Broadcast | None:
    """The articles become news in the topic with the same commit, so that no other run takes them again."""
    fresh = news.candidates(session, topic, rules, now)
    if not fresh:
        return None
    key = f"news:{topic}:{max(one.article_id for one in fresh)}"
    articles = [one.article_id for one in fresh]
    made = broadcasts.plan(session, "news", topic, key, articles, now, habits.preview_at_once)
    if made:
        session.add_all(_rows(topic, made.id, fresh))
        session.flush()
    return made


def _rows(topic: str, broadcast: int, fresh: Sequence[Fresh]) -> list[News]:
    return [
        News(topic=topic, article_id=one.article_id, broadcast_id=broadcast, fresh_at=one.fresh_at) for one in fresh
    ]


def _digest(session: Session, topic: str, pace: str, rules: Rules, habits: Habits, now: datetime) -> Broadcast | None:
    """Everything that may be heard of since the last digest of this kind, for those who want it so."""
    slot = habits.slot(pace, now)
    key = f"{pace}:{topic}:{slot}"
    if not slot or broadcasts.is_planned(session, key) or not subscriptions.has_any(session, topic, pace):
        return None
    since = broadcasts.last_planned(session, pace, topic) or now - PERIODS[pace]
    articles = _released_since(session, topic, since, rules.most)
    return broadcasts.plan(session, pace, topic, key, articles, now, habits.preview) if articles else None


def _released_since(session: Session, topic: str, since: datetime, most: int) -> list[int]:
    wanted = sa.select(News.article_id).where(News.topic == topic, News.released_at >= since)
    return list(session.scalars(wanted.order_by(News.fresh_at.desc(), News.article_id.desc()).limit(most)))
