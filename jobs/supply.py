"""Claims deliveries a little ahead of their sending and makes them ready, so that no sender waits for the database."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.wechat.quota import next_day
from bot.store import claims, news, received
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.subscriptions import Subscription
from jobs.courier import LEASE, Courier, Edition, Packet, client_msg_id, when_database_answers

MANY = 8
"""How many times as many rows are claimed at once as can be on their way at once."""
SETTLED = frozenset({"template"})
"""Channels on which a repeat is harmless: there one sender begins up to MANY with one commit."""
SEEN = timedelta(seconds=5)
"""How long a broadcast is not looked up again: an article taken down meanwhile may still go out."""
TIDIED = 15.0
"""Seconds between two looks at what dead workers left."""
HELP = 1.0
"""Seconds after which other machines are asked to help, again."""


@dataclass
class Supply:
    """What the senders of one process take from. Whoever sees that little is left takes in more; the others go on."""

    courier: Courier
    _ready: deque[Packet] = field(default_factory=deque)
    _change: threading.Condition = field(default_factory=threading.Condition)
    _fetching: bool = False
    _dry: bool = False
    _asked: float = 0.0
    _tidied: float = 0.0

    def take(self, before_waiting: Callable[[], object]) -> list[Packet]:
        """The next for one sender; none where nothing is due any more. before_waiting: called if it takes a while."""
        while True:
            with self._change:
                if self._ready and not self._should_fetch():
                    return self._portion()
            before_waiting()  # it may raise: whoever says that they fetch must go on and do it
            if self._may_fetch():
                self._fetch()
                if self._dry and not self._ready:
                    return []
            else:
                self._wait()

    def left_over(self) -> int:
        return len(self._ready)

    def _may_fetch(self) -> bool:
        """Only one at a time."""
        with self._change:
            fetch = self._should_fetch()
            self._fetching = self._fetching or fetch
            return fetch

    def _should_fetch(self) -> bool:
        """Early, while others still have something to send; where that brought nothing, once more at the very end."""
        few = len(self._ready) <= self.courier.speed.at_once
        return not self._fetching and (not self._ready or (few and not self._dry))

    def _wait(self) -> None:
        with self._change:
            self._change.wait_for(lambda: self._ready or not self._fetching)

    def _portion(self) -> list[Packet]:
        """One, so that a dying worker leaves no more unsure than are on their way; several where repeats are settled."""
        portion = [self._ready.popleft()]
        while self._ready and len(portion) < MANY and {portion[0].row.channel, self._ready[0].row.channel} <= SETTLED:
            portion.append(self._ready.popleft())
        return portion

    def _tidy(self) -> None:
        """A push may take hours: what others left when they died must not wait for its end."""
        if time.monotonic() - self._tidied > TIDIED:
            self._tidied = time.monotonic()
            when_database_answers(lambda: tidy(self.courier))

    def _fetch(self) -> None:
        packets: list[Packet] = []
        try:
            self._tidy()
            claimed, packets = when_database_answers(lambda: _claimed(self.courier))
            if claimed >= self.courier.speed.at_once and time.monotonic() - self._asked > HELP:
                self._asked = time.monotonic()
                self.courier.more()
        finally:
            with self._change:
                self._ready.extend(packets)
                self._fetching, self._dry = False, not packets
                self._change.notify_all()


def tidy(courier: Courier) -> None:
    """Rows of dead workers are planned again, or unsure; so are repeats that the platform would no longer know."""
    with courier.sessions.begin() as session:
        claims.recover(session, courier.now())
        claims.forgotten(session, courier.now())


def _claimed(courier: Courier) -> tuple[int, list[Packet]]:
    """With one commit: rows are this worker's, and their articles their followers'. How many rows, and what is to send.

    Rows without anything to bring are settled, so that there may be rows and nothing to send.
    """
    taken = 0
    while channels := courier.open_channels:
        with courier.sessions.begin() as session:
            rows = _claim(session, courier, channels)
            packets = _packed(session, courier, _within_caps(session, courier, rows))
        taken += len(rows)
        if packets or not rows:
            return taken, packets
    return taken, []


def _claim(session: Session, courier: Courier, channels: Sequence[str]) -> Sequence[Delivery]:
    now, most = courier.now(), courier.speed.at_once * MANY
    return claims.claim(session, channels, courier.worker, now, LEASE, most, courier.habits.awake_since(now))


def _within_caps(session: Session, courier: Courier, rows: Sequence[Delivery]) -> Sequence[Delivery]:
    """Those whose followers have not had too much lately; the others wait for tomorrow."""
    full = _over_cap(session, courier, rows)
    tomorrow = courier.habits.wakes(next_day(courier.now()))
    for number in full:
        claims.put_back(session, number, courier.worker, tomorrow, "enough messages for today")
    return [row for row in rows if row.id not in full]


def _over_cap(session: Session, courier: Courier, rows: Sequence[Delivery]) -> set[int]:
    """What has begun before is a repeat, and counted already."""
    new = [row for row in rows if row.begun_at is None]
    caps = ((courier.habits.a_day, timedelta(days=1)), (courier.habits.a_week, timedelta(days=7)))
    full: set[int] = set()
    for most, span in caps:
        if most and new:
            told = Counter(received.told_counts(session, {row.openid for row in new}, courier.now() - span))
            full |= _beyond(new, told, most)
    return full


def _beyond(rows: Iterable[Delivery], told: Counter[str], most: int) -> set[int]:
    """Rows that would bring their follower more than `most`; two of one follower count one after the other."""
    full: set[int] = set()
    for row in rows:
        if told[row.openid] >= most:
            full.add(row.id)
        told[row.openid] += 1
    return full


def _packed(session: Session, courier: Courier, rows: Sequence[Delivery]) -> list[Packet]:
    editions = {number: _edition(session, courier, number) for number in {row.broadcast_id for row in rows}}
    again = [row.id for row in rows if row.begun_at is not None]
    # A repeat brings the same as the first try.
    claimed = received.articles_of(session, again) if again else {}
    fresh = _wanted(session, editions, [row for row in rows if row.begun_at is None])
    claimed |= received.receive_many(session, fresh, courier.now())
    packets = []
    for row in rows:
        edition = editions[row.broadcast_id]
        stories = [edition.stories[one] for one in claimed.get(row.id, ()) if one in edition.stories]
        if not stories:
            claims.settle(session, row.id, courier.worker, "dropped", courier.now(), error="nothing new for them")
            continue
        content = courier.wording.content(row.channel, edition.broadcast, stories, courier.now())
        packets.append(Packet(row, content, client_msg_id(edition.broadcast, row.openid)))
    return packets


def _edition(session: Session, courier: Courier, number: int) -> Edition:
    known = courier.seen.get(number)
    if known is not None and courier.now() - known.at < SEEN:
        return known
    broadcast = session.get_one(Broadcast, number)
    fresh = news.of_articles(session, broadcast.topic, broadcast.articles)
    stories = news.stories(session, [one.article_id for one in fresh])
    courier.seen[number] = Edition(broadcast, fresh, {story.id: story for story in stories}, courier.now())
    return courier.seen[number]


def _wanted(
    session: Session, editions: dict[int, Edition], rows: Sequence[Delivery]
) -> dict[int, tuple[str, Sequence[int]]]:
    """For each delivery the articles that are still there and no older than the follower's subscription."""
    if not rows:
        return {}
    topics = {edition.broadcast.topic for edition in editions.values()}
    asked = sa.and_(Subscription.topic.in_(topics), Subscription.openid.in_({row.openid for row in rows}))
    known = session.execute(sa.select(Subscription.openid, Subscription.topic, Subscription.since).where(asked))
    since = {(openid, topic): moment for openid, topic, moment in known}
    wanted: dict[int, tuple[str, Sequence[int]]] = {}
    for row in rows:
        edition = editions[row.broadcast_id]
        chosen = since.get((row.openid, edition.broadcast.topic))
        mine = [
            one.article_id
            for one in edition.fresh
            if chosen is not None and one.fresh_at >= chosen and one.article_id in edition.stories
        ]
        wanted[row.id] = (row.openid, mine)
    return wanted
