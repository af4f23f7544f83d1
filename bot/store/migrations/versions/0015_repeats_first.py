"""What was begun and is to be repeated is found at once, however much waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    repeats = sa.text("state = 'planned' AND begun_at IS NOT NULL")
    op.create_index("ix_deliveries_repeats", "deliveries", ["due_at"], postgresql_where=repeats, sqlite_where=repeats)
