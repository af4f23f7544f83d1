"""A delivery in the hands of a worker: claimed, begun by a commit, then settled or given back; never two workers' at once.

Each change names the worker and is done only while the row is theirs: False, or left out of what comes back, where it is
not. `recover` and `forgotten` are for rows whose worker is dead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store import received
from bot.store.base import UtcDateTime, chosen
from bot.store.deliveries import REPEATS, TO_MANY, Delivery
from bot.store.followers import Follower
from bot.store.received import Received

TEMPLATE_KNOWN = timedelta(minutes=9)
"""The platform knows a client_msg_id for ten minutes: until then a repeat brings nothing twice (reference §9.1)."""
CLOCKS_APART = timedelta(seconds=30)
"""What two machines may differ by that look at the same moment."""
LONGEST_HELD = timedelta(hours=1)
"""No worker holds a row as long: what says so was claimed by a machine whose clock was wrong."""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_MINE = ("claimed", "sending", "unsure")
"""States in which a row is its worker's: also one that was given up as unsure, for the worker may know after all."""
_UNBEGUN: Mapping[str, Any] = {"begun_at": None, "delivered_at": None, "msg_id": ""}
"""Surely not sent: what the platform told meanwhile was about another message."""


def claim(
    session: Session,
    channels: Collection[str],
    worker: str,
    now: datetime,
    lease: timedelta,
    limit: int,
    heard_since: datetime | None = None,
) -> Sequence[Delivery]:
    """Up to `limit` planned deliveries for this worker alone; with `heard_since` only to who wrote after it.

    What was begun comes first, whatever waits and whoever sleeps: the platform knows its ids for minutes only.
    """
    ours, due = Delivery.channel.in_(channels), Delivery.due_at <= now
    # In these very words, and with no other column to go by: else their index is not used.
    few = sa.and_(sa.text(REPEATS), Delivery.begun_at > LONG_AGO, sa.func.coalesce(Delivery.due_at, now) <= now)
    repeats = sa.and_(few, ours, _is_known(now))
    taken = _claim(session, repeats, Delivery.begun_at, worker, now + lease, limit)
    if len(taken) == limit:
        return taken
    fresh = sa.and_(Delivery.state == "planned", due, ours, Delivery.begun_at.is_(None))
    if heard_since is not None:
        fresh = sa.and_(fresh, Delivery.openid.in_(sa.select(Follower.openid).where(Follower.heard_at > heard_since)))
    return [*taken, *_claim(session, fresh, Delivery.due_at, worker, now + lease, limit - len(taken))]


