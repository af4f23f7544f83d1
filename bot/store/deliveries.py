"""How news went, or is to go, to a follower or a tag; and who received which article, so that none comes twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.dialogue.effects import NewsShown
from bot.store import news
from bot.store.articles import SHOWN, Article
from bot.store.base import Base, BigId, UtcDateTime, add_missing, chosen, insert_missing
from bot.store.broadcasts import Broadcast
from bot.store.consents import Consent
from bot.store.followers import Follower
from bot.store.news import News
from bot.store.subscriptions import APART, AT_ONCE, Subscription, pace_of

KEPT = timedelta(days=14)
"""News older than this is no longer added to a reply."""


_TEXTS = ("worker", "error", "clientmsgid", "media_id", "msg_id")
"""Columns that start empty."""

TO_MANY = ("mass", "list")
"""Channels that go to many followers with one call."""
PUBLISH = "publish"
"""No channel to followers: the articles appear on the account's page."""
PUBLISH_STATUS = "publish_status "
"""What the platform's own number of how it ended stands behind, as an error (reference §7.5)."""
_PAGE = -1
"""The batch of that: a broadcast is published once."""
TEMPLATE_KNOWN = timedelta(minutes=9)
"""The platform knows a client_msg_id for ten minutes: until then a repeat brings nothing twice (reference §9.1)."""
CLOCKS_APART = timedelta(seconds=30)
"""What two machines may differ by that look at the same moment."""
TOLD_WITHIN = timedelta(days=1)
"""After so long a mass send is over, whether or not the platform's word on it came."""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LONGEST_HELD = timedelta(hours=1)
"""No worker holds a row as long: what says so was claimed by a machine whose clock was wrong."""
_MINE = ("claimed", "sending", "unsure")
"""States in which a row is its worker's: also one that was given up as unsure, for the worker may know after all."""
_REPEATS = "state = 'planned' AND begun_at IS NOT NULL"
_UNBEGUN: Mapping[str, Any] = {"begun_at": None, "delivered_at": None, "msg_id": ""}
"""Surely not sent: what the platform told meanwhile was about another message."""
_PACE_OF = {"news": AT_ONCE}
"""Kinds of broadcast by the pace they are for, where the two are not called the same."""


class NewsTaken(Exception):
    """Another channel took one of these articles for this follower in the meantime."""


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
            postgresql_where=sa.text(_REPEATS),
            sqlite_where=sa.text(_REPEATS),
        ),
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
    """News for a follower's next reply: numbers of the broadcasts it is from, and the articles, newest first.

    later: they want to hear daily or weekly, and have heard lately: to be asked for again.
    """

    broadcasts: tuple[int, ...] = ()
    articles: tuple[int, ...] = ()
    later: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """How followers can be reached one by one: channels, best first. notice: the template of subscription notices."""

    channels: tuple[str, ...] = ("service",)
    notice: str = ""


def waiting_news(session: Session, openid: str, now: datetime, limit: int = 5) -> Waiting:
    """What came out in the follower's topics since they chose them and reached them by no channel yet."""
    pace = pace_of(session, openid)
    if pace != AT_ONCE and told_since(session, openid, now - APART[pace]):
        return Waiting(later=True)
    mine = sa.and_(Subscription.topic == News.topic, Subscription.openid == openid, News.fresh_at >= Subscription.since)
    wanted = (
        sa.select(News.article_id, sa.func.max(News.broadcast_id).label("broadcast_id"))
        .join(Subscription, mine)
        .join(Article, sa.and_(Article.id == News.article_id, SHOWN))
        .where(News.fresh_at > now - KEPT, News.released_at.is_not(None), ~_received(openid, News.article_id))
        .group_by(News.article_id)
        .order_by(sa.func.max(News.fresh_at).desc(), News.article_id.desc())
        .limit(limit)
    )
    rows = session.execute(wanted).all()
    broadcasts = tuple(dict.fromkeys(broadcast for _, broadcast in rows))
    return Waiting(broadcasts, tuple(article for article, _ in rows))


