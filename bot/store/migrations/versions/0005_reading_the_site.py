"""Where articles come from and when they were last seen there; lines that are the firm's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.base

revision = "0005"
down_revision = "0004"

_MOMENT = bot.store.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("articles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin", sa.String(length=64), server_default="site", nullable=False))
        batch_op.add_column(sa.Column("seen", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("checked_at", _MOMENT, nullable=True))
        batch_op.create_index("ix_articles_origin_checked_at", ["origin", "checked_at"], unique=False)
        batch_op.create_index("ix_articles_duplicate_of", ["duplicate_of"], unique=False)
    op.create_table(
        "edge_lines",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_edge_lines_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", "article_id", name=op.f("pk_edge_lines")),
    )
    with op.batch_alter_table("edge_lines", schema=None) as batch_op:
        batch_op.create_index("ix_edge_lines_article_id", ["article_id"], unique=False)
    op.create_table(
        "learned_lines",
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("learned_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("origin", "key", name=op.f("pk_learned_lines")),
    )
