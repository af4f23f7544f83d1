"""How news went, or is to go, to a follower or to many at once; planned here, sent by jobs (bot.store.claims)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store import news, received
from bot.store.base import Base, BigId, UtcDateTime, add_missing, insert_missing
from bot.store.broadcasts import Broadcast
from bot.store.consents import Consent
from bot.store.followers import Follower
from bot.store.received import Received
from bot.store.subscriptions import AT_ONCE, Subscription

TO_MANY = ("mass", "list")
"""Channels that go to many followers with one call."""
PUBLISH = "publish"
"""No channel to followers: the articles appear on the account's page."""
PUBLISH_STATUS = "publish_status "
"""What the platform's own number of how it ended stands behind, as an error (reference §7.5)."""
TOLD_WITHIN = timedelta(days=1)
"""After so long a mass send is over, whether or not the platform's word on it came."""
REPEATS = "state = 'planned' AND begun_at IS NOT NULL"
"""Deliveries that may have gone out and are to be sent once more: few, and with an index of their own."""
_TEXTS = ("worker", "error", "clientmsgid", "media_id", "msg_id")
"""Columns that start empty."""
_PAGE = -1
"""The batch of what goes to the account's page: a broadcast is published once."""
_PACE_OF = {"news": AT_ONCE}
"""Kinds of broadcast by the pace they are for, where the two are not called the same."""


class Delivery(Base):
    """channel: service (customer-service message), template, notice (subscription notice), reply (went out with a
    reply), mass (a draft to a tag; no openid), list (a draft to up to 10 000 openids: those who received its articles
    by this delivery), draft (made for staff) or publish.

    state: planned -> claimed -> sending -> sent | failed | unsure; dropped: nothing left to send, or they left.
    A worker that died while it held `claimed` surely sent nothing; one that died while `sending` is unsure.
    begun_at: since when it may have gone out; empty again once it surely has not.
    delivered_at: when the platform told how it ended.
    """

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    broadcast_id: Mapped[int] = mapped_column(sa.ForeignKey("broadcasts.id"))
    channel: Mapped[str] = mapped_column(sa.String(16))
    openid: Mapped[str] = mapped_column(sa.String(64), default="", index=True)
    batch: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(sa.String(16), default="planned")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    worker: Mapped[str] = mapped_column(sa.String(64), default="")
    error: Mapped[str] = mapped_column(sa.Text, default="")
    clientmsgid: Mapped[str] = mapped_column(sa.String(32), default="")
    media_id: Mapped[str] = mapped_column(sa.String(160), default="")
    msg_id: Mapped[str] = mapped_column(sa.String(32), default="", index=True)
    settled_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("broadcast_id", "openid", "batch"),
        # With the id: a whole broadcast is due at the same moment, and must not be sorted for every few that are claimed.
        sa.Index("ix_deliveries_next", "state", "due_at", "id"),
        sa.Index(
            "ix_deliveries_repeats",
            "state",
            "begun_at",
            postgresql_where=sa.text(REPEATS),
            sqlite_where=sa.text(REPEATS),
        ),
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """How followers can be reached one by one: channels, best first. notice: the template of subscription notices."""

    channels: tuple[str, ...] = ("service",)
    notice: str = ""


def plan_followers(session: Session, broadcast: Broadcast, reach: Reach, heard_since: datetime, due: datetime) -> None:
    """One delivery for each subscriber who can be reached, by the first channel that does; a statement a channel.

    heard_since: who wrote after this may be written to. due: when to send. Who subscribed after the newest article
    came out has nothing to get.
    """
    pace = _PACE_OF.get(broadcast.kind, broadcast.kind)
    fresh = news.of_articles(session, broadcast.topic, broadcast.articles)
    if not fresh:
        return
    wanting = sa.and_(
        Subscription.topic == broadcast.topic, Subscription.pace == pace, Subscription.since <= fresh[0].fresh_at
    )
    for channel in reach.channels:
        _plan_channel(session, broadcast.id, channel, sa.and_(wanting, _reaches(channel, reach, heard_since)), due)


def _reaches(channel: str, reach: Reach, heard_since: datetime) -> sa.ColumnElement[bool]:
    match channel:
        case "service":
            return sa.exists().where(Follower.openid == Subscription.openid, Follower.heard_at > heard_since)
        case "notice":
            agreed = sa.and_(Consent.template_id == reach.notice, Consent.left > 0)
            return sa.exists().where(Consent.openid == Subscription.openid, agreed)
        case _:
            return sa.true()


def _plan_channel(session: Session, broadcast: int, channel: str, who: sa.ColumnElement[bool], due: datetime) -> None:
    values = {"broadcast_id": broadcast, "channel": channel, "batch": 0, "state": "planned", "attempts": 0}
    values |= dict.fromkeys(_TEXTS, "")
    rows = sa.select(
        Subscription.openid, sa.literal(due, UtcDateTime()), *(sa.literal(value) for value in values.values())
    ).where(who)
    insert_missing(session, Delivery, ["openid", "due_at", *values], rows)


def hasten(session: Session, broadcast_id: int, heard_since: datetime, now: datetime) -> None:
    """What is planned for later goes now to those who wrote after `heard_since`."""
    awake = sa.select(Follower.openid).where(Follower.heard_at > heard_since)
    mine = sa.and_(Delivery.broadcast_id == broadcast_id, Delivery.state == "planned", Delivery.openid.in_(awake))
    session.execute(sa.update(Delivery).where(mine).values(due_at=now).execution_options(synchronize_session=False))


