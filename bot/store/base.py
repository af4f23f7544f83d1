"""The database: what all tables share, and how SQLite and PostgreSQL are opened."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

Sessions = sessionmaker[Session]

BUSY_SECONDS = 15
"""How long a writer waits for SQLite's one write lock before it gives up."""

_POSTGRES_PATIENCE = {"connect_timeout": 3, "tcp_user_timeout": 15_000}
"""Seconds to connect; milliseconds until a peer that acknowledges nothing is believed dead."""

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints, the same on both databases, so that migrations can speak of them."""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment with a zone: kept as UTC, given back as UTC. SQLite knows no zones, so this type does."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a zone cannot be stored: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A growing number: SQLite counts up by itself only for its plain INTEGER."""


class Base(DeclarativeBase):
    """Mother of all tables."""

    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: sa.JSON,
        list[int]: sa.JSON,
        list[str]: sa.JSON,
    }


def normal(url: str) -> str:
    """The same address with the driver we ship: postgres:// and postgresql:// mean psycopg 3."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


HIDDEN = True
"""Errors show the statement but not its values: their texts reach logs, and openids are among the values."""


def engine(url: str) -> sa.Engine:
    """An engine for the address; nothing is connected yet. A folder for SQLite's file is made."""
    if make_url(normal(url)).get_backend_name() == "sqlite":
        return _sqlite(url)
    return sa.create_engine(
        normal(url),
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        connect_args=_POSTGRES_PATIENCE,
        hide_parameters=HIDDEN,
    )


def sessions(url: str) -> Sessions:
    return sessionmaker(engine(url), expire_on_commit=False)


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """A session that only looks: on SQLite it takes no write lock. Writing in it is a mistake."""
    with sessions() as session:
        session.connection(execution_options={"reads_only": True})
        yield session


def lock(session: Session, name: str) -> None:
    """Let one transaction at a time past this point for `name`. SQLite's writers come one by one anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def add_missing(session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Insert the rows that are not there yet; those that were inserted come back. One statement for each 500."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added: list[dict[str, Any]] = []
    for start in range(0, len(rows), 500):
        chunk = [dict(row) for row in rows[start : start + 500]]
        statement = insert(table).values(chunk).on_conflict_do_nothing().returning(*_columns(table))
        added += [dict(row) for row in session.execute(statement).mappings()]
    return added


def insert_missing(
    session: Session, table: type[Base], columns: Sequence[str], rows: sa.Select[*tuple[Any, ...]]
) -> None:
    """Insert what a query gives, in one statement; rows that are there already stay as they are."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).from_select(list(columns), rows, include_defaults=False)
    session.execute(statement.on_conflict_do_nothing())


def chosen(ids: sa.Select[int]) -> sa.Select[int]:
    """Rows for one worker alone: others step over them instead of waiting.

    Picked once, before the update: as a plain subquery PostgreSQL may pick again for every row, past any limit.
    """
    picked = ids.with_for_update(skip_locked=True).cte("picked").prefix_with("MATERIALIZED", dialect="postgresql")
    return sa.select(picked.c[0])


def _columns(table: type[Base]) -> Sequence[sa.ColumnElement[Any]]:
    return tuple(sa.inspect(table).primary_key)


def _sqlite(url: str) -> sa.Engine:
    file = make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    made = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=HIDDEN)
    sa.event.listen(made, "connect", _prepare)
    sa.event.listen(made, "begin", _begin)
    return made


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _write_ahead(connection)
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",  # an erased person's bytes are overwritten, not only unlinked
    ):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """While one process turns a fresh file over to WAL, SQLite refuses others at once instead of letting them wait."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: sa.Connection) -> None:
    """Writers queue for the lock at the start: a reader that turns writer midway would be refused at once."""
    reads = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
