"""Every row of a database as lines of JSON, and back, into SQLite or PostgreSQL, whichever it came from.

The first line says what it is, then `["table", {column: value}]` for each row, and the last line counts them, so that a
file that was cut short is noticed before anything is thrown away. Tables are taken as the database has them, not as
this version of the code knows them: an older backup is restored as it was and then migrated.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from bot.store.base import engine
from bot.store.migrate import upgrade

FORMAT = 1
VERSIONS = "alembic_version"
_AT_ONCE = 500


class Unusable(Exception):
    """Not a backup of ours, cut short, or of a newer version."""


def lines(url: str, now: datetime) -> Iterator[str]:
    """The whole database as it is at one moment."""
    opened = engine(url)
    try:
        with opened.connect() as connection:
            _as_of_one_moment(connection)
            tables = _tables(connection)
            revision = connection.scalar(sa.text(f"SELECT version_num FROM {VERSIONS}"))  # noqa: S608 # nosec B608 - a constant
            yield json.dumps({"park-bot": FORMAT, "revision": revision, "at": now.isoformat()})
            counts: Counter[str] = Counter()
            for table in tables:
                for row in connection.execute(sa.select(table)).mappings().partitions(_AT_ONCE):
                    for one in row:
                        counts[table.name] += 1
                        values = {name: _plain(value) for name, value in one.items()}
                        yield json.dumps([table.name, values], ensure_ascii=False)
            yield json.dumps({"rows": counts})
    finally:
        opened.dispose()


def head(backup: Iterable[str]) -> Mapping[str, Any]:
    """What the file says of itself, after looking it through to its end. Raises Unusable."""
    first: Any = None
    last: Any = None
    counts: Counter[str] = Counter()
    try:
        for line in backup:
            last = json.loads(line)
            first = first if first is not None else last
            if isinstance(last, list):
                counts[last[0]] += 1
    except (ValueError, EOFError, OSError) as trouble:
        raise Unusable(f"it cannot be read: {trouble}") from None
    if not isinstance(first, dict) or first.get("park-bot") != FORMAT:
        raise Unusable("it is not a backup of ours")
    if not isinstance(last, dict) or last.get("rows") != counts:
        raise Unusable("it was cut short")
    return first


def is_empty(url: str) -> bool:
    """No table has a row (besides those the migrations make)."""
    opened = engine(url)
    try:
        with opened.connect() as connection:
            tables = [table for table in _tables(connection) if table.name != "counters"]
            return not any(connection.execute(sa.select(table).limit(1)).first() for table in tables)
    finally:
        opened.dispose()


def restore(url: str, revision: str, backup: Iterable[str]) -> int:
    """Throw away what is there, put the backup in its place, and migrate it. Returns how many rows."""
    _throw_away(url)
    upgrade(url, revision)
    opened = engine(url)
    try:
        with opened.begin() as connection:
            tables = {table.name: table for table in _tables(connection)}
            for table in reversed(tables.values()):
                connection.execute(sa.delete(table))
            rows = sum(_put(connection, tables[name], rows) for name, rows in _grouped(backup))
            _count_on(connection, tables.values())
    finally:
        opened.dispose()
    upgrade(url)
    return rows


def _as_of_one_moment(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    else:
        connection.execution_options(reads_only=True)  # one transaction sees one state of the write-ahead log


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """As they are, those that others refer to first."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != VERSIONS]


def _throw_away(url: str) -> None:
    opened = engine(url)
    try:
        with opened.begin() as connection:
            found = sa.MetaData()
            found.reflect(connection)
            found.drop_all(connection)
    finally:
        opened.dispose()


def _grouped(backup: Iterable[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Rows of one table at a time, in portions."""
    name, rows = "", list[dict[str, Any]]()
    for line in backup:
        fact = json.loads(line)
        if not isinstance(fact, list):
            continue
        if rows and (fact[0] != name or len(rows) >= _AT_ONCE):
            yield name, rows
            rows = []
        name = fact[0]
        rows.append(fact[1])
    if rows:
        yield name, rows


def _put(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> int:
    """References within the table come afterwards: the row they mean may stand further down."""
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    typed = [{name: _typed(connection, table.c[name], value) for name, value in row.items()} for row in rows]
    connection.execute(sa.insert(table), [{**row, **dict.fromkeys(own)} for row in typed])
    for row in typed:
        if any(row[name] is not None for name in own):
            _later(connection, table, row, own)
    return len(rows)


def _later(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any], names: Iterable[str]) -> None:
    """Kept aside until all rows are there."""
    connection.info.setdefault("later", []).append((table, dict(row), tuple(names)))


def _count_on(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """References within tables, and numbers that go on after the highest one."""
    for table, row, names in connection.info.pop("later", []):
        same = sa.and_(*(column == row[column.name] for column in table.primary_key))
        connection.execute(sa.update(table).where(same).values({name: row[name] for name in names}))
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key:
            sequence = connection.scalar(sa.func.pg_get_serial_sequence(table.name, column.name).select())
            highest = connection.scalar(sa.select(sa.func.max(column))) if sequence else None
            if highest is not None:
                connection.execute(sa.func.setval(sequence, highest).select())


def _plain(value: Any) -> Any:
    match value:
        case bytes() | memoryview():
            return base64.b64encode(value).decode()
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case _:
            return value


def _typed(connection: sa.Connection, column: sa.Column[Any], value: Any) -> Any:
    match column.type:
        case _ if value is None:
            # An empty JSON column is NULL, not the word null.
            return sa.null() if isinstance(column.type, sa.JSON) else None
        case sa.LargeBinary():
            return base64.b64decode(value)
        case sa.DateTime():
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=None) if connection.dialect.name == "sqlite" else moment
        case sa.Date():
            return date.fromisoformat(value)
        case sa.Boolean():
            return bool(value)
        case _:
            return value
