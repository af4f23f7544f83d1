"""QR codes with a scene that were made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.base

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "qr_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scene", sa.String(length=64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("made_at", bot.store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("expires_at", bot.store.base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qr_codes")),
    )