def told_since(session: Session, openid: str, moment: datetime) -> bool:
    """They heard of some article by any channel after this moment."""
    lately = sa.select(Received.article_id).where(Received.openid == openid, Received.at > moment)
    return session.scalar(lately.limit(1)) is not None


def shown(session: Session, openid: str, effect: NewsShown, at: datetime) -> None:
    """The news went out with a reply. Raises NewsTaken where another channel was faster, so that the reply can change."""
    articles = dict.fromkeys(effect.articles)
    if len(receive(session, openid, articles, None, at)) < len(articles):
        raise NewsTaken
    rows = [_told_in_reply(broadcast, openid, at) for broadcast in dict.fromkeys(effect.deliveries)]
    add_missing(session, Delivery, rows)


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


def receive(session: Session, openid: str, articles: Iterable[int], delivery_id: int | None, at: datetime) -> list[int]:
    """Claim articles for a follower; those that nobody had claimed before come back, in the order asked for."""
    rows = [{"openid": openid, "article_id": one, "delivery_id": delivery_id, "at": at} for one in articles]
    taken = {row["article_id"] for row in add_missing(session, Received, rows)}
    return [row["article_id"] for row in rows if row["article_id"] in taken]  # type: ignore[misc]


def release(session: Session, delivery_id: int) -> None:
    """Surely not sent: the articles may come by another way."""
    session.execute(sa.delete(Received).where(Received.delivery_id == delivery_id))


def receive_many(
    session: Session, wanted: Mapping[int, tuple[str, Sequence[int]]], at: datetime
) -> dict[int, list[int]]:
    """`receive` for many: delivery id -> (openid, articles); the articles that are now each delivery's come back."""
    rows: list[dict[str, Any]] = [
        {"openid": openid, "article_id": article, "delivery_id": number, "at": at}
        for number, (openid, articles) in wanted.items()
        for article in articles
    ]
    taken = {(row["openid"], row["article_id"]) for row in add_missing(session, Received, rows)}
    # Two deliveries to one follower in the same call: the first of them has the article.
    mine: dict[int, list[int]] = {number: [] for number in wanted}
    for row in rows:
        if (key := (row["openid"], row["article_id"])) in taken:
            taken.remove(key)
            mine[row["delivery_id"]].append(row["article_id"])
    return mine


def receive_as_one(
    session: Session, openids: Sequence[str], articles: Sequence[int], delivery_id: int, at: datetime
) -> bool:
    """Claim all of the articles for all of them. False: somebody has one of them; then roll back."""
    rows = [
        {"openid": openid, "article_id": article, "delivery_id": delivery_id, "at": at}
        for openid in openids
        for article in articles
    ]
    return len(add_missing(session, Received, rows)) == len(rows)


def received_by(session: Session, ids: Collection[int]) -> dict[int, list[int]]:
    """The articles that deliveries had claimed before."""
    rows = sa.select(Received.delivery_id, Received.article_id).where(Received.delivery_id.in_(ids))
    found: dict[int, list[int]] = {}
    for number, article in session.execute(rows):
        found.setdefault(number or 0, []).append(article)
    return found


def recipients_of(session: Session, delivery_id: int) -> list[str]:
    """Who gets a list delivery: in the order of the alphabet, so that a repeat is the same call."""
    mine = sa.select(Received.openid).where(Received.delivery_id == delivery_id).distinct()
    return list(session.scalars(mine.order_by(Received.openid)))


def told_counts(session: Session, openids: Collection[str], since: datetime) -> dict[str, int]:
    """How many messages of ours brought each of them news after this moment; replies are not counted."""
    counted = sa.select(Received.openid, sa.func.count(Received.delivery_id.distinct()))
    lately = sa.and_(Received.openid.in_(openids), Received.at > since)
    return dict(session.execute(counted.where(lately).group_by(Received.openid)).all())


