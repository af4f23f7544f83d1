"""Sends planned news to followers one by one: customer-service messages to those who wrote in the last 48 hours."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from bot.adapters.wechat.errors import (
    BadRequest,
    Busy,
    NeedsOperator,
    NoRight,
    PlatformError,
    QuotaUsed,
    RecipientLost,
    TokenRefused,
    Unsure,
)
from bot.dialogue.reply import Card, fitted, link
from bot.store import deliveries, erasures, news
from bot.store.base import Sessions
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.news import Story

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
BATCH = 4
"""Claimed at once; sending all of them, each with its timeouts, must end within the lease."""
TRIES = 8
KEPT_BACK = 1
"""Messages of a window that news leaves for people to answer with."""


class Sender(Protocol):
    """The platform's customer-service messages. Raises PlatformError."""

    def send_text(self, openid: str, text: str) -> None: ...
    def send_card(self, openid: str, card: Card) -> None: ...


class Ledger(Protocol):
    """What the follower's open windows still hold; bot.adapters.wechat.quota.Ledger."""

    def may_send(self, openid: str, now: datetime) -> int: ...
    def spend(self, openid: str, now: datetime) -> str: ...
    def give_back(self, openid: str, kind: str) -> None: ...
    def correct(self, openid: str, error: PlatformError) -> None: ...


@dataclass(frozen=True, slots=True)
class Wording:
    """How news is put. texts: config/staff.toml, news. names: topics by key."""

    texts: Mapping[str, Any]
    names: Mapping[str, str]

    def message(self, topic: str, stories: Sequence[Story], title: str = "") -> Card | str:
        """One article is a card; several share one text, for each message counts against the five of a window.

        title: the line above in staff's own words.
        """
        if len(stories) == 1:
            (story,) = stories
            return Card(title or story.title, story.summary, story.picture, story.url)
        lines = [self.texts["line"].format(title=link(story.title, story.url)) for story in stories]
        name = self.names.get(topic, topic)
        head, tail = title or self.texts["head"].format(topic=name), self.texts["tail"].format(topic=name)
        return fitted("\n".join([head, *lines, tail]))[0]


@dataclass(frozen=True)
class Courier:
    """Everything one run needs; `worker` names it in the rows it holds."""

    sessions: Sessions
    sender: Sender
    ledger: Ledger
    wording: Wording
    now: Callable[[], datetime]
    worker: str


class _Stop(Exception):
    """Going on now would fail for everybody."""


def deliver_due(
    sessions: Sessions,
    sender: Sender,
    ledger: Ledger,
    wording: Wording,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Send everything that is due. Returns how many followers got something."""
    courier = Courier(sessions, sender, ledger, wording, now, uuid.uuid4().hex)
    with sessions.begin() as session:
        deliveries.recover(session, now())
    sent = 0
    try:
        while batch := _claim(courier):
            for row in batch:
                sent += _deliver(courier, row)
    except _Stop as reason:
        log.warning("pushing stops for now: %s", reason)
    return sent


def _claim(courier: Courier) -> Sequence[Delivery]:
    with courier.sessions.begin() as session:
        return deliveries.claim(session, ("service",), courier.worker, courier.now(), LEASE, BATCH)


def _deliver(courier: Courier, row: Delivery) -> bool:
    window = _spend(courier, row)
    if not window:
        _settle(courier, row, "dropped", "the window is shut or full: it waits for their next message")
        return False
    message = _begin(courier, row)
    if message is None:
        courier.ledger.give_back(row.openid, window)
        return False
    try:
        _send(courier.sender, row.openid, message)
    except PlatformError as error:
        if not isinstance(error, Unsure):
            courier.ledger.give_back(row.openid, window)
            courier.ledger.correct(row.openid, error)
        _settle_failure(courier, row, error)
        return False
    return _settle(courier, row, "sent")


def _spend(courier: Courier, row: Delivery) -> str:
    if courier.ledger.may_send(row.openid, courier.now()) <= KEPT_BACK:
        return ""
    return courier.ledger.spend(row.openid, courier.now())


def _send(sender: Sender, openid: str, message: Card | str) -> None:
    if isinstance(message, Card):
        sender.send_card(openid, message)
    else:
        sender.send_text(openid, message)


def _begin(courier: Courier, row: Delivery) -> Card | str | None:
    """Claim the articles for the follower and commit that sending begins; None where there is nothing to send."""
    with courier.sessions.begin() as session:
        if not deliveries.start(session, row.id, courier.worker, courier.now(), LEASE):
            return None
        broadcast = session.get_one(Broadcast, row.broadcast_id)
        mine = news.for_follower(session, row.openid, broadcast.topic, broadcast.articles)
        wanted = news.stories(session, mine)
        new = deliveries.receive(session, row.openid, [story.id for story in wanted], row.id, courier.now())
        if not new:
            deliveries.settle(session, row.id, courier.worker, "dropped", courier.now(), error="nothing new for them")
            return None
    return courier.wording.message(broadcast.topic, [story for story in wanted if story.id in new], broadcast.title)


def _settle(courier: Courier, row: Delivery, state: str, error: str = "", *, free: bool = False) -> bool:
    """`free`: surely not sent, so that the articles may come by another way."""
    with courier.sessions.begin() as session:
        if free:
            deliveries.release(session, row.id)
        return deliveries.settle(session, row.id, courier.worker, state, courier.now(), error=error)


def _settle_failure(courier: Courier, row: Delivery, error: PlatformError) -> None:
    """By what to do next; see the tree in bot.adapters.wechat.errors."""
    match error:
        case Unsure():
            _settle(courier, row, "unsure", str(error))
        case RecipientLost(why=why):
            _settle(courier, row, "failed", str(error), free=True)
            if why == "unfollowed":
                _forget(courier, row.openid)
        case QuotaUsed() | BadRequest() | NoRight():
            _settle(courier, row, "failed", str(error), free=True)
        case Busy() if row.attempts < TRIES:
            _put_back(courier, row, max(error.wait, timedelta(seconds=2**row.attempts)), error)
        case TokenRefused() | NeedsOperator() if row.attempts < TRIES:
            _put_back(courier, row, timedelta(minutes=10), error)
        case _:
            _settle(courier, row, "failed", str(error), free=True)
    if isinstance(error, QuotaUsed | TokenRefused | NeedsOperator):
        raise _Stop(str(error))


def _put_back(courier: Courier, row: Delivery, wait: timedelta, error: PlatformError) -> None:
    with courier.sessions.begin() as session:
        deliveries.put_back(session, row.id, courier.worker, courier.now() + wait, str(error))


def _forget(courier: Courier, openid: str) -> None:
    with courier.sessions.begin() as session:
        erasures.forget_follower(session, openid)
