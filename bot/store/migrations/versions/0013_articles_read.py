"""What followers opened by the links they were given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.base

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("openid", sa.String(length=64), nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", bot.store.base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("openid", "article_id", name=op.f("pk_readings")),
    )
    op.create_index(op.f("ix_readings_at"), "readings", ["at"], unique=False)