def _claim(
    session: Session,
    which: sa.ColumnElement[bool],
    order: sa.orm.InstrumentedAttribute[Any],
    worker: str,
    until: datetime,
    limit: int,
) -> Sequence[Delivery]:
    ids = sa.select(Delivery.id).where(which).order_by(order, Delivery.id).limit(limit)
    taken = (
        sa.update(Delivery)
        .where(Delivery.id.in_(chosen(ids)), Delivery.state == "planned")
        .values(state="claimed", worker=worker, lease_until=until, attempts=Delivery.attempts + 1)
        .returning(Delivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return sorted(session.scalars(taken).all(), key=lambda row: row.id)


def _is_known(now: datetime) -> sa.ColumnElement[bool]:
    """The platform can tell a repeat of it from something new. What began after now did so by a clock that was set
    since: nobody knows how long ago."""
    lately = Delivery.begun_at.between(now - TEMPLATE_KNOWN, now + CLOCKS_APART)
    return sa.or_(Delivery.channel != "template", Delivery.begun_at.is_(None), lately)


def keep(session: Session, delivery_id: int, worker: str, now: datetime, lease: timedelta) -> bool:
    """Getting it ready takes longer."""
    return _change(session, delivery_id, worker, "claimed", lease_until=now + lease)


def drafted(session: Session, delivery_id: int, worker: str, media_id: str) -> bool:
    """Its draft is made: another try needs no new one."""
    return _change(session, delivery_id, worker, "claimed", media_id=media_id)


def to_list(session: Session, delivery_id: int, worker: str) -> bool:
    """It goes to a list of followers, not to a tag."""
    return _change(session, delivery_id, worker, "claimed", channel="list")


def start(session: Session, delivery_id: int, worker: str, now: datetime, lease: timedelta) -> bool:
    """From here on the message may have gone out."""
    begun = sa.func.coalesce(Delivery.begun_at, sa.literal(now, UtcDateTime()))
    return _change(session, delivery_id, worker, "claimed", state="sending", lease_until=now + lease, begun_at=begun)


def start_many(session: Session, ids: Collection[int], worker: str, now: datetime, lease: timedelta) -> set[int]:
    """`start` for many; those that are still this worker's come back, also if the commit of an earlier try was done
    and its answer lost."""
    begun = sa.func.coalesce(Delivery.begun_at, sa.literal(now, UtcDateTime()))
    held = sa.and_(Delivery.id.in_(ids), Delivery.worker == worker, Delivery.state.in_(("claimed", "sending")))
    held = sa.and_(held, _is_known(now))
    begin = sa.update(Delivery).where(held).values(state="sending", lease_until=now + lease, begun_at=begun)
    return set(session.scalars(begin.returning(Delivery.id).execution_options(synchronize_session=False)))


def begun(session: Session, ids: Collection[int], worker: str) -> set[int]:
    """Those of them that this worker has begun, and of which it is not written down how they ended."""
    mine = sa.and_(Delivery.id.in_(ids), Delivery.worker == worker, Delivery.state.in_(("sending", "unsure")))
    return set(session.scalars(sa.select(Delivery.id).where(mine)))


def settle(
    session: Session, delivery_id: int, worker: str, state: str, now: datetime, *, error: str = "", msg_id: str = ""
) -> bool:
    """state: sent, failed, unsure or dropped. Its articles stay the followers'."""
    values = {"state": state, "settled_at": now, "error": error, "msg_id": msg_id, "lease_until": None}
    return _change(session, delivery_id, worker, None, **values)


def settle_many(session: Session, worker: str, sent: Mapping[int, str], now: datetime) -> set[int]:
    """These went out; their msg_id where the platform gave one. Those that were still this worker's come back.

    Where the platform told already how the same message ended, that counts.
    """
    held = sa.and_(Delivery.id.in_(sent), Delivery.worker == worker, Delivery.state.in_(_MINE))
    msg_id: Any = sa.case(dict(sent), value=Delivery.id) if any(sent.values()) else ""
    told = sa.and_(Delivery.delivered_at.is_not(None), Delivery.msg_id == msg_id)
    values = {
        "state": sa.case((sa.and_(told, Delivery.error != ""), "failed"), else_="sent"),
        "error": sa.case((told, Delivery.error), else_=""),
        "delivered_at": sa.case((told, Delivery.delivered_at), else_=None),
        "msg_id": msg_id,
    }
    done = sa.update(Delivery).where(held).values(settled_at=now, lease_until=None, **values)
    ended = session.execute(
        done.returning(Delivery.id, Delivery.state).execution_options(synchronize_session=False)
    ).all()
    for number, state in ended:
        if state == "failed":
            received.free(session, number)
    return {number for number, state in ended if state == "sent"}


def unsent(session: Session, delivery_id: int, worker: str, state: str, now: datetime, *, error: str) -> bool:
    """Surely not sent, and will not be by this delivery: its articles are free for any channel. state: failed or dropped."""
    return _freed(session, delivery_id, settle(session, delivery_id, worker, state, now, error=error))


def put_back(session: Session, delivery_id: int, worker: str, due: datetime, error: str) -> bool:
    """Surely not sent: planned again, its articles free for any channel."""
    return _freed(session, delivery_id, _again(session, delivery_id, worker, due, error, **_UNBEGUN))


def reroute(session: Session, delivery_id: int, worker: str, channel: str, due: datetime) -> bool:
    """Surely not sent: planned again for another channel."""
    return _freed(session, delivery_id, _again(session, delivery_id, worker, due, "", **_UNBEGUN, channel=channel))


def _freed(session: Session, delivery_id: int, mine: bool) -> bool:
    """Only of a row that is still the worker's: what another one has claimed since is that one's."""
    if mine:
        received.free(session, delivery_id)
    return mine


def ask_again(session: Session, delivery_id: int, worker: str, due: datetime, error: str) -> bool:
    """Perhaps sent, and the platform can tell a repeat from a new one: planned again, nobody else takes the articles."""
    if _settle_told(session, sa.and_(Delivery.id == delivery_id, Delivery.worker == worker, Delivery.state.in_(_MINE))):
        return False
    return _again(session, delivery_id, worker, due, error)


def unknown(session: Session, delivery_id: int, worker: str, now: datetime, error: str) -> bool:
    """Perhaps sent, and nobody can be asked: left to staff, but where the platform told meanwhile."""
    if _settle_told(session, sa.and_(Delivery.id == delivery_id, Delivery.worker == worker, Delivery.state.in_(_MINE))):
        return False
    return settle(session, delivery_id, worker, "unsure", now, error=error)


def _settle_told(session: Session, which: sa.ColumnElement[bool]) -> bool:
    """Those of them whose end the platform told while they were being sent. False: there are none."""
    told = sa.and_(which, Delivery.delivered_at.is_not(None), Delivery.channel.in_(("template", "notice")))
    state = sa.case((Delivery.error != "", "failed"), else_="sent")
    done = sa.update(Delivery).where(told).values(state=state, settled_at=Delivery.delivered_at, lease_until=None)
    ended = session.execute(done.returning(Delivery.id, Delivery.state)).all()
    for number, how in ended:
        if how == "failed":
            received.free(session, number)
    return bool(ended)


def _again(session: Session, delivery_id: int, worker: str, due: datetime, error: str, **more: object) -> bool:
    values = {"state": "planned", "due_at": due, "error": error, "lease_until": None, **more}
    return _change(session, delivery_id, worker, None, **values)


def _change(session: Session, delivery_id: int, worker: str, before: str | None, **values: object) -> bool:
    states = (before,) if before else _MINE
    held = sa.and_(Delivery.id == delivery_id, Delivery.worker == worker, Delivery.state.in_(states))
    return session.scalar(sa.update(Delivery).where(held).values(**values).returning(Delivery.id)) is not None


def hand_back(session: Session, worker: str) -> None:
    """What this worker claimed and did not begin is planned again, at once."""
    _unclaim(session, Delivery.worker == worker)


def _unclaim(session: Session, whose: sa.ColumnElement[bool]) -> None:
    """Surely not sent: the articles are free, too."""
    fresh = sa.and_(Delivery.state == "claimed", Delivery.begun_at.is_(None), whose)
    freed = sa.delete(Received).where(Received.delivery_id.in_(sa.select(Delivery.id).where(fresh)))
    session.execute(freed.execution_options(synchronize_session=False))
    again = sa.update(Delivery).where(fresh).values(state="planned", lease_until=None)
    session.execute(again.execution_options(synchronize_session=False))


def recover(session: Session, now: datetime) -> None:
    """Rows of dead workers: what had not begun is planned again, what had begun is unsure and left to staff.

    What the platform can tell from a new one is planned again although it had begun: mass sends by their clientmsgid,
    template messages by their client_msg_id while the platform knows it. Where it told already how one ended, that counts.
    """
    lapsed = sa.or_(Delivery.lease_until <= now, Delivery.lease_until > now + LONGEST_HELD)
    _unclaim(session, lapsed)
    _settle_told(session, sa.and_(Delivery.state == "sending", lapsed))
    repeatable = sa.or_(Delivery.channel.in_(TO_MANY), sa.and_(Delivery.channel == "template", _is_known(now)))
    begun = sa.and_(Delivery.state == "sending", ~repeatable, lapsed)
    safe = sa.and_(Delivery.state.in_(("claimed", "sending")), lapsed)
    unsure = {"state": "unsure", "error": "the worker died while sending", "settled_at": now, "lease_until": None}
    session.execute(sa.update(Delivery).where(begun).values(**unsure))
    session.execute(sa.update(Delivery).where(safe).values(state="planned", lease_until=None))


def forgotten(session: Session, now: datetime) -> None:
    """Unsure from now on: template messages that waited for a repeat until the platform no longer knows their
    client_msg_id."""
    late = sa.and_(sa.text(REPEATS), ~_is_known(now))
    why = {"state": "unsure", "error": "nobody knows whether it went out", "settled_at": now}
    session.execute(sa.update(Delivery).where(late).values(**why))
