"""How news went, or is to go, to a follower or a tag; and who received which article, so that none comes twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.dialogue.effects import NewsShown
from bot.store.articles import Article
from bot.store.base import Base, BigId, UtcDateTime, add_missing, chosen
from bot.store.broadcasts import Broadcast
from bot.store.followers import Follower
from bot.store.news import News
from bot.store.subscriptions import Subscription

KEPT = timedelta(days=14)
"""News older than this is no longer added to a reply."""


_TEXTS = ("worker", "error", "clientmsgid", "media_id", "msg_id")
"""Columns that start empty."""


class NewsTaken(Exception):
    """Another channel took one of these articles for this follower in the meantime."""


class Delivery(Base):
    """channel: service (customer-service message), reply (went out with a reply), mass (a draft to a tag; no openid).

    state: planned -> claimed -> sending -> sent | failed | unsure; dropped: nothing left to send, or they left.
    A worker that died while it held `claimed` surely sent nothing; one that died while `sending` is unsure.
    begun_at: since when it may have gone out; empty again once it surely has not.
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

    __table_args__ = (
        sa.UniqueConstraint("broadcast_id", "openid", "batch"),
        sa.Index("ix_deliveries_state_due_at", "state", "due_at"),
    )


class Received(Base):
    """The article is the follower's: by the delivery that claimed it. No channel may bring it again."""

    __tablename__ = "received"

    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    article_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    delivery_id: Mapped[int | None] = mapped_column(BigId, index=True)
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Waiting:
    """News for a follower's next reply: numbers of the broadcasts it is from, and the articles, newest first."""

    broadcasts: tuple[int, ...] = ()
    articles: tuple[int, ...] = ()


def waiting_news(session: Session, openid: str, now: datetime, limit: int = 5) -> Waiting:
    """What came out in the follower's topics since they chose them and reached them by no channel yet."""
    mine = sa.and_(Subscription.topic == News.topic, Subscription.openid == openid, News.fresh_at > Subscription.since)
    wanted = (
        sa.select(News.article_id, sa.func.max(News.broadcast_id).label("broadcast_id"))
        .join(Subscription, mine)
        .join(Article, sa.and_(Article.id == News.article_id, Article.gone_at.is_(None)))
        .where(News.fresh_at > now - KEPT, ~_received(openid, News.article_id))
        .group_by(News.article_id)
        .order_by(sa.func.max(News.fresh_at).desc(), News.article_id.desc())
        .limit(limit)
    )
    rows = session.execute(wanted).all()
    broadcasts = tuple(dict.fromkeys(broadcast for _, broadcast in rows))
    return Waiting(broadcasts, tuple(article for article, _ in rows))


def shown(session: Session, openid: str, effect: NewsShown, at: datetime) -> None:
    """The news went out with a reply. Raises NewsTaken where another channel was faster, so that the reply can change."""
    articles = dict.fromkeys(effect.articles)
    if len(receive(session, openid, articles, None, at)) < len(articles):
        raise NewsTaken
    rows = [_told_in_reply(broadcast, openid, at) for broadcast in dict.fromkeys(effect.deliveries)]
    add_missing(session, Delivery, rows)


def plan_service(session: Session, broadcast: Broadcast, fresh: datetime, heard_since: datetime, now: datetime) -> None:
    """One delivery for each subscriber who wrote lately enough to be written to; one statement for all of them.

    fresh: when the newest article of the broadcast came out; who subscribed after that has nothing to get.
    """
    values = {"broadcast_id": broadcast.id, "channel": "service", "batch": 0, "state": "planned", "attempts": 0}
    values |= dict.fromkeys(_TEXTS, "")
    followers = (
        sa.select(Follower.openid, sa.literal(now, UtcDateTime()), *(sa.literal(value) for value in values.values()))
        .join(Subscription, Subscription.openid == Follower.openid)
        .where(Subscription.topic == broadcast.topic, Subscription.since < fresh, Follower.heard_at > heard_since)
    )
    names = ["openid", "due_at", *values]
    session.execute(sa.insert(Delivery).from_select(names, followers, include_defaults=False))


def receive(session: Session, openid: str, articles: Iterable[int], delivery_id: int | None, at: datetime) -> list[int]:
    """Claim articles for a follower; those that nobody had claimed before come back, in the order asked for."""
    rows = [{"openid": openid, "article_id": one, "delivery_id": delivery_id, "at": at} for one in articles]
    taken = {row["article_id"] for row in add_missing(session, Received, rows)}
    return [row["article_id"] for row in rows if row["article_id"] in taken]  # type: ignore[misc]


def release(session: Session, delivery_id: int) -> None:
    """Surely not sent: the articles may come by another way."""
    session.execute(sa.delete(Received).where(Received.delivery_id == delivery_id))


