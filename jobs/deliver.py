"""Sends planned news to followers one by one: customer-service messages, template messages, subscription notices.

Claim a group, commit that it begins, send all of it at the same time, write down how it went. Nothing is sent inside a
transaction. A worker may die anywhere: what surely was not sent is planned again, the rest is settled with the
platform's own idempotency key where the channel has one, and is left to staff where it has none.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.redis_scripts import TROUBLE
from bot.adapters.wechat.errors import (
    AlreadyDone,
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
from bot.adapters.wechat.quota import next_day
from bot.store import consents, deliveries, erasures, news
from bot.store.base import Sessions
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.subscriptions import Subscription
from jobs.courier import Courier, Filled, Issue, Ledger, Packet, Sender, Speed, Template, Wording, client_msg_id

__all__ = ["Courier", "Speed", "Template", "Wording", "deliver_due", "run"]

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""Sending one group, with its timeouts and quick repeats, must end within this."""
TRIES = 8
KEPT_BACK = 1
"""Messages of a window that news leaves for people to answer with."""
SEEN = timedelta(seconds=5)
"""How long a broadcast is not looked up again: an article taken down meanwhile may still go out."""
SETTLED, MANY = frozenset({"template"}), 8
"""Channels on which a repeat is harmless, and how many times as many rows are worked on at once there."""
HELP = 1.0
"""Seconds after which other machines are asked to help, again."""
HELD = timedelta(minutes=10)
"""How long a channel rests that needs a person."""
WRITE_DOWN = 40
"""Tries, half a second apart, to write down how a group went, should the database be away: we alone know it."""
CALLS = {"service": "message/custom/send", "template": "message/template/send", "notice": "message/subscribe/bizsend"}
ACCOUNT_WIDE = frozenset({40164, 45035, 48004, 50004, 50007, 61004})
"""Codes with which no call of any kind makes sense until a person has acted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """error: None where it went out. unsent: the run stopped before its turn."""

    packet: Packet
    error: PlatformError | None = None
    msg_id: str = ""
    unsent: bool = False


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
    with courier.sessions.begin() as session:
        deliveries.recover(session, courier.now())
        deliveries.forgotten(session, courier.now())
    speed = courier.speed
    if speed.lanes == 1 and speed.at_once == 1:
        return _lane(courier, lambda send, packets: [send(packet) for packet in packets])
    with ThreadPoolExecutor(speed.at_once) as senders, ThreadPoolExecutor(speed.lanes) as lanes:
        # Each lane under its own name: rows of one must not be settled by another.
        own = [replace(courier, worker=uuid.uuid4().hex) for _ in range(speed.lanes)]
        in_parallel = lambda send, packets: list(senders.map(send, packets))  # noqa: E731
        return sum(lanes.map(partial(_lane, in_parallel=in_parallel), own))


_Spread = Callable[[Callable[[Packet], Outcome], Sequence[Packet]], list[Outcome]]


def _lane(courier: Courier, in_parallel: _Spread) -> int:
    sent, asked = 0, 0.0
    while rows := _claim(courier):
        if len(rows) >= courier.speed.at_once and time.monotonic() - asked > HELP:
            asked = time.monotonic()
            courier.more()
        packets = _begin(courier, rows)
        sent += _write_down(courier, in_parallel(partial(_send, courier), packets))
    return sent


def _claim(courier: Courier) -> Sequence[Delivery]:
    """No more than can be on their way at once, so that what a dying worker leaves unsure stays that small; more where
    the platform settles repeats."""
    channels, now = courier.open_channels, courier.now()
    for some, most in (
        ([one for one in channels if one in SETTLED], courier.speed.at_once * MANY),
        ([one for one in channels if one not in SETTLED], courier.speed.at_once),
    ):
        if some:
            with courier.sessions.begin() as session:
                rows = deliveries.claim(
                    session, some, courier.worker, now, LEASE, most, courier.habits.awake_since(now)
                )
            if rows:
                return rows
    return ()


# Begin


def _begin(courier: Courier, rows: Sequence[Delivery]) -> list[Packet]:
    """Claim the articles for the followers and commit that sending begins; what has nothing to bring is settled."""
    windows = {row.id: window for row in rows if (window := _spend(courier, row))}
    packets: list[Packet] = []
    try:
        with courier.sessions.begin() as session:
            _drop(session, courier, [row for row in rows if row.id not in windows])
            begun = _allowed(session, courier, [row for row in rows if row.id in windows])
            packets = _packed(session, courier, begun, windows)
    finally:
        going = {packet.row.id for packet in packets}
        for row in rows:
            if row.id not in going and row.channel == "service":
                courier.ledger.give_back(row.openid, windows.get(row.id, ""))
    return packets


def _spend(courier: Courier, row: Delivery) -> str:
    """What of the quotas it takes: the window's kind for customer-service messages; empty where nothing is left."""
    if row.channel != "service":
        return row.channel
    return courier.ledger.spend(row.openid, courier.now(), keep=KEPT_BACK)