def mass_sends(session: Session, since: datetime) -> tuple[int, dict[str, int]]:
    """What may have gone out since then: how many sends to tags, and how many lists each follower was on."""
    gone = sa.and_(Delivery.begun_at >= since, Delivery.state.in_(("planned", "claimed", "sending", "sent", "unsure")))
    to_tags = sa.select(sa.func.count()).where(Delivery.channel == "mass", gone)
    lists = sa.select(Received.openid, sa.func.count(Received.delivery_id.distinct())).join(
        Delivery, Delivery.id == Received.delivery_id
    )
    mine = sa.and_(Delivery.channel == "list", gone)
    return session.scalar(to_tags) or 0, dict(session.execute(lists.where(mine).group_by(Received.openid)).all())


def hasten(session: Session, broadcast_id: int, heard_since: datetime, now: datetime) -> None:
    """What is planned for later goes now to those who wrote after `heard_since`."""
    awake = sa.select(Follower.openid).where(Follower.heard_at > heard_since)
    mine = sa.and_(Delivery.broadcast_id == broadcast_id, Delivery.state == "planned", Delivery.openid.in_(awake))
    session.execute(sa.update(Delivery).where(mine).values(due_at=now).execution_options(synchronize_session=False))


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
    few = sa.and_(sa.text(_REPEATS), Delivery.begun_at > LONG_AGO, sa.func.coalesce(Delivery.due_at, now) <= now)
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


def start_many(session: Session, ids: Collection[int], worker: str, now: datetime, lease: timedelta) -> set[int]:
    """`start` for many; those that are still this worker's come back, also if the commit of an earlier try was done
    and its answer lost."""
    begun = sa.func.coalesce(Delivery.begun_at, sa.literal(now, UtcDateTime()))
    held = sa.and_(Delivery.id.in_(ids), Delivery.worker == worker, Delivery.state.in_(("claimed", "sending")))
    held = sa.and_(held, _is_known(now))
    begin = sa.update(Delivery).where(held).values(state="sending", lease_until=now + lease, begun_at=begun)
    return set(session.scalars(begin.returning(Delivery.id).execution_options(synchronize_session=False)))


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
            release(session, number)
    return {number for number, state in ended if state == "sent"}


def start(session: Session, delivery_id: int, worker: str, now: datetime, lease: timedelta) -> bool:
    """From here on the message may have gone out. False: the row is no longer this worker's."""
    begun = sa.func.coalesce(Delivery.begun_at, sa.literal(now, UtcDateTime()))
    return _change(session, delivery_id, worker, "claimed", state="sending", lease_until=now + lease, begun_at=begun)


def keep(session: Session, delivery_id: int, worker: str, now: datetime, lease: timedelta) -> bool:
    """Getting it ready takes longer. False: the row is no longer this worker's."""
    return _change(session, delivery_id, worker, "claimed", lease_until=now + lease)


def drafted(session: Session, delivery_id: int, worker: str, media_id: str) -> bool:
    return _change(session, delivery_id, worker, "claimed", media_id=media_id)


def to_list(session: Session, delivery_id: int, worker: str) -> bool:
    """It goes to a list of followers, not to a tag. False: the row is no longer this worker's."""
    return _change(session, delivery_id, worker, "claimed", channel="list")


def settle(
    session: Session, delivery_id: int, worker: str, state: str, now: datetime, *, error: str = "", msg_id: str = ""
) -> bool:
    """sent, failed, unsure or dropped."""
    values = {"state": state, "settled_at": now, "error": error, "msg_id": msg_id, "lease_until": None}
    return _change(session, delivery_id, worker, None, **values)


def unsent(session: Session, delivery_id: int, worker: str, state: str, now: datetime, *, error: str) -> bool:
    """Surely not sent, and will not be by this delivery: its articles are free for any channel."""
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
        release(session, delivery_id)
    return mine


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
            release(session, number)
    return bool(ended)


def _again(session: Session, delivery_id: int, worker: str, due: datetime, error: str, **more: object) -> bool:
    values = {"state": "planned", "due_at": due, "error": error, "lease_until": None, **more}
    return _change(session, delivery_id, worker, None, **values)


