"""Articles keep their headings, lists and pictures for drafts; names the platform gives may be addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("articles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("html", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("materials", schema=None) as batch_op:
        batch_op.alter_column(
            "media_id", existing_type=sa.String(length=160), type_=sa.String(length=1024), existing_nullable=False
        )