def _drop(session: Session, courier: Courier, rows: Iterable[Delivery]) -> None:
    why = "the window is shut or full: it waits for their next message"
    for row in rows:
        if not _by_another(session, courier, row):
            deliveries.settle(session, row.id, courier.worker, "dropped", courier.now(), error=why)


def _by_another(session: Session, courier: Courier, row: Delivery) -> bool:
    """Planned again for the next best channel; False where there is none. Surely nothing was sent by this one."""
    place = courier.channels.index(row.channel)
    others = courier.channels[place + 1 :]
    return bool(others) and deliveries.reroute(session, row.id, courier.worker, others[0], courier.now())


def _allowed(session: Session, courier: Courier, rows: Sequence[Delivery]) -> Sequence[Delivery]:
    """Those whose followers have not had too much lately, and who agreed; the others wait, or have nothing to get."""
    full = _over_cap(session, courier, rows)
    tomorrow = courier.habits.wakes(next_day(courier.now()))
    for row in full:
        deliveries.put_back(session, row.id, courier.worker, tomorrow, "enough messages for today")
    kept = []
    for row in rows:
        if row in full:
            continue
        if row.channel == "notice" and not consents.use(session, row.openid, _template_id(courier, row)):
            if not _by_another(session, courier, row):
                deliveries.settle(session, row.id, courier.worker, "dropped", courier.now(), error="no consent left")
            continue
        kept.append(row)
    return kept


def _over_cap(session: Session, courier: Courier, rows: Sequence[Delivery]) -> list[Delivery]:
    """What has begun before is a repeat, and counted already."""
    new = [row for row in rows if row.begun_at is None]
    caps = ((courier.habits.a_day, timedelta(days=1)), (courier.habits.a_week, timedelta(days=7)))
    full: set[str] = set()
    for most, span in caps:
        if most and new:
            counts = deliveries.told_counts(session, {row.openid for row in new}, courier.now() - span)
            full |= {openid for openid, count in counts.items() if count >= most}
    return [row for row in new if row.openid in full]


def _packed(session: Session, courier: Courier, rows: Sequence[Delivery], windows: dict[int, str]) -> list[Packet]:
    started = deliveries.start_many(session, [row.id for row in rows], courier.worker, courier.now(), LEASE)
    mine = [row for row in rows if row.id in started]
    issues = {number: _issue(session, courier, number) for number in {row.broadcast_id for row in mine}}
    again = [row.id for row in mine if row.begun_at is not None]
    # A repeat brings the same as the first try.
    claimed = deliveries.received_by(session, again) if again else {}
    fresh = _wanted(session, issues, [row for row in mine if row.begun_at is None])
    claimed |= deliveries.receive_many(session, fresh, courier.now())
    packets = []
    for row in mine:
        issue = issues[row.broadcast_id]
        stories = [issue.stories[one] for one in claimed.get(row.id, ()) if one in issue.stories]
        if not stories:
            _nothing_new(session, courier, row)
            continue
        content = courier.wording.content(row.channel, issue.broadcast, stories, courier.now())
        packets.append(Packet(row, content, windows[row.id], client_msg_id(issue.broadcast, row.openid)))
    return packets


def _nothing_new(session: Session, courier: Courier, row: Delivery) -> None:
    deliveries.settle(session, row.id, courier.worker, "dropped", courier.now(), error="nothing new for them")
    if row.channel == "notice":
        consents.give_back(session, row.openid, _template_id(courier, row))


def _issue(session: Session, courier: Courier, number: int) -> Issue:
    known = courier.seen.get(number)
    if known is not None and courier.now() - known.at < SEEN:
        return known
    broadcast = session.get_one(Broadcast, number)
    fresh = news.of_articles(session, broadcast.topic, broadcast.articles)
    stories = news.stories(session, [one.article_id for one in fresh])
    courier.seen[number] = Issue(broadcast, fresh, {story.id: story for story in stories}, courier.now())
    return courier.seen[number]


def _wanted(
    session: Session, issues: dict[int, Issue], rows: Sequence[Delivery]
) -> dict[int, tuple[str, Sequence[int]]]:
    """For each delivery the articles that are still there and no older than the follower's subscription."""
    topics = {issue.broadcast.topic for issue in issues.values()}
    asked = sa.and_(Subscription.topic.in_(topics), Subscription.openid.in_({row.openid for row in rows}))
    known = session.execute(sa.select(Subscription.openid, Subscription.topic, Subscription.since).where(asked))
    since = {(openid, topic): moment for openid, topic, moment in known}
    wanted: dict[int, tuple[str, Sequence[int]]] = {}
    for row in rows:
        issue = issues[row.broadcast_id]
        chosen = since.get((row.openid, issue.broadcast.topic))
        mine = [
            one.article_id
            for one in issue.fresh
            if chosen is not None and one.fresh_at >= chosen and one.article_id in issue.stories
        ]
        wanted[row.id] = (row.openid, mine)
    return wanted


