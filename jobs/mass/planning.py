"""Plans today's mass send: what is new in the topic in which it reaches most followers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store import base, broadcasts, deliveries, issues, news
from bot.store.base import Sessions
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.issues import Issue
from bot.store.news import SHANGHAI
from jobs.drafts import DRAFT_ARTICLES
from jobs.habits import Habits
from jobs.mass.press import ANY, NO_LISTS, Ledger, Lists, recall
from jobs.release import release

RECENT = timedelta(days=7)
"""What came out before is not brought by a topic's first mass send, nor by one after a long rest."""
LONG_AGO = timedelta(days=3650)
"""When a topic that never had a mass send had its last."""
SLACK = timedelta(hours=2)
"""A run that comes a little early is not a day too early."""
ENOUGH = 20_000
"""Subscribers of a topic that are looked at to tell how many a send would reach."""
ALWAYS = Habits()


def plan(
    sessions: Sessions,
    topics: Iterable[str],
    ledger: Ledger,
    now: datetime,
    every: timedelta = timedelta(days=1),
    habits: Habits = ALWAYS,
    lists: Lists = NO_LISTS,
) -> int:
    """Returns the number of the broadcast that was planned; 0: nothing to send, or it is planned already.

    every: how far apart mass sends are; a service account's four a month go furthest once a week. A run that was
    missed is made up whenever the clock is back, but nobody's phone rings in the quiet hours.
    """
    recall(sessions, ledger, now)
    left = ledger.lists_left(now) if lists.below else ledger.mass_left(ANY, now)
    if habits.is_quiet(now) or left <= 0:
        return 0
    with sessions.begin() as session:
        base.lock(session, "mass")
        if broadcasts.has_mass_since(session, now - every + SLACK):
            return 0
        key = f"mass:{now.astimezone(SHANGHAI):%Y-%m-%d}"
        issue = _best(session, topics, now, partial(_reached, session, ledger, now, lists))
        if issue is None:
            return 0
        made = broadcasts.plan(session, "mass", issue.topic, key, issue.articles, now, habits.preview)
        if made is None:
            return 0
        if not habits.preview:
            release(session, made, Reach(()), habits, now)
        return made.id


def _best(session: Session, topics: Iterable[str], now: datetime, reached: Callable[[Issue], int]) -> Issue | None:
    """Nobody counts to a million for this: of two large topics the one that has waited longer comes first."""
    last = {topic: _last_sent(session, topic) or now - LONG_AGO for topic in topics}
    candidates = [issue for topic in last if (issue := _issue(session, topic, max(now - RECENT, last[topic])))]
    by_reach = {issue: reached(issue) for issue in candidates}
    best = max(by_reach, key=lambda issue: (by_reach[issue], now - last[issue.topic]), default=None)
    return best if best and by_reach[best] else None


def _last_sent(session: Session, topic: str) -> datetime | None:
    """When the topic's last mass send that worked was planned."""
    went = (
        sa.select(sa.func.max(Broadcast.created_at))
        .join(Delivery, Delivery.broadcast_id == Broadcast.id)
        .where(Broadcast.kind == "mass", Broadcast.topic == topic)
        .where(Delivery.channel.in_(deliveries.TO_MANY), Delivery.state.in_(("sent", "unsure")))
    )
    return session.scalar(went)


def _issue(session: Session, topic: str, since: datetime) -> Issue | None:
    found = [
        one for one in news.recent_of(session, topic, since, DRAFT_ARTICLES) if news.stories(session, [one.article_id])
    ]
    if not found:
        return None
    return Issue(topic, tuple(one.article_id for one in found), min(one.fresh_at for one in found))


def _reached(session: Session, ledger: Ledger, now: datetime, lists: Lists, issue: Issue) -> int:
    """How many a send would reach. Once somebody had all of the month's sends, only lists of two at least are left."""
    if not lists.below or ledger.mass_left(ANY, now) > 0:
        return issues.recipients(session, issue, now, enough=ENOUGH)
    found, last = 0, ""
    while found < 2 and (page := issues.wanting(session, issue, now, last, lists.most)):
        found += len(ledger.with_mass_left(page, now))
        last = page[-1]
    return found if found > 1 else 0
