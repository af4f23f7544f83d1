"""Grade, protection, sharing and merging of leads, names as hashes, talk; staff away and known by their own WeChat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.base

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = bot.store.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    _talks()
    _names()
    _leads()
    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("away_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("wechat", sa.String(length=64), nullable=True))
        batch_op.create_index("ix_staff_wechat", ["wechat"], unique=True)


def _talks() -> None:
    op.create_table(
        "talks",
        sa.Column("id", BIG, nullable=False),
        sa.Column("openid", sa.String(length=64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talks")),
    )
    with op.batch_alter_table("talks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_talks_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_talks_openid"), ["openid"], unique=False)
        batch_op.create_index("ix_talks_state_due_at", ["state", "due_at"], unique=False)


def _names() -> None:
    op.create_table(
        "lead_names",
        sa.Column("lead_id", BIG, nullable=False),
        sa.Column("name_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_lead_names_lead_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("lead_id", "name_hash", name=op.f("pk_lead_names")),
    )
    with op.batch_alter_table("lead_names", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lead_names_name_hash"), ["name_hash"], unique=False)


def _leads() -> None:
    no = sa.false()
    with op.batch_alter_table("leads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("grade", sa.String(length=1), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("shared", sa.Boolean(), nullable=False, server_default=no))
        batch_op.add_column(sa.Column("protected_until", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("merged_into", BIG, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_leads_merged_into"), "leads", ["merged_into"], ["id"], ondelete="CASCADE"
        )
        batch_op.create_index(batch_op.f("ix_leads_merged_into"), ["merged_into"], unique=False)
        batch_op.create_index("ix_leads_owner_state", ["owner", "state"], unique=False)
        batch_op.drop_index("ix_leads_desk")
        columns = ["updated_at", "id", "state", "owner", "shared", "grade", "scene"]
        batch_op.create_index("ix_leads_desk", columns, unique=False)