def ask_publish(session: Session, broadcast_id: int, now: datetime) -> bool:
    """Staff want it on the account's page. False: there is nothing to publish, or it is there or on its way already."""
    broadcast = session.get(Broadcast, broadcast_id)
    if broadcast is None or not broadcast.articles or broadcast.state in ("held", "cancelled"):
        return False
    new = {"broadcast_id": broadcast_id, "channel": PUBLISH, "batch": _PAGE, "due_at": now}
    if add_missing(session, Delivery, [new]):
        return True
    mine = sa.and_(Delivery.broadcast_id == broadcast_id, Delivery.channel == PUBLISH, Delivery.state == "failed")
    again = {**dict.fromkeys(_TEXTS, ""), "begun_at": None, "settled_at": None, "delivered_at": None}
    redo = sa.update(Delivery).where(mine).values(state="planned", attempts=0, due_at=now, **again)
    return session.scalar(redo.returning(Delivery.id)) is not None


def publications(session: Session, numbers: Collection[int]) -> dict[int, Delivery]:
    """By broadcast, for those that staff asked to publish."""
    mine = sa.and_(Delivery.channel == PUBLISH, Delivery.broadcast_id.in_(numbers))
    return {row.broadcast_id: row for row in session.scalars(sa.select(Delivery).where(mine))}


def is_sending_to_tag(session: Session, topic: str, now: datetime) -> bool:
    """A mass send to the topic's tag is due or under way: until the platform told how it ended, the tag must not reach
    anybody else."""
    mine = sa.and_(Delivery.channel == "mass", Broadcast.topic == topic)
    due = sa.and_(Delivery.state == "planned", Delivery.due_at <= now)
    untold = sa.and_(Delivery.begun_at > now - TOLD_WITHIN, Delivery.delivered_at.is_(None), Delivery.state != "failed")
    going = sa.or_(due, Delivery.state.in_(("claimed", "sending")), untold)
    found = sa.select(Delivery.id).join(Broadcast, Broadcast.id == Delivery.broadcast_id).where(mine, going)
    return session.scalar(found.limit(1)) is not None


def mass_sends(session: Session, since: datetime) -> tuple[int, dict[str, int]]:
    """What may have gone out since then: how many sends to tags, and how many lists each follower was on."""
    gone = sa.and_(Delivery.begun_at >= since, Delivery.state.in_(("planned", "claimed", "sending", "sent", "unsure")))
    to_tags = sa.select(sa.func.count()).where(Delivery.channel == "mass", gone)
    lists = sa.select(Received.openid, sa.func.count(Received.delivery_id.distinct())).join(
        Delivery, Delivery.id == Received.delivery_id
    )
    mine = sa.and_(Delivery.channel == "list", gone)
    return session.scalar(to_tags) or 0, dict(session.execute(lists.where(mine).group_by(Received.openid)).all())


def unsure(session: Session) -> Sequence[Delivery]:
    """For staff: nobody knows whether these went out."""
    return session.scalars(sa.select(Delivery).where(Delivery.state == "unsure").order_by(Delivery.id)).all()


def in_doubt(session: Session, since: datetime, until: datetime) -> Sequence[Delivery]:
    """Customer-service messages of which nobody knows whether they went out, begun in this time."""
    mine = sa.and_(Delivery.state == "unsure", Delivery.channel == "service")
    begun = sa.and_(Delivery.begun_at > since, Delivery.begun_at <= until)
    return session.scalars(sa.select(Delivery).where(mine, begun).order_by(Delivery.id)).all()


def sent_around(session: Session, doubt: Delivery, around: timedelta, most: int = 10) -> Sequence[Delivery]:
    """Messages of the same broadcast that surely went out about then: so many before it and after it at most."""
    at = doubt.begun_at or doubt.due_at
    like = sa.and_(Delivery.broadcast_id == doubt.broadcast_id, Delivery.channel == "service", Delivery.state == "sent")
    near = sa.select(Delivery).where(like, Delivery.begun_at.between(at - around, at + around))
    before = near.where(Delivery.begun_at <= at).order_by(Delivery.begun_at.desc()).limit(most)
    after = near.where(Delivery.begun_at > at).order_by(Delivery.begun_at).limit(most)
    return [*session.scalars(before), *session.scalars(after)]


def blocked(session: Session, openid: str, at: datetime) -> None:
    """They take no messages of ours: what waits for them is dropped, and no window is believed until they write again.
    What they follow stays theirs: they may let us in again, and a reply reaches them anyway."""
    waits = sa.and_(Delivery.openid == openid, Delivery.state.in_(("planned", "claimed")), Delivery.begun_at.is_(None))
    gone = {"state": "dropped", "settled_at": at, "lease_until": None, "error": "they block our messages"}
    for number in session.scalars(sa.update(Delivery).where(waits).values(**gone).returning(Delivery.id)).all():
        received.free(session, number)
    session.execute(sa.update(Follower).where(Follower.openid == openid).values(heard_at=None))


def forget(session: Session, openid: str) -> None:
    """They left: nothing goes to them any more, and nothing is kept of what went."""
    session.execute(sa.delete(Delivery).where(Delivery.openid == openid))
    session.execute(sa.delete(Received).where(Received.openid == openid))


def prune(session: Session, before: datetime) -> int:
    """What is so old that it cannot be news again; unsure deliveries stay until staff settled them. Returns how many
    deliveries went."""
    session.execute(sa.delete(Received).where(Received.at < before))
    done = sa.and_(Delivery.state.in_(("sent", "failed", "dropped")), Delivery.settled_at < before)
    return len(session.scalars(sa.delete(Delivery).where(done).returning(Delivery.id)).all())
