"""Rows of the first release live through every migration unchanged, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.base import engine
from bot.store.migrate import upgrade

ROWS = 3


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("database_url" if request.param == "sqlite" else "postgres_url"))


def reflected(connection: sa.Connection) -> dict[str, sa.Table]:
    found = sa.MetaData()
    found.reflect(connection)
    return {table.name: table for table in found.sorted_tables if table.name != "alembic_version"}


def value(column: sa.Column[Any], number: int, dialect: str) -> Any:
    """Something of the column's type; what refers to another table refers to the row of the same number."""
    if column.foreign_keys and next(iter(column.foreign_keys)).column.table is column.table:
        return None
    match column.type:
        case sa.Boolean():
            return number % 2 == 0
        case sa.Integer():
            return number
        case sa.Float() | sa.Numeric():
            return number / 4
        case sa.DateTime():
            moment = datetime(2026, 1, number, 3, 4, 5, tzinfo=UTC)
            return moment.replace(tzinfo=None) if dialect == "sqlite" else moment
        case sa.Date():
            return date(2026, 1, number)
        case sa.LargeBinary():
            return bytes([number]) * 5
        case sa.JSON():
            return [number]
        case _:
            return f"r{number}"


def fill(url: str) -> None:
    opened = engine(url)
    with opened.begin() as connection:
        for table in reflected(connection).values():
            for number in range(1, ROWS + 1):
                row = {column.name: value(column, number, opened.dialect.name) for column in table.columns}
                if not connection.execute(sa.select(table).where(*_same(table, row))).first():
                    connection.execute(sa.insert(table).values(row))
    opened.dispose()


def _same(table: sa.Table, row: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [column == row[column.name] for column in table.primary_key]


def contents(url: str) -> dict[str, list[dict[str, Any]]]:
    opened = engine(url)
    with opened.connect() as connection:
        found = {
            name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for name, table in reflected(connection).items()
        }
    opened.dispose()
    return found


def test_rows_of_every_release_live_on(url: str) -> None:
    """Each revision's tables are filled before the next one comes."""
    upgrade(url, "0001")
    fill(url)
    before = contents(url)
    assert all(len(rows) >= ROWS for rows in before.values())
    upgrade(url)
    after = contents(url)
    for name, rows in before.items():
        assert len(after[name]) == len(rows), name
        for old, new in zip(_ordered(rows), _ordered(after[name]), strict=True):
            kept = {column: new[column] for column in old if column in new}
            assert kept == {column: old[column] for column in kept}, name


def _ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    key = "id" if rows and "id" in rows[0] else next(iter(rows[0])) if rows else ""
    return sorted(rows, key=lambda row: str(row[key]))
