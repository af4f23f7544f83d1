"""What a mass send in a topic brings, and who is to get it: who followed the topic before, and received none of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.received import Received
from bot.store.subscriptions import APART, AT_ONCE, Subscription
from bot.store.tags import TagMember

MANY = 10_000
"""Recipients that are counted, where it does not matter how many more there are."""
PAGE = 5_000
"""Subscribers that are looked at with one question."""


@dataclass(frozen=True, slots=True)
class Issue:
    """articles: newest first. fresh: when the oldest of them came out."""

    topic: str
    articles: tuple[int, ...]
    fresh: datetime


def to_join(session: Session, issue: Issue, delivery: int, now: datetime, after: str, most: int) -> list[str]:
    """Who should have the tag for a send of these articles, and has it not; those behind `after` in the alphabet.

    delivery: the one it is for; what it has claimed for them already keeps nobody from it.
    """
    has_it = sa.exists().where(TagMember.topic == issue.topic, TagMember.openid == Subscription.openid)
    wanted = sa.select(Subscription.openid).where(_should(issue, delivery, now), ~has_it)
    return list(session.scalars(wanted.where(Subscription.openid > after).order_by(Subscription.openid).limit(most)))


def to_leave(session: Session, issue: Issue, delivery: int, now: datetime, after: str, most: int) -> list[str]:
    """Who has the tag, and would get something a second time, something too old, or something not asked for."""
    should = sa.exists().where(Subscription.openid == TagMember.openid, _should(issue, delivery, now))
    wanted = sa.select(TagMember.openid).where(TagMember.topic == issue.topic, ~should)
    return list(session.scalars(wanted.where(TagMember.openid > after).order_by(TagMember.openid).limit(most)))


def wanting(session: Session, issue: Issue, now: datetime, after: str, most: int) -> list[str]:
    """Who should get a send of these articles, tag or not; those behind `after` in the alphabet."""
    wanted = sa.select(Subscription.openid).where(_should(issue, 0, now))
    return list(session.scalars(wanted.where(Subscription.openid > after).order_by(Subscription.openid).limit(most)))


def recipients(session: Session, issue: Issue, now: datetime, most: int = MANY, enough: int | None = None) -> int:
    """How many would get it; counted up to `most`, so that it takes no longer for a million than for a few.

    enough: after a look at so many subscribers those found so far will do, if there are any. Only where all of these
    have it already are the others looked at, too.
    """
    found, looked, last = 0, 0, ""
    while found < most and (enough is None or looked < enough or not found):
        count, size, last = _page(session, issue, now, last)
        found, looked = found + count, looked + size
        if size < PAGE:
            break
    return min(found, most)


def _page(session: Session, issue: Issue, now: datetime, after: str) -> tuple[int, int, str]:
    """Of the next subscribers in the alphabet: who would get it, how many there are, and the last of them."""
    mine = sa.select(Subscription).where(Subscription.topic == issue.topic, Subscription.openid > after)
    page = mine.order_by(Subscription.openid).limit(PAGE).cte("page").prefix_with("MATERIALIZED", dialect="postgresql")
    who = sa.orm.aliased(Subscription, page)
    size, last = session.execute(sa.select(sa.func.count(), sa.func.max(page.c.openid))).one()
    wanted = sa.select(sa.func.count()).select_from(who).where(_should(issue, 0, now, who))
    return session.scalar(wanted) or 0, size, last or ""


def receive(session: Session, issue: Issue, delivery: int, at: datetime) -> bool:
    """Claim the articles for everybody with the tag. False: somebody got one of them meanwhile; then roll back."""
    for article in issue.articles:
        mine = sa.exists().where(
            Received.openid == TagMember.openid, Received.article_id == article, Received.delivery_id == delivery
        )
        new = sa.select(
            TagMember.openid, sa.literal(article), sa.literal(delivery), sa.literal(at, Received.at.type)
        ).where(TagMember.topic == issue.topic, ~mine)
        names = ["openid", "article_id", "delivery_id", "at"]
        try:
            with session.begin_nested():
                session.execute(sa.insert(Received).from_select(names, new))
        except sa.exc.IntegrityError:
            return False
    return True


def _should(
    issue: Issue, delivery: int, now: datetime, who: type[Subscription] = Subscription
) -> sa.ColumnElement[bool]:
    """A subscriber from before the oldest of the articles came out, who received none of them by another delivery, and
    who has not heard of anything too lately for the pace they chose. delivery: 0 where there is none yet."""
    other = sa.or_(Received.delivery_id.is_(None), Received.delivery_id != delivery)
    theirs = sa.and_(Received.openid == who.openid, other)
    has_one = sa.exists().where(theirs, Received.article_id.in_(issue.articles))
    paces = [
        sa.and_(who.pace == pace, ~sa.exists().where(theirs, Received.at > now - apart))
        for pace, apart in APART.items()
    ]
    in_time = sa.or_(who.pace == AT_ONCE, *paces)
    return sa.and_(who.topic == issue.topic, who.since <= issue.fresh, ~has_one, in_time)
