"""QR codes with a scene that the firm had made, and who came by them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId
from bot.store.followers import Follower
from bot.store.leads import Lead

LONGEST = 64
"""Characters of a scene (reference §10.3)."""
MOST_DAYS = 30


class Code(Base):
    """address: what the picture holds; whoever scans it follows the account with the scene. expires_at: None = never."""

    __tablename__ = "qr_codes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scene: Mapped[str] = mapped_column(sa.String(LONGEST))
    address: Mapped[str] = mapped_column(sa.Text)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(sa.String(64), default="")
    expires_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Brought:
    """Who came by a scene: followers that are still there, and leads."""

    followers: int = 0
    leads: int = 0


def listing(session: Session, limit: int = 100) -> Sequence[Code]:
    """Newest first."""
    return session.scalars(sa.select(Code).order_by(Code.id.desc()).limit(limit)).all()


def brought(session: Session, scenes: Collection[str]) -> Mapping[str, Brought]:
    counts = []
    for table in (Follower, Lead):
        counted = sa.select(table.scene, sa.func.count()).where(table.scene.in_(scenes)).group_by(table.scene)
        counts.append(dict(session.execute(counted).all()))
    followed, handed_in = counts
    return {scene: Brought(followed.get(scene, 0), handed_in.get(scene, 0)) for scene in scenes}
