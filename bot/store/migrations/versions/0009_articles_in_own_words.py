"""What the site says where staff put it into their own words, and since when they keep an article from followers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.base

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("articles", sa.Column("replaced", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("articles", sa.Column("hidden_at", bot.store.base.UtcDateTime(timezone=True), nullable=True))
