"""Broadcasts that staff look at first; how often followers want news; consents to notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.base

revision = "0004"
down_revision = "0003"

_MOMENT = bot.store.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        for name, kind in (
            ("title", sa.String(length=64)),
            ("decided_by", sa.String(length=64)),
            ("preview_to", sa.String(length=64)),
            ("preview_error", sa.Text()),
            ("url", sa.Text()),
        ):
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=""))
        batch_op.add_column(sa.Column("release_at", _MOMENT, nullable=True))
        batch_op.add_column(sa.Column("released_at", _MOMENT, nullable=True))
        number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        batch_op.add_column(sa.Column("released_no", number, nullable=True))
        batch_op.create_index(batch_op.f("ix_broadcasts_released_no"), ["released_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_broadcasts_state"), ["state"], unique=False)
    with op.batch_alter_table("news", schema=None) as batch_op:
        batch_op.add_column(sa.Column("released_at", _MOMENT, nullable=True))
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pace", sa.String(length=8), nullable=False, server_default=""))
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("delivered_at", _MOMENT, nullable=True))
    op.create_table(
        "consents",
        sa.Column("openid", sa.String(length=64), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("openid", "template_id", name=op.f("pk_consents")),
    )
    # What was planned before there were previews has been let go.
    op.execute("UPDATE broadcasts SET released_at = created_at, release_at = created_at")
    op.execute("UPDATE broadcasts SET released_no = id WHERE kind = 'news'")
    op.execute("UPDATE news SET released_at = fresh_at")
