"""How the whole is doing, in numbers: callbacks, queue, notices, index, clock, token; for the desk and for Prometheus."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.redis_scripts import TROUBLE, Client
from bot.adapters.wechat.token import TokenStore
from bot.search.builder import place
from bot.search.index import Index
from bot.store import articles, outbox
from bot.store.base import Sessions, reading
from bot.store.deliveries import Delivery

log = logging.getLogger(__name__)

LAST_CALLBACK = "pulse:callback"
NOTED_EVERY = 5.0
"""Seconds: a busy process writes down that it was called no more often than this."""

LEADER, FIRED = "{clock}:leader", "{clock}:fired"
"""Of jobs.clock, which this room may not import."""

QUEUE = "{jobs}:default"
PENDING = ("planned", "claimed", "sending")


@dataclass(frozen=True, slots=True)
class Limit:
    """Beyond this somebody should look. below: it is too little that is wrong."""

    most: float
    below: bool = False

    def is_passed(self, value: float) -> bool:
        return value < self.most if self.below else value > self.most


LIMITS: dict[str, Limit] = {
    "queue": Limit(200),
    "oldest_notice": Limit(600),
    "dead_notices": Limit(0),
    "unsure_deliveries": Limit(0),
    "index_behind": Limit(0),
    "clock_leads": Limit(1, below=True),
}


@dataclass(frozen=True, slots=True)
class Vital:
    """value: seconds where the name says an age or a time, otherwise a count; None = there is nothing to tell."""

    name: str
    value: float | None
    bad: bool = False


class Pulse:
    """Notes in Redis that the platform has called, for all processes together."""

    def __init__(self, redis: Client, clock: Callable[[], float] = time.time) -> None:
        self._redis, self._clock = redis, clock
        self._noted = 0.0

    def beat(self) -> None:
        now = self._clock()
        if now - self._noted < NOTED_EVERY:
            return
        self._noted = now
        try:
            self._redis.set(LAST_CALLBACK, int(now), ex=90 * 86400)
        except TROUBLE:
            log.warning("the last callback could not be noted")


@dataclass(frozen=True, slots=True)
class Vitals:
    """now: the time that ages are counted to."""

    sessions: Sessions
    redis: Client
    index: Index
    tokens: TokenStore
    now: Callable[[], datetime]

    def __call__(self) -> tuple[Vital, ...]:
        """What cannot be asked now is left out; whatever is away shows in /readyz."""
        found: list[Vital] = []
        for part in (self._from_redis, self._from_rows):
            try:
                found += [Vital(name, value, _is_bad(name, value)) for name, value in part()]
            except (*TROUBLE, sa.exc.SQLAlchemyError) as trouble:
                log.warning("a vital sign cannot be had", extra={"error": type(trouble).__name__})
        return tuple(found)

    def _from_redis(self) -> Iterator[tuple[str, float | None]]:
        called = self.redis.get(LAST_CALLBACK)
        yield "last_callback", self._age(float(called)) if called else None
        yield "token_left", self.tokens.left() or None
        yield "queue", float(self.redis.llen(QUEUE))
        yield "clock_leads", float(bool(self.redis.get(LEADER)))
        yield "clock_jobs", float(self.redis.hlen(FIRED))

    def _from_rows(self) -> Iterator[tuple[str, float | None]]:
        with reading(self.sessions) as session:
            oldest = outbox.oldest_undelivered(session)
            counts = outbox.counts(session)
            yield "oldest_notice", (self.now() - oldest) / timedelta(seconds=1) if oldest else None
            yield "waiting_notices", float(counts.get("waiting", 0) + counts.get("sending", 0))
            yield "dead_notices", float(counts.get("dead", 0))
            yield "waiting_deliveries", _deliveries(session, PENDING)
            yield "unsure_deliveries", _deliveries(session, ("unsure",))
            yield "index_behind", float(max(0, articles.latest_seq(session) - place(self.index)))
        yield "index_age", self._index_age()

    def _index_age(self) -> float | None:
        try:
            return self._age((self.index.folder / "place.json").stat().st_mtime)
        except OSError:
            return None

    def _age(self, moment: float) -> float:
        return max(0.0, self.now().timestamp() - moment)


def _is_bad(name: str, value: float | None) -> bool:
    limit = LIMITS.get(name)
    return limit is not None and value is not None and limit.is_passed(value)


def _deliveries(session: Session, states: tuple[str, ...]) -> float:
    counted = sa.select(sa.func.count()).select_from(Delivery).where(Delivery.state.in_(states))
    return float(session.scalar(counted) or 0)