def _template_id(courier: Courier, row: Delivery) -> str:
    template = courier.wording.templates.get(row.channel)
    return template.id if template else ""


# Send


def _send(courier: Courier, packet: Packet) -> Outcome:
    if courier.halt.is_set() or packet.row.channel in courier.stopped:
        return Outcome(packet, unsent=True)
    try:
        _keep_pace(courier)
        return Outcome(packet, msg_id=_call(courier.sender, packet))
    except AlreadyDone as done:
        return Outcome(packet, msg_id=done.msg_id)
    except PlatformError as error:
        _stop_if_hopeless(courier, packet.row.channel, error)
        return Outcome(packet, error)


def _keep_pace(courier: Courier) -> None:
    """Wait for our turn among all machines. Raises Busy where Redis does not answer."""
    if not courier.speed.per_second:
        return
    try:
        while wait := courier.ledger.pace("send", courier.speed.per_second, burst=courier.speed.at_once):
            time.sleep(wait.total_seconds())
    except TROUBLE as trouble:
        raise Busy(None, f"Redis: {type(trouble).__name__}") from None


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
    courier.alarm(error)


# Write down


def _write_down(courier: Courier, outcomes: Sequence[Outcome]) -> int:
    """Returns how many went out."""
    for left in reversed(range(WRITE_DOWN)):
        try:
            return _settle(courier, outcomes)
        except sa.exc.DBAPIError:
            if not left:
                raise
            log.warning("the database is away; %s outcomes wait to be written down", len(outcomes))
            time.sleep(0.5)
    return 0


def _settle(courier: Courier, outcomes: Sequence[Outcome]) -> int:
    sent = {each.packet.row.id: each.msg_id for each in outcomes if each.error is None and not each.unsent}
    with courier.sessions.begin() as session:
        count = deliveries.settle_many(session, courier.worker, sent, courier.now()) if sent else 0
        for each in outcomes:
            if each.unsent:
                _give_back(session, courier, each.packet)
                deliveries.put_back(session, each.packet.row.id, courier.worker, courier.now(), "stopped before it")
            elif each.error is not None:
                _settle_failure(session, courier, each.packet, each.error)
    return count


def _settle_failure(session: Session, courier: Courier, packet: Packet, error: PlatformError) -> None:
    """By what to do next; see the tree in bot.adapters.wechat.errors."""
    row, now = packet.row, courier.now()
    if isinstance(error, Unsure):
        _unsure(session, courier, row, error)
        return
    _give_back(session, courier, packet)
    if row.channel == "service":
        courier.ledger.correct(row.openid, error)
    match error:
        case RecipientLost(why=why):
            _lost(session, courier, row, error, why)
        case QuotaUsed():
            due = courier.habits.wakes(next_day(now))
            deliveries.put_back(session, row.id, courier.worker, due, str(error))
        case Busy() if row.attempts < TRIES:
            due = now + max(error.wait, timedelta(seconds=2**row.attempts))
            deliveries.put_back(session, row.id, courier.worker, due, str(error))
        case TokenRefused() | NeedsOperator() if row.attempts < TRIES and not isinstance(error, NoRight):
            deliveries.put_back(session, row.id, courier.worker, now + HELD, str(error))
        case BadRequest() | _:
            _failed(session, courier, row, error)


def _unsure(session: Session, courier: Courier, row: Delivery, error: Unsure) -> None:
    """A template message is sent again: the platform knows its client_msg_id. The others are left to staff."""
    now = courier.now()
    if row.channel == "template" and now - (row.begun_at or now) < deliveries.TEMPLATE_KNOWN and row.attempts < TRIES:
        deliveries.ask_again(session, row.id, courier.worker, now + timedelta(seconds=2**row.attempts), str(error))
    else:
        deliveries.settle(session, row.id, courier.worker, "unsure", now, error=str(error))


def _lost(session: Session, courier: Courier, row: Delivery, error: PlatformError, why: str) -> None:
    """Who cannot be reached by this channel may be by another; who left or blocked us by none."""
    if why not in ("window", "consent") or not _by_another(session, courier, row):
        _failed(session, courier, row, error)
    if why == "consent":
        consents.clear(session, row.openid, _template_id(courier, row))
    if why == "unfollowed":
        erasures.forget_follower(session, row.openid)


def _failed(session: Session, courier: Courier, row: Delivery, error: PlatformError) -> None:
    """Surely not sent: the articles may come by another way."""
    deliveries.release(session, row.id)
    deliveries.settle(session, row.id, courier.worker, "failed", courier.now(), error=str(error))


def _give_back(session: Session, courier: Courier, packet: Packet) -> None:
    if packet.row.channel == "service":
        courier.ledger.give_back(packet.row.openid, packet.window)
    if packet.row.channel == "notice":
        consents.give_back(session, packet.row.openid, _template_id(courier, packet.row))
