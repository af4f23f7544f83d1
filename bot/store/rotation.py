"""Seals everything at rest anew with the key in use, so that an older one may be taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bot.store import lead_content, lead_notes, lead_parts, leads, staff, talks
from bot.store.base import Base, Sessions
from bot.store.outbox import WORDS, Outbox
from bot.store.secrets import Secrets

PORTION = 200
"""Rows in one transaction: followers and staff go on working meanwhile."""

SEALED: tuple[tuple[type[Base], str, str], ...] = (
    (leads.Lead, "sealed", lead_content.SEALED),
    (lead_parts.LeadPart, "sealed", lead_content.SEALED),
    (lead_notes.Note, "sealed", lead_notes.NOTE),
    (Outbox, "sealed", WORDS),
    (talks.Talk, "sealed", talks.TALK),
    (staff.Staff, "totp_sealed", staff.TOTP),
)
"""Every column of sealed bytes, and the purpose it is sealed for."""


def rotate(sessions: Sessions, secrets: Secrets) -> Mapping[str, int]:
    """How many rows of each table were sealed anew. Raises what `secrets.open` does for a key that is gone."""
    return {table.__tablename__: _table(sessions, secrets, table, column, why) for table, column, why in SEALED}


def _table(sessions: Sessions, secrets: Secrets, table: type[Base], column: str, purpose: str) -> int:
    done, last = 0, 0
    while True:
        with sessions.begin() as session:
            rows = session.scalars(_portion(table, column, last)).all()
            done += sum(_anew(row, column, secrets, purpose) for row in rows)
            last = rows[-1].id if rows else last
        if len(rows) < PORTION:
            return done


def _portion(table: Any, column: str, after: int) -> sa.Select[Any]:
    """Locked: a lead that is revised at this moment must not get its old words back."""
    held = getattr(table, column).is_not(None)
    return sa.select(table).where(table.id > after, held).order_by(table.id).limit(PORTION).with_for_update()


def _anew(row: Base, column: str, secrets: Secrets, purpose: str) -> bool:
    sealed: bytes = getattr(row, column)
    if secrets.is_current(sealed):
        return False
    setattr(row, column, secrets.seal(secrets.open(sealed, purpose), purpose))
    return True
