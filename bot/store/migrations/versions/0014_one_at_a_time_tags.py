"""Who is putting a topic's tag on followers, or taking it away, and until when nobody else may."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.base

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("topic_tags", sa.Column("kept_by", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("topic_tags", sa.Column("kept_until", bot.store.base.UtcDateTime(timezone=True), nullable=True))
