"""What planning and sending a mass send work with: the platform's calls, what is left to send, who is at work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from bot.layout import titled
from bot.store import claims, deliveries, news
from bot.store.base import Sessions, reading
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.issues import Issue
from bot.store.news import News
from bot.tagging import Tagging
from jobs.drafts import Draftsman, Layout, make

LEASE = timedelta(minutes=10)
"""Putting a tag in step may take many calls; each batch of it is committed, so a dead worker loses nothing."""
ANY = "any"
"""Mass sends are counted for the account as a whole, also where each follower has their own four a month: somebody with
two topics gets no fifth one that the platform would silently keep back."""
LIST = "list"
"""The channel of a delivery to followers by list; to a tag it is "mass"."""


class Masses(Draftsman, Tagging, Protocol):
    """The platform's tag and mass calls. Raises PlatformError."""

    def mass_to_tag(self, tag_id: int, media_id: str, clientmsgid: str) -> str: ...
    def mass_to_followers(self, openids: Sequence[str], media_id: str, clientmsgid: str) -> str: ...
    def mass_status(self, msg_id: str) -> str: ...


class Ledger(Protocol):
    """Mass sends left; bot.adapters.wechat.quota.Ledger."""

    def mass_left(self, to: str, now: datetime) -> int: ...
    def spend_mass(self, to: str, now: datetime) -> bool: ...
    def give_back_mass(self, to: str, now: datetime) -> None: ...
    def mass_used_up(self, to: str, now: datetime) -> None: ...
    def lists_left(self, now: datetime) -> int: ...
    def with_mass_left(self, openids: Sequence[str], now: datetime) -> list[str]: ...
    def spend_each(self, openids: Sequence[str], now: datetime) -> list[str]: ...
    def give_back_each(self, openids: Sequence[str], now: datetime) -> None: ...
    def mass_began(self, now: datetime) -> datetime: ...
    def forgot_mass(self, now: datetime) -> bool: ...
    def recall_mass(self, to_tags: int, on_lists: Mapping[str, int], now: datetime) -> None: ...


class Postponed(Exception):
    """Nothing was sent; try again in a moment."""


class Off(Exception):
    """Nothing was sent, and this one will not be."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Mass sends to followers by name, for service accounts. below: how many a topic has to reach to go to a tag
    instead; 0 = this account may not send to lists. most: followers of one call; the platform takes 10 000."""

    below: int = 0
    most: int = 10_000


NO_LISTS = Lists()


@dataclass(frozen=True)
class Press:
    """Everything one run of sending needs. names: topics by key, as their tags are called. worker: its name in the rows
    it holds."""

    sessions: Sessions
    platform: Masses
    ledger: Ledger
    names: Mapping[str, str]
    layout: Layout
    now: Callable[[], datetime]
    worker: str
    lists: Lists = NO_LISTS


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is ready to be made. send: makes it, and gives the msg_id; raises PlatformError. give_back: at this
    moment returns what it took of the quota, for a call that was refused."""

    send: Callable[[], str]
    give_back: Callable[[datetime], None]


def recall(sessions: Sessions, ledger: Ledger, now: datetime) -> None:
    """Redis may have lost what was sent: then nobody gets a fifth one that the platform silently keeps back."""
    if ledger.forgot_mass(now):
        with reading(sessions) as session:
            ledger.recall_mass(*deliveries.mass_sends(session, ledger.mass_began(now)), now)


def issue_of(press: Press, row: Delivery) -> Issue:
    """What the delivery is to bring."""
    with reading(press.sessions) as session:
        broadcast = session.get_one(Broadcast, row.broadcast_id)
        came_out = sa.select(sa.func.min(News.fresh_at)).where(News.article_id.in_(broadcast.articles))
        fresh = session.scalar(came_out) or broadcast.created_at
        return Issue(broadcast.topic, tuple(broadcast.articles), fresh)


def draft_of(press: Press, issue: Issue, row: Delivery) -> str:
    """The media_id of its draft, made where it has none yet. Raises Off where an article was taken down meanwhile."""
    if row.media_id:
        return row.media_id
    with reading(press.sessions) as session:
        stories = news.stories(session, issue.articles)
        title = session.get_one(Broadcast, row.broadcast_id).title
    if len(stories) < len(issue.articles):
        raise Off("an article was taken down")
    media_id = make(press.platform, press.sessions, titled(stories, title), press.layout)
    with press.sessions.begin() as session:
        claims.drafted(session, row.id, press.worker, media_id)
    return media_id
