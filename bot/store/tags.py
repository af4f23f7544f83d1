"""The platform's tags for our topics: who we believe has them, and who changes that just now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store import deliveries
from bot.store.base import Base, add_missing
from bot.store.claims import LONGEST_HELD
from bot.store.subscriptions import Subscription


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
    """None where the topic has no tag yet."""
    return session.scalar(sa.select(TopicTag.tag_id).where(TopicTag.topic == topic))


def remember(session: Session, topic: str, tag_id: int) -> None:
    """The topic's tag, from now on this one."""
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
    """Others may change the tag again, if `who` held it."""
    mine = sa.and_(TopicTag.topic == topic, TopicTag.kept_by == who)
    session.execute(sa.update(TopicTag).where(mine).values(kept_by="", kept_until=None))


def known(session: Session) -> list[str]:
    """The topics that have a tag."""
    return list(session.scalars(sa.select(TopicTag.topic).order_by(TopicTag.topic)))


def joined(session: Session, topic: str, openids: Iterable[str]) -> None:
    """The platform has put the tag on them."""
    add_missing(session, TagMember, [{"topic": topic, "openid": openid} for openid in openids])


def left(session: Session, topic: str, openids: Sequence[str]) -> None:
    """The platform has taken the tag from them."""
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
