"""Who received which article, and by which delivery: no article comes twice, by whatever channel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId, add_missing


class Received(Base):
    """The article is the follower's: by the delivery that claimed it. No channel may bring it again."""

    __tablename__ = "received"

    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    article_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    delivery_id: Mapped[int | None] = mapped_column(BigId, index=True)
    at: Mapped[datetime]


def receive(session: Session, openid: str, articles: Iterable[int], delivery_id: int | None, at: datetime) -> list[int]:
    """Claim articles for a follower; those that nobody had claimed before come back, in the order asked for."""
    rows = [{"openid": openid, "article_id": one, "delivery_id": delivery_id, "at": at} for one in articles]
    taken = {row["article_id"] for row in add_missing(session, Received, rows)}
    return [row["article_id"] for row in rows if row["article_id"] in taken]  # type: ignore[misc]


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


def free(session: Session, delivery_id: int) -> None:
    """Surely not sent: the articles may come by another way."""
    session.execute(sa.delete(Received).where(Received.delivery_id == delivery_id))


def articles_of(session: Session, ids: Collection[int]) -> dict[int, list[int]]:
    """Delivery id -> the articles it has claimed; nothing for a delivery without any."""
    rows = sa.select(Received.delivery_id, Received.article_id).where(Received.delivery_id.in_(ids))
    found: dict[int, list[int]] = {}
    for number, article in session.execute(rows):
        found.setdefault(number or 0, []).append(article)
    return found


def recipients_of(session: Session, delivery_id: int) -> list[str]:
    """Who gets a list delivery: in the order of the alphabet, so that a repeat is the same call."""
    mine = sa.select(Received.openid).where(Received.delivery_id == delivery_id).distinct()
    return list(session.scalars(mine.order_by(Received.openid)))


def is_received(openid: str, article: sa.ColumnElement[int] | sa.orm.InstrumentedAttribute[int]) -> sa.Exists:
    """A condition, for each row of a query over articles."""
    return sa.exists().where(Received.openid == openid, Received.article_id == article)


def told_since(session: Session, openid: str, moment: datetime) -> bool:
    """They heard of some article by any channel after this moment."""
    lately = sa.select(Received.article_id).where(Received.openid == openid, Received.at > moment)
    return session.scalar(lately.limit(1)) is not None


def told_counts(session: Session, openids: Collection[str], since: datetime) -> dict[str, int]:
    """How many messages of ours brought each of them news after this moment; replies are not counted."""
    counted = sa.select(Received.openid, sa.func.count(Received.delivery_id.distinct()))
    lately = sa.and_(Received.openid.in_(openids), Received.at > since)
    return dict(session.execute(counted.where(lately).group_by(Received.openid)).all())
