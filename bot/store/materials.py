"""Pictures that lie at the platform for good, by the name we gave them, so that none is uploaded twice.

What the platform calls them is a media_id, or an address for a picture inside an article's body."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, add_missing


class Material(Base):
    __tablename__ = "materials"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    media_id: Mapped[str] = mapped_column(sa.String(1024))


def media_id(session: Session, name: str) -> str:
    return session.scalar(sa.select(Material.media_id).where(Material.name == name)) or ""


def remember(session: Session, name: str, media_id: str) -> None:
    add_missing(session, Material, [{"name": name, "media_id": media_id}])
    session.execute(sa.update(Material).where(Material.name == name).values(media_id=media_id))


def forget(session: Session, name: str) -> None:
    """The platform does not know it any more (40007), nor what is named below it, as in `cover:…`."""
    below = Material.name.startswith(f"{name}:", autoescape=True)
    session.execute(sa.delete(Material).where(sa.or_(Material.name == name, below)))
