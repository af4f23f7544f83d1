"""The platform's tags for our topics: who we believe has them, and who should have them for a mass send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store import deliveries
from bot.store.base import Base, add_missing
from bot.store.claims import LONGEST_HELD
from bot.store.received import Received
from bot.store.subscriptions import APART, AT_ONCE, Subscription

MANY = 10_000
PAGE = 5_000
"""Subscribers that are looked at with one question."""


class TopicTag(Base):
    """kept_by: who puts it on followers or takes it away, alone until kept_until: two at once would undo each other."""

    __tablename__ = "topic_tags"

    topic: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    tag_id: Mapped[int]
    kept_by: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")
    kept_until: Mapped[datetime | None]


class TagMember(Base):
    """This follower has the topic's tag at the platform, as far as we know."""

    __tablename__ = "tag_members"

    topic: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True, index=True)


def tag_id(session: Session, topic: str) -> int | None:
    return session.scalar(sa.select(TopicTag.tag_id).where(TopicTag.topic == topic))


def remember(session: Session, topic: str, tag_id: int) -> None:
    add_missing(session, TopicTag, [{"topic": topic, "tag_id": tag_id}])
    session.execute(sa.update(TopicTag).where(TopicTag.topic == topic).values(tag_id=tag_id))


def lost(session: Session, topic: str) -> None:
    """The platform does not know the tag any more: it is made anew, and nobody has it."""
    session.execute(sa.delete(TopicTag).where(TopicTag.topic == topic))
    session.execute(sa.delete(TagMember).where(TagMember.topic == topic))


def take(session: Session, topic: str, who: str, now: datetime, lease: timedelta) -> bool:
    """Only `who` changes who has the tag for so long, and longer by asking again. False: somebody else does."""
    over = sa.or_(TopicTag.kept_until.is_(None), TopicTag.kept_until <= now, TopicTag.kept_until > now + LONGEST_HELD)
    free = sa.and_(TopicTag.topic == topic, sa.or_(TopicTag.kept_by == who, over))
    mine = sa.update(TopicTag).where(free).values(kept_by=who, kept_until=now + lease)
    return session.scalar(mine.returning(TopicTag.topic)) is not None


def take_to_follow(session: Session, topic: str, who: str, now: datetime, lease: timedelta) -> bool:
    """`take` for putting it on who follows the topic. False also while a mass send has it on its recipients only."""
    # Looked at with the tag in hand: a send that begins from now on has to wait for it.
    return take(session, topic, who, now, lease) and not deliveries.is_sending_to_tag(session, topic, now)


def let_go(session: Session, topic: str, who: str) -> None:
    mine = sa.and_(TopicTag.topic == topic, TopicTag.kept_by == who)
    session.execute(sa.update(TopicTag).where(mine).values(kept_by="", kept_until=None))


def known(session: Session) -> list[str]:
    """The topics that have a tag."""
    return list(session.scalars(sa.select(TopicTag.topic).order_by(TopicTag.topic)))


def joined(session: Session, topic: str, openids: Iterable[str]) -> None:
    add_missing(session, TagMember, [{"topic": topic, "openid": openid} for openid in openids])


def left(session: Session, topic: str, openids: Sequence[str]) -> None:
    them = sa.and_(TagMember.topic == topic, TagMember.openid.in_(openids))
    session.execute(sa.delete(TagMember).where(them))


def forget(session: Session, openid: str) -> None:
    """The platform takes the tags of somebody who leaves away by itself."""
    session.execute(sa.delete(TagMember).where(TagMember.openid == openid))


def without(session: Session, topic: str, after: str, most: int) -> list[str]:
    """Who follows the topic and has not its tag; those behind `after` in the alphabet."""
    has_it = sa.exists().where(TagMember.topic == topic, TagMember.openid == Subscription.openid)
    mine = sa.and_(Subscription.topic == topic, Subscription.openid > after, ~has_it)
    return list(session.scalars(sa.select(Subscription.openid).where(mine).order_by(Subscription.openid).limit(most)))


def without_topic(session: Session, topic: str, after: str, most: int) -> list[str]:
    """Who has the tag and does not follow the topic; those behind `after` in the alphabet."""
    follows = sa.exists().where(Subscription.topic == topic, Subscription.openid == TagMember.openid)
    mine = sa.and_(TagMember.topic == topic, TagMember.openid > after, ~follows)
    return list(session.scalars(sa.select(TagMember.openid).where(mine).order_by(TagMember.openid).limit(most)))


