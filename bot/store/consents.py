"""Who agreed to which subscription notice, and how many times that still counts (reference §9.2)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, add_missing

MOST = 20
"""A follower who taps yes again and again is not stored without end."""


class Consent(Base):
    """left: each yes is good for one notice."""

    __tablename__ = "consents"

    openid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    template_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    left: Mapped[int] = mapped_column(default=0)


def accept(session: Session, openid: str, template_id: str) -> None:
    add_missing(session, Consent, [{"openid": openid, "template_id": template_id, "left": 0}])
    less = sa.and_(_mine(openid, template_id), Consent.left < MOST)
    session.execute(sa.update(Consent).where(less).values(left=Consent.left + 1))


def use(session: Session, openid: str, template_id: str) -> bool:
    """One is used up; False where there is none."""
    some = sa.and_(_mine(openid, template_id), Consent.left > 0)
    return bool(session.scalar(sa.update(Consent).where(some).values(left=Consent.left - 1).returning(Consent.openid)))


def give_back(session: Session, openid: str, template_id: str) -> None:
    """Used, and surely not sent."""
    session.execute(sa.update(Consent).where(_mine(openid, template_id)).values(left=Consent.left + 1))


def clear(session: Session, openid: str, template_id: str) -> None:
    """They said no, or the platform knows of no yes (43101)."""
    session.execute(sa.delete(Consent).where(_mine(openid, template_id)))


def forget(session: Session, openid: str) -> None:
    session.execute(sa.delete(Consent).where(Consent.openid == openid))


def _mine(openid: str, template_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(Consent.openid == openid, Consent.template_id == template_id)