def recover(session: Session, now: datetime) -> None:
    """Rows of dead workers: what had not begun is planned again, what had begun is unsure and left to staff.

    What the platform can tell from a new one is planned again although it had begun: mass sends by their clientmsgid,
    template messages by their client_msg_id while the platform knows it.
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
    """Template messages that waited for a repeat until the platform no longer knows their client_msg_id."""
    late = sa.and_(sa.text(_REPEATS), ~_is_known(now))
    why = {"state": "unsure", "error": "nobody knows whether it went out", "settled_at": now}
    session.execute(sa.update(Delivery).where(late).values(**why))


def drop_pending(session: Session, openid: str) -> None:
    """They left: nothing goes to them any more, and nothing is kept of what went."""
    session.execute(sa.delete(Delivery).where(Delivery.openid == openid))
    session.execute(sa.delete(Received).where(Received.openid == openid))


def blocked(session: Session, openid: str, at: datetime) -> None:
    """They take no messages of ours: what waits for them is dropped, and no window is believed until they write again.
    What they follow stays theirs: they may let us in again, and a reply reaches them anyway."""
    waits = sa.and_(Delivery.openid == openid, Delivery.state.in_(("planned", "claimed")), Delivery.begun_at.is_(None))
    gone = {"state": "dropped", "settled_at": at, "lease_until": None, "error": "they block our messages"}
    for number in session.scalars(sa.update(Delivery).where(waits).values(**gone).returning(Delivery.id)).all():
        release(session, number)
    session.execute(sa.update(Follower).where(Follower.openid == openid).values(heard_at=None))


def is_sending_to_tag(session: Session, topic: str, now: datetime) -> bool:
    """A mass send to the topic's tag is due or under way: until the platform told how it ended, the tag must not reach
    anybody else."""
    mine = sa.and_(Delivery.channel == "mass", Broadcast.topic == topic)
    due = sa.and_(Delivery.state == "planned", Delivery.due_at <= now)
    untold = sa.and_(Delivery.begun_at > now - TOLD_WITHIN, Delivery.delivered_at.is_(None), Delivery.state != "failed")
    going = sa.or_(due, Delivery.state.in_(("claimed", "sending")), untold)
    found = sa.select(Delivery.id).join(Broadcast, Broadcast.id == Delivery.broadcast_id).where(mine, going)
    return session.scalar(found.limit(1)) is not None


def ask_publish(session: Session, broadcast_id: int, now: datetime) -> bool:
    """Staff want it on the account's page. False: there is nothing to publish, or it is there or on its way already."""
    broadcast = session.get(Broadcast, broadcast_id)
    if broadcast is None or not broadcast.articles or broadcast.state in ("held", "cancelled"):
        return False
    row = {"broadcast_id": broadcast_id, "channel": PUBLISH, "openid": "", "batch": _PAGE, "state": "planned"}
    new = {**row, "attempts": 0, "due_at": now, **dict.fromkeys(_TEXTS, "")}
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


def prune(session: Session, before: datetime) -> int:
    """What is so old that it cannot be news again; unsure deliveries stay until staff settled them."""
    session.execute(sa.delete(Received).where(Received.at < before))
    done = sa.and_(Delivery.state.in_(("sent", "failed", "dropped")), Delivery.settled_at < before)
    return len(session.scalars(sa.delete(Delivery).where(done).returning(Delivery.id)).all())


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


def again_after_all(session: Session, delivery_id: int, now: datetime) -> bool:
    """The platform knows nothing of it: surely not sent."""
    unsure = sa.and_(Delivery.id == delivery_id, Delivery.state == "unsure")
    fresh = {"state": "planned", "due_at": now, "begun_at": None, "settled_at": None, "lease_until": None, "worker": ""}
    again = sa.update(Delivery).where(unsure).values(**fresh, error="the platform's record does not know it")
    return _freed(session, delivery_id, session.scalar(again.returning(Delivery.id)) is not None)


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
    states = (before,) if before else _MINE
    held = sa.and_(Delivery.id == delivery_id, Delivery.worker == worker, Delivery.state.in_(states))
    return session.scalar(sa.update(Delivery).where(held).values(**values).returning(Delivery.id)) is not None
