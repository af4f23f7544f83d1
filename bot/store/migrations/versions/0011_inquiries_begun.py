"""Inquiries that were begun are counted; each lead that is there was begun, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.base

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "inquiries_begun",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", bot.store.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("scene", sa.String(length=64), nullable=False),
        sa.Column("read", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiries_begun")),
    )
    op.create_index(op.f("ix_inquiries_begun_at"), "inquiries_begun", ["at"], unique=False)
    op.execute("INSERT INTO inquiries_begun (at, scene, read) SELECT submitted_at, scene, read FROM leads ORDER BY id")
