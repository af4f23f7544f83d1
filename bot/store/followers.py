"""Who follows the account: a row from the follow to the unfollow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, add_missing
from bot.store.subscriptions import AT_ONCE, Subscription

HEARD_STEP = timedelta(minutes=10)
"""How exact `heard_at` is kept: a chatting follower costs one write in ten minutes, not one a message."""


class Follower(Base):
    """heard_at: about when they last wrote, which opens the platform's 48 hours for messages of ours."""

    __tablename__ = "followers"

    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    scene: Mapped[str] = mapped_column(sa.String(64), default="")
    followed_at: Mapped[datetime]
    heard_at: Mapped[datetime | None] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a new conversation starts with."""

    topics: tuple[str, ...] = ()
    scene: str = ""
    pace: str = ""


_WHO = sa.select(sa.bindparam("who", type_=sa.String).label("openid")).subquery()
_FOLLOWER, _SUBSCRIPTION = Follower.__table__, Subscription.__table__
_PROFILE = (
    sa.select(_FOLLOWER.c.scene, _SUBSCRIPTION.c.topic, _SUBSCRIPTION.c.pace)
    .select_from(_WHO)
    .outerjoin(_FOLLOWER, _FOLLOWER.c.openid == _WHO.c.openid)
    .outerjoin(_SUBSCRIPTION, _SUBSCRIPTION.c.openid == _WHO.c.openid)
    .order_by(_SUBSCRIPTION.c.since, _SUBSCRIPTION.c.topic)
)
"""A row for each topic, or one row; made once, for it is asked in the middle of an answer."""


def profile(session: Session, openid: str) -> Profile:
    rows = session.execute(_PROFILE, {"who": openid}).all()
    topics = tuple(topic for _, topic, _ in rows if topic is not None)
    scene, _, pace = rows[0]
    return Profile(topics, scene or "", pace or AT_ONCE)


def welcome(session: Session, openid: str, at: datetime, scene: str = "") -> None:
    """They follow now. Somebody who was known keeps the day they came, and takes the scene if there is one."""
    add_missing(session, Follower, [{"openid": openid, "scene": "", "followed_at": at}])
    if scene:
        session.execute(sa.update(Follower).where(Follower.openid == openid).values(scene=scene))


def heard(session: Session, openid: str, at: datetime) -> None:
    """They wrote. Also makes a row for a follower from before the bot's time."""
    welcome(session, openid, at)
    stale = sa.or_(Follower.heard_at.is_(None), Follower.heard_at < at - HEARD_STEP)
    session.execute(sa.update(Follower).where(Follower.openid == openid, stale).values(heard_at=at))


def heard_all(session: Session, moments: Mapping[str, datetime]) -> None:
    """`heard` for many, in few statements, and in one order: others do the same at the same moment."""
    rows = [{"openid": openid, "scene": "", "followed_at": at} for openid, at in sorted(moments.items())]
    add_missing(session, Follower, rows)
    theirs = Follower.openid.in_(list(moments))
    known = sa.select(Follower.openid, Follower.heard_at).where(theirs).order_by(Follower.openid)
    stale = [
        {"openid": openid, "heard_at": moments[openid]}
        for openid, before in session.execute(known).all()
        if before is None or before < moments[openid] - HEARD_STEP
    ]
    if stale:
        session.execute(sa.update(Follower), stale)


def forget(session: Session, openid: str) -> None:
    session.execute(sa.delete(Follower).where(Follower.openid == openid))
