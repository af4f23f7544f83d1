"""Which messages already left their rows, so that the same message twice makes nothing twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, add_missing


class Inbox(Base):
    """Only a keyed hash of the message key: the key itself holds the follower's openid."""

    __tablename__ = "inbox"

    message_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


def is_first(session: Session, message_hash: str, at: datetime) -> bool:
    return bool(add_missing(session, Inbox, [{"message_hash": message_hash, "at": at}]))


def first_ones(session: Session, moments: Mapping[str, datetime]) -> list[str]:
    """is_first for many: those hashes that are new, in the order given."""
    added = add_missing(session, Inbox, [{"message_hash": name, "at": at} for name, at in moments.items()])
    new = {row["message_hash"] for row in added}
    return [name for name in moments if name in new]


def prune(session: Session, before: datetime) -> int:
    return len(session.scalars(sa.delete(Inbox).where(Inbox.at < before).returning(Inbox.at)).all())
