"""Sends planned news to followers one by one: customer-service messages, template messages, subscription notices.

Each sender takes what is ready, commits that it begins, sends it, and writes down how it went with the commit that the
next begins. Nothing is sent inside a transaction. A worker may die anywhere: what surely was not sent is planned again,
the rest is settled with the platform's own idempotency key where the channel has one, and is left to staff where it has
none. That rest is only what was on its way in that moment: one message a sender.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.adapters.redis_scripts import TROUBLE
from bot.adapters.wechat.errors import (
    AlreadyDone,
    Busy,
    NeedsOperator,
    PlatformError,
    QuotaUsed,
    TokenRefused,
    Unsure,
)
from bot.adapters.wechat.quota import next_day
from bot.store import claims
from bot.store.base import Sessions
from bot.store.deliveries import Delivery
from jobs.book import HELD, SHUT, STOPPED, Book, Outcome
from jobs.courier import (
    LEASE,
    Courier,
    Filled,
    Ledger,
    Packet,
    Sender,
    Wording,
)
from jobs.supply import Supply

log = logging.getLogger(__name__)

KEPT_BACK = 1
"""Messages of a window that news leaves for people to answer with."""
ACCOUNT_WIDE = frozenset({40164, 45035, 48004, 50004, 50007, 61004})
"""Codes with which no call of any kind makes sense until a person has acted."""


def deliver_due(
    sessions: Sessions,
    sender: Sender,
    ledger: Ledger,
    wording: Wording,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Send the customer-service messages that are due, one after the other. Returns how many followers got something."""
    return run(Courier(sessions, sender, ledger, wording, now, uuid.uuid4().hex))


def run(courier: Courier) -> int:
    """Send everything that is due on the courier's channels. Returns how many followers got something."""
    supply, book = Supply(courier), Book(courier)
    slots = threading.Semaphore(courier.speed.at_once)
    try:
        if courier.speed.at_once == 1:
            return _Hand(courier, supply, book, slots).work()
        hands = [_Hand(courier, supply, book, slots) for _ in range(_hands(courier.speed.at_once))]
        with ThreadPoolExecutor(len(hands)) as pool:
            working = [pool.submit(hand.work) for hand in hands]
        return sum(each.result() for each in working)
    finally:
        _hand_back(courier, supply)


def _hand_back(courier: Courier, supply: Supply) -> None:
    """What was claimed and will not be sent by this run, should it end early: nobody has to wait for the lease."""
    if supply.left_over():
        with suppress(sa.exc.DBAPIError), courier.sessions.begin() as session:
            claims.hand_back(session, courier.worker)


def _hands(at_once: int) -> int:
    """Half as many again as may send at once, so that some send while others write down."""
    return at_once + at_once // 2


@dataclass
class _Hand:
    """One sender. slots: one for each that may be on its way. done: what it sent and has not written down."""

    courier: Courier
    supply: Supply
    book: Book
    slots: threading.Semaphore
    done: list[Outcome] = field(default_factory=list)
    sent: int = 0

    def work(self) -> int:
        """Returns how many followers got something."""
        while packets := self.supply.take(self.rest):
            ready, at = self._ready(packets), self.courier.now()
            self.done = [self._sent(packet, at) for packet in self._turn(ready)]
        self.rest()
        return self.sent

    def _sent(self, packet: Packet, begun: datetime) -> Outcome:
        with self.slots:
            if self.courier.now() - begun > LEASE / 2:  # this machine slept: others may think us dead
                _give_back(self.courier, packet)
                return Outcome(packet, unsent=STOPPED)
            return _send(self.courier, packet)

    def rest(self) -> None:
        """Nothing that was sent stays unwritten while we wait for something."""
        if self.done:
            self._turn([])

    def _ready(self, packets: Sequence[Packet]) -> list[Packet]:
        """Those that may go now; the others are done with."""
        ready = []
        for packet in packets:
            one = self._admitted(packet)
            if isinstance(one, Packet):
                ready.append(one)
            else:
                self.done.append(one)
        return ready

    def _admitted(self, packet: Packet) -> Packet | Outcome:
        """Its turn among all machines has come, and it has what it takes of the window."""
        if _is_hopeless(self.courier, packet):
            return Outcome(packet, unsent=STOPPED)
        try:
            self._keep_pace()
            window = _spend(self.courier, packet.row)
        except TROUBLE as trouble:
            return Outcome(packet, Busy(None, f"Redis: {type(trouble).__name__}"))
        return replace(packet, window=window) if window else Outcome(packet, unsent=SHUT)

    def _keep_pace(self) -> None:
        ledger, speed = self.courier.ledger, self.courier.speed
        while speed.per_second and (wait := ledger.pace("send", speed.per_second, burst=speed.at_once)):
            self.rest()
            time.sleep(wait.total_seconds())

    def _turn(self, ready: Sequence[Packet]) -> list[Packet]:
        """One commit for both: how the last went, and that the next begin. Those that did begin come back."""
        count, begun = self.book.write(self.done, ready)
        self.sent += count
        self.done = []
        for packet in ready:
            if packet not in begun:
                _give_back(self.courier, packet)
        return begun


