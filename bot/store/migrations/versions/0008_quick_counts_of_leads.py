"""Indexes from which the desk counts leads and names their sources without looking at the leads themselves."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("ix_leads_shared_state_owner", "leads", ["shared", "state", "owner"], unique=False)
    op.create_index("ix_leads_scene", "leads", ["scene"], unique=False)
