"""Claiming reads the next few from an index in their order: it must not look at all that wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import broadcasts, claims
from bot.store.base import Sessions
from bot.store.deliveries import Delivery
from tests.store.say import NOON

MINUTE = timedelta(minutes=1)


@pytest.fixture
def statements(store: Sessions) -> list[tuple[str, Any]]:
    """What two claims of a broadcast ask the database: first for what is to be repeated, then for what is new."""
    with store.begin() as session:
        made = broadcasts.plan(session, "news", "chips", "k", [1], NOON)
        assert made is not None
        row = {"broadcast_id": made.id, "channel": "template", "due_at": NOON}
        session.execute(sa.insert(Delivery), [{**row, "openid": f"o{n}"} for n in range(300)])
        session.execute(sa.update(Delivery).where(Delivery.openid == "o7").values(begun_at=NOON))
    asked: list[tuple[str, Any]] = []
    engine: sa.Engine = store.kw["bind"]
    listener = lambda _c, _k, statement, parameters, *_: asked.append((statement, parameters))  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", listener)
    with store.begin() as session:
        claimed = claims.claim(session, ("template",), "w", NOON + MINUTE, MINUTE, 8)
    sa.event.remove(engine, "before_cursor_execute", listener)
    assert claimed[0].openid == "o7"
    return [one for one in asked if one[0].startswith(("UPDATE", "WITH"))]


def plan(store: Sessions, statement: str, parameters: Any) -> str:
    """How the database goes about it, if it has to do without sorting and without reading whole tables."""
    with store.begin() as session:
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return "\n".join(str(row[3]) for row in rows)
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))


def test_repeats_and_what_is_next_have_an_index_each(store: Sessions, statements: list[tuple[str, Any]]) -> None:
    repeats, following = (plan(store, *one) for one in statements)
    assert "ix_deliveries_repeats" in repeats
    assert "ix_deliveries_next" in following
    assert "Sort" not in following
    assert "TEMP B-TREE" not in following
