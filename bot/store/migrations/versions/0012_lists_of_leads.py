"""Lists of leads come from an index that has each state in the order of the page."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.drop_index("ix_leads_desk", table_name="leads")
    listed = ["state", "updated_at", "id", "owner", "shared", "grade", "scene"]
    op.create_index("ix_leads_listed", "leads", listed, unique=False)