def _is_hopeless(courier: Courier, packet: Packet) -> bool:
    return courier.halt.is_set() or packet.row.channel in courier.stopped


def _spend(courier: Courier, row: Delivery) -> str:
    """What of the quotas it takes: the window's kind for customer-service messages; empty where nothing is left."""
    if row.channel != "service":
        return row.channel
    return courier.ledger.spend(row.openid, courier.now(), keep=KEPT_BACK)


def _give_back(courier: Courier, packet: Packet, error: PlatformError | None = None) -> None:
    """Surely not sent: the window holds one more. Where Redis is away it is one less than there is, and no harm done."""
    if packet.row.channel != "service":
        return
    with suppress(*TROUBLE):
        courier.ledger.give_back(packet.row.openid, packet.window)
        if error is not None:
            courier.ledger.correct(packet.row.openid, error)


# Send


def _send(courier: Courier, packet: Packet) -> Outcome:
    if _is_hopeless(courier, packet):
        _give_back(courier, packet)
        return Outcome(packet, unsent=STOPPED)
    try:
        return Outcome(packet, msg_id=_call(courier.sender, packet))
    except AlreadyDone as done:
        return Outcome(packet, msg_id=done.msg_id)
    except PlatformError as error:
        _stop_if_hopeless(courier, packet.row.channel, error)
        if not isinstance(error, Unsure):
            _give_back(courier, packet, error)
        return Outcome(packet, error)


def _call(sender: Sender, packet: Packet) -> str:
    """The msg_id where the platform gives one."""
    openid = packet.row.openid
    match packet.content:
        case Filled(template_id=template_id, data=data, url=url) if packet.row.channel == "template":
            return sender.send_template(openid, template_id, data, url, packet.client_msg_id)
        case Filled(template_id=template_id, data=data, url=url):
            sender.send_notice(openid, template_id, data, url)
        case str() as text:
            sender.send_text(openid, text)
        case card:
            sender.send_card(openid, card)
    return ""


def _stop_if_hopeless(courier: Courier, channel: str, error: PlatformError) -> None:
    """Going on now would fail for everybody: on this channel, or on all of them."""
    if not isinstance(error, QuotaUsed | TokenRefused | NeedsOperator):
        return
    log.warning("pushing by %s stops for now: %s", channel, error)
    courier.stopped.add(channel)
    if isinstance(error, TokenRefused) or error.code in ACCOUNT_WIDE:
        courier.halt.set()
    with suppress(*TROUBLE):
        until = next_day(courier.now()) - courier.now() if isinstance(error, QuotaUsed) else HELD
        for one in courier.channels if courier.halt.is_set() else (channel,):
            courier.ledger.hold(one, until)
    with suppress(sa.exc.DBAPIError):
        courier.alarm(error)
