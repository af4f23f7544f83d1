"""`python -m bot worker`, and with CLAIMING=off one that does not claim: the control that must bring things twice."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store import claims, received
from bot.store.deliveries import Delivery
from config.settings import read
from jobs import doubts
from jobs.__main__ import worker


def claim(
    session: Session,
    channels: Collection[str],
    worker: str,
    now: datetime,
    lease: timedelta,
    limit: int,
    heard_since: datetime | None = None,
) -> Sequence[Delivery]:
    """Whatever is not done, whoever works on it."""
    todo = sa.and_(Delivery.state.not_in(("sent", "failed", "dropped")), Delivery.channel.in_(channels))
    return session.scalars(sa.select(Delivery).where(todo).order_by(Delivery.id).limit(limit)).all()


def start_many(session: Session, ids: Collection[int], worker: str, now: datetime, lease: timedelta) -> set[int]:
    session.execute(sa.update(Delivery).where(Delivery.id.in_(ids)).values(state="sending", worker=worker))
    return set(ids)


def receive_many(
    session: Session, wanted: Mapping[int, tuple[str, Sequence[int]]], at: datetime
) -> dict[int, list[int]]:
    return {number: list(articles) for number, (_, articles) in wanted.items()}


if __name__ == "__main__":
    doubts.ASKED_AGAIN = timedelta(seconds=20)
    if os.environ.get("CLAIMING") == "off":
        claims.claim, claims.start_many, received.receive_many = claim, start_many, receive_many
    raise SystemExit(worker(read(os.environ)))
