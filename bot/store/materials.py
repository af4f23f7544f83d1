"""Pictures that lie at the platform for good, by the name we gave them, so that none is uploaded twice."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, add_missing


class Material(Base):
    __tablename__ = "materials"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    media_id: Mapped[str] = mapped_column(sa.String(160))


def media_id(session: Session, name: str) -> str:
    return session.scalar(sa.select(Material.media_id).where(Material.name == name)) or ""


def remember(session: Session, name: str, media_id: str) -> None:
    add_missing(session, Material, [{"name": name, "media_id": media_id}])
    session.execute(sa.update(Material).where(Material.name == name).values(media_id=media_id))


def forget(session: Session, name: str) -> None:
    """The platform does not know it any more (40007)."""
    session.execute(sa.delete(Material).where(Material.name == name))