def claim(
    session: Session, channel: str, worker: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[Delivery]:
    """Up to `limit` planned deliveries for this worker alone."""
    due = sa.and_(Delivery.channel == channel, Delivery.state == "planned", Delivery.due_at <= now)
    ids = sa.select(Delivery.id).where(due).order_by(Delivery.due_at, Delivery.id).limit(limit)
    taken = (
        sa.update(Delivery)
        .where(Delivery.id.in_(chosen(ids)), Delivery.state == "planned")
        .values(state="claimed", worker=worker, lease_until=now + lease, attempts=Delivery.attempts + 1)
        .returning(Delivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return sorted(session.scalars(taken).all(), key=lambda row: row.id)


def start(session: Session, delivery_id: int, worker: str, now: datetime, lease: timedelta) -> bool:
    """From here on the message may have gone out. False: the row is no longer this worker's."""
    begun = sa.func.coalesce(Delivery.begun_at, sa.literal(now, UtcDateTime()))
    return _change(session, delivery_id, worker, "claimed", state="sending", lease_until=now + lease, begun_at=begun)


def drafted(session: Session, delivery_id: int, worker: str, media_id: str) -> bool:
    return _change(session, delivery_id, worker, "claimed", media_id=media_id)


def settle(
    session: Session, delivery_id: int, worker: str, state: str, now: datetime, *, error: str = "", msg_id: str = ""
) -> bool:
    """sent, failed, unsure or dropped."""
    values = {"state": state, "settled_at": now, "error": error, "msg_id": msg_id, "lease_until": None}
    return _change(session, delivery_id, worker, None, **values)


def put_back(session: Session, delivery_id: int, worker: str, due: datetime, error: str) -> bool:
    """Surely not sent: planned again, its articles free for any channel."""
    release(session, delivery_id)
    return _again(session, delivery_id, worker, due, error, begun_at=None)


def ask_again(session: Session, delivery_id: int, worker: str, due: datetime, error: str) -> bool:
    """Perhaps sent, and the platform can tell a repeat from a new one: planned again, nobody else takes the articles."""
    return _again(session, delivery_id, worker, due, error)


def _again(session: Session, delivery_id: int, worker: str, due: datetime, error: str, **more: object) -> bool:
    values = {"state": "planned", "due_at": due, "error": error, "lease_until": None, **more}
    return _change(session, delivery_id, worker, None, **values)


def recover(session: Session, now: datetime) -> None:
    """Rows of dead workers: what had not begun is planned again, what had begun is unsure and left to staff.

    A mass send that had begun is planned again: its clientmsgid lets the platform tell a repeat from a new one.
    """
    lapsed = Delivery.lease_until <= now
    begun = sa.and_(Delivery.state == "sending", Delivery.channel != "mass", lapsed)
    safe = sa.and_(Delivery.state.in_(("claimed", "sending")), lapsed)
    unsure = {"state": "unsure", "error": "the worker died while sending", "settled_at": now, "lease_until": None}
    session.execute(sa.update(Delivery).where(begun).values(**unsure))
    session.execute(sa.update(Delivery).where(safe).values(state="planned", due_at=now, lease_until=None))


def drop_pending(session: Session, openid: str) -> None:
    """They left: nothing goes to them any more, and nothing is kept of what went."""
    session.execute(sa.delete(Delivery).where(Delivery.openid == openid))
    session.execute(sa.delete(Received).where(Received.openid == openid))


def reported(session: Session, msg_id: str, figures: dict[str, int | None], *, ok: bool, error: str) -> None:
    """The platform's word on a mass send of ours."""
    row = session.scalar(sa.select(Delivery).where(Delivery.msg_id == msg_id, Delivery.channel == "mass"))
    if row is None:
        return
    row.error = error
    row.state = "sent" if ok else "failed"
    if not ok:
        release(session, row.id)  # nobody got it: the articles may come by another way
    values = {"state": "done" if ok else "failed", **figures}
    session.execute(sa.update(Broadcast).where(Broadcast.id == row.broadcast_id).values(**values))


def prune(session: Session, before: datetime) -> int:
    """What is so old that it cannot be news again; unsure deliveries stay until staff settled them."""
    session.execute(sa.delete(Received).where(Received.at < before))
    done = sa.and_(Delivery.state.in_(("sent", "failed", "dropped")), Delivery.settled_at < before)
    return len(session.scalars(sa.delete(Delivery).where(done).returning(Delivery.id)).all())


def topic_of(session: Session, row: Delivery) -> str:
    return session.scalar(sa.select(Broadcast.topic).where(Broadcast.id == row.broadcast_id)) or ""


def unsure(session: Session) -> Sequence[Delivery]:
    """For staff: nobody knows whether these went out."""
    return session.scalars(sa.select(Delivery).where(Delivery.state == "unsure").order_by(Delivery.id)).all()


def counts(session: Session, broadcast_id: int) -> dict[str, int]:
    counted = sa.select(Delivery.state, sa.func.count()).where(Delivery.broadcast_id == broadcast_id)
    return dict(session.execute(counted.group_by(Delivery.state)).all())


def _received(openid: str, article: sa.ColumnElement[int] | sa.orm.InstrumentedAttribute[int]) -> sa.Exists:
    return sa.exists().where(Received.openid == openid, Received.article_id == article)


def _told_in_reply(broadcast: int, openid: str, at: datetime) -> dict[str, object]:
    return {
        "broadcast_id": broadcast,
        "channel": "reply",
        "openid": openid,
        "batch": 0,
        "state": "sent",
        "attempts": 1,
        "due_at": at,
        "settled_at": at,
        "worker": "",
        "error": "",
        "clientmsgid": "",
        "media_id": "",
        "msg_id": "",
    }


def _change(session: Session, delivery_id: int, worker: str, before: str | None, **values: object) -> bool:
    states = (before,) if before else ("claimed", "sending")
    held = sa.and_(Delivery.id == delivery_id, Delivery.worker == worker, Delivery.state.in_(states))
    return session.scalar(sa.update(Delivery).where(held).values(**values).returning(Delivery.id)) is not None
