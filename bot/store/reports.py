"""What the platform tells, or staff find, of how deliveries ended; it may come before our own call has, or instead of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store import received
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import PUBLISH, TO_MANY, Delivery, blocked


def reported(session: Session, msg_id: str, figures: dict[str, int | None], *, ok: bool, error: str) -> None:
    """The platform's word on a mass send of ours."""
    row = session.scalar(sa.select(Delivery).where(Delivery.msg_id == msg_id, Delivery.channel.in_(TO_MANY)))
    if row is None:
        return
    row.error = error
    row.state = "sent" if ok else "failed"
    row.delivered_at = sa.func.coalesce(Delivery.delivered_at, row.settled_at, row.due_at)
    if not ok:
        received.free(session, row.id)  # nobody got it: the articles may come by another way
    session.flush()
    _sum_up(session, row.broadcast_id, figures)


def _sum_up(session: Session, number: int, figures: Mapping[str, int | None]) -> None:
    """Several lists of one broadcast are added up; it has ended when the last of them has."""
    broadcast = session.get_one(Broadcast, number)
    for name, value in figures.items():
        if value is not None:
            setattr(broadcast, name, (getattr(broadcast, name) or 0) + value)
    end_as_one(session, broadcast)


def end_as_one(session: Session, broadcast: Broadcast) -> None:
    """A broadcast that goes to many at once is done, or failed, when all of its deliveries are; unsure, while somebody
    has to look at one of them."""
    mine = sa.and_(Delivery.broadcast_id == broadcast.id, Delivery.channel != PUBLISH)
    rows = sa.select(Delivery.state, Delivery.delivered_at).where(mine)
    states = [(state, told) for state, told in session.execute(rows)]
    if any(state in ("planned", "claimed", "sending") or (state == "sent" and told is None) for state, told in states):
        return
    ended = {state for state, _ in states}
    broadcast.state = "unsure" if "unsure" in ended else "done" if "sent" in ended else "failed"


def template_reported(session: Session, openid: str, msg_id: str, *, ok: bool, error: str, at: datetime) -> None:
    """The platform's word on a template message; it may come before our own call has ended, or instead of its answer."""
    mine = sa.and_(Delivery.channel == "template", Delivery.openid == openid)
    known = sa.select(Delivery).where(mine, Delivery.msg_id == msg_id)
    lost = sa.select(Delivery).where(mine, Delivery.msg_id == "", Delivery.begun_at.is_not(None))
    row = session.scalar(known) or session.scalar(lost.order_by(Delivery.begun_at).limit(1))
    if row is None:
        return
    row.delivered_at, row.error, row.msg_id = at, "" if ok else error, msg_id
    if "block" in error.lower():
        blocked(session, openid, at)
    if row.state == "sending":
        return  # whoever sends it is about to say so; only if they cannot, this counts
    row.state, row.settled_at = "sent" if ok else "failed", at
    if not ok:
        received.free(session, row.id)


def notice_reported(session: Session, openid: str, *, ok: bool, error: str, at: datetime) -> None:
    """The platform's word on the oldest subscription notice to them of which it has not told yet."""
    gone = sa.and_(Delivery.channel == "notice", Delivery.openid == openid, Delivery.delivered_at.is_(None))
    states = Delivery.state.in_(("sent", "sending", "unsure"))
    row = session.scalar(sa.select(Delivery).where(gone, states).order_by(Delivery.begun_at).limit(1))
    if row is None:
        return
    row.delivered_at, row.error = at, "" if ok else error
    if row.state == "sending":
        return  # as above
    row.state = "sent" if ok else "failed"
    if not ok:
        received.free(session, row.id)


def untold(session: Session, channels: Collection[str], since: datetime, now: datetime) -> Sequence[Delivery]:
    """Handed in, not told of, and not asked for after `since`; from now on they count as asked for."""
    mine = sa.and_(Delivery.channel.in_(channels), Delivery.state == "sent", Delivery.delivered_at.is_(None))
    late = sa.and_(mine, Delivery.msg_id != "", Delivery.settled_at <= since)
    asked = sa.update(Delivery).where(late).values(settled_at=now).returning(Delivery)
    return session.scalars(asked.execution_options(synchronize_session=False)).all()


def doubted(session: Session, delivery_id: int, error: str) -> None:
    """The platform took it, and never told how it ended: for staff to look at."""
    untold = sa.and_(Delivery.id == delivery_id, Delivery.state == "sent", Delivery.delivered_at.is_(None))
    session.execute(sa.update(Delivery).where(untold).values(state="unsure", error=error))


def published(session: Session, publish_id: str, *, ok: bool, url: str, error: str, at: datetime) -> None:
    """The platform's word on publishing a draft of ours; it may come before our own call has ended, or instead of its
    answer. A send of the same broadcast to followers is another thing, and goes its own way."""
    known = sa.select(Delivery).where(Delivery.channel == PUBLISH, Delivery.msg_id == publish_id)
    begun = sa.and_(Delivery.msg_id == "", Delivery.state.in_(("sending", "unsure")))
    lost = sa.select(Delivery).where(Delivery.channel == PUBLISH, begun).order_by(Delivery.begun_at).limit(1)
    row = session.scalar(known) or session.scalar(lost)
    if row is None:
        return
    row.delivered_at, row.msg_id = at, publish_id
    if row.state != "sending" or not ok:
        row.state, row.error = "sent" if ok else "failed", error
    if url:
        session.execute(sa.update(Broadcast).where(Broadcast.id == row.broadcast_id).values(url=url))


def settle_by_staff(session: Session, delivery_id: int, *, arrived: bool, at: datetime) -> bool:
    """Staff looked: an unsure delivery arrived, or did not and its articles may come by another way."""
    state = "sent" if arrived else "failed"
    unsure = sa.and_(Delivery.id == delivery_id, Delivery.state == "unsure")
    done = sa.update(Delivery).where(unsure).values(state=state, settled_at=at).returning(Delivery)
    row = session.scalar(done)
    if row is None:
        return False
    if not arrived:
        received.free(session, delivery_id)
    if row.channel in TO_MANY:
        row.delivered_at = at  # nobody waits for the platform's word any more
        session.flush()
        end_as_one(session, session.get_one(Broadcast, row.broadcast_id))
    return True


def again_after_all(session: Session, delivery_id: int, now: datetime) -> bool:
    """The platform knows nothing of an unsure one: surely not sent, and planned again. False: it is unsure no more."""
    unsure = sa.and_(Delivery.id == delivery_id, Delivery.state == "unsure")
    fresh = {"state": "planned", "due_at": now, "begun_at": None, "settled_at": None, "lease_until": None, "worker": ""}
    again = sa.update(Delivery).where(unsure).values(**fresh, error="the platform's record does not know it")
    if session.scalar(again.returning(Delivery.id)) is None:
        return False
    received.free(session, delivery_id)
    return True
