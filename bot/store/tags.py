"""The platform's tags for our topics, and who we believe has them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base


class TopicTag(Base):
    __tablename__ = "topic_tags"

    topic: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    tag_id: Mapped[int]


class TagMember(Base):
    """This follower has the topic's tag at the platform, as far as we know."""

    __tablename__ = "tag_members"

    topic: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True, index=True)


def forget(session: Session, openid: str) -> None:
    """The platform takes the tags of somebody who leaves away by itself."""
    session.execute(sa.delete(TagMember).where(TagMember.openid == openid))