def to_join(
    session: Session,
    topic: str,
    articles: Sequence[int],
    fresh: datetime,
    delivery: int,
    now: datetime,
    after: str,
    most: int,
) -> list[str]:
    """Who should have the tag for a send of these articles, and has it not; those behind `after` in the alphabet."""
    has_it = sa.exists().where(TagMember.topic == topic, TagMember.openid == Subscription.openid)
    wanted = sa.select(Subscription.openid).where(_should(topic, articles, fresh, delivery, now), ~has_it)
    return list(session.scalars(wanted.where(Subscription.openid > after).order_by(Subscription.openid).limit(most)))


def to_leave(
    session: Session,
    topic: str,
    articles: Sequence[int],
    fresh: datetime,
    delivery: int,
    now: datetime,
    after: str,
    most: int,
) -> list[str]:
    """Who has the tag, and would get something a second time, something too old, or something not asked for."""
    should = sa.exists().where(Subscription.openid == TagMember.openid, _should(topic, articles, fresh, delivery, now))
    wanted = sa.select(TagMember.openid).where(TagMember.topic == topic, ~should)
    return list(session.scalars(wanted.where(TagMember.openid > after).order_by(TagMember.openid).limit(most)))


def wanting(
    session: Session,
    topic: str,
    articles: Sequence[int],
    fresh: datetime,
    delivery: int,
    now: datetime,
    after: str,
    most: int,
) -> list[str]:
    """Who should get a send of these articles, tag or not; those behind `after` in the alphabet."""
    wanted = sa.select(Subscription.openid).where(_should(topic, articles, fresh, delivery, now))
    return list(session.scalars(wanted.where(Subscription.openid > after).order_by(Subscription.openid).limit(most)))


def recipients(
    session: Session,
    topic: str,
    articles: Sequence[int],
    fresh: datetime,
    now: datetime,
    most: int = MANY,
    enough: int | None = None,
) -> int:
    """How many would get it; counted up to `most`, so that it takes no longer for a million than for a few.

    enough: after a look at so many subscribers those found so far will do, if there are any. Only where all of these
    have it already are the others looked at, too.
    """
    found, looked, last = 0, 0, ""
    while found < most and (enough is None or looked < enough or not found):
        count, size, last = _page(session, topic, articles, fresh, now, last)
        found, looked = found + count, looked + size
        if size < PAGE:
            break
    return min(found, most)


def _page(
    session: Session, topic: str, articles: Sequence[int], fresh: datetime, now: datetime, after: str
) -> tuple[int, int, str]:
    """Of the next subscribers in the alphabet: who would get it, how many there are, and the last of them."""
    mine = sa.select(Subscription).where(Subscription.topic == topic, Subscription.openid > after)
    page = mine.order_by(Subscription.openid).limit(PAGE).cte("page").prefix_with("MATERIALIZED", dialect="postgresql")
    who = sa.orm.aliased(Subscription, page)
    size, last = session.execute(sa.select(sa.func.count(), sa.func.max(page.c.openid))).one()
    wanted = sa.select(sa.func.count()).select_from(who).where(_should(topic, articles, fresh, 0, now, who))
    return session.scalar(wanted) or 0, size, last or ""


def receive(session: Session, topic: str, articles: Sequence[int], delivery: int, at: datetime) -> bool:
    """Claim the articles for everybody with the tag. False: somebody got one of them meanwhile; nothing is claimed."""
    for article in articles:
        mine = sa.exists().where(
            Received.openid == TagMember.openid, Received.article_id == article, Received.delivery_id == delivery
        )
        new = sa.select(
            TagMember.openid, sa.literal(article), sa.literal(delivery), sa.literal(at, Received.at.type)
        ).where(TagMember.topic == topic, ~mine)
        names = ["openid", "article_id", "delivery_id", "at"]
        try:
            with session.begin_nested():
                session.execute(sa.insert(Received).from_select(names, new))
        except sa.exc.IntegrityError:
            return False
    return True


def _should(
    topic: str,
    articles: Sequence[int],
    fresh: datetime,
    delivery: int,
    now: datetime,
    who: type[Subscription] = Subscription,
) -> sa.ColumnElement[bool]:
    """A subscriber from before the oldest of the articles came out, who received none of them by another delivery, and
    who has not heard of anything too lately for the pace they chose."""
    other = sa.or_(Received.delivery_id.is_(None), Received.delivery_id != delivery)
    theirs = sa.and_(Received.openid == who.openid, other)
    has_one = sa.exists().where(theirs, Received.article_id.in_(list(articles)))
    paces = [
        sa.and_(who.pace == pace, ~sa.exists().where(theirs, Received.at > now - apart))
        for pace, apart in APART.items()
    ]
    in_time = sa.or_(who.pace == AT_ONCE, *paces)
    return sa.and_(who.topic == topic, who.since <= fresh, ~has_one, in_time)
