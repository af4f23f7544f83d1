"""The next deliveries are read from the index in their order, however many are due at the same moment; and the index of
what is to be repeated is such that both databases take it by themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_index("ix_deliveries_next", "deliveries", ["state", "due_at", "id"])
    op.drop_index("ix_deliveries_state_due_at", table_name="deliveries")
    op.drop_index("ix_deliveries_repeats", table_name="deliveries")
    which = sa.text("state = 'planned' AND begun_at IS NOT NULL")
    columns = ["state", "begun_at"]
    op.create_index("ix_deliveries_repeats", "deliveries", columns, postgresql_where=which, sqlite_where=which)
