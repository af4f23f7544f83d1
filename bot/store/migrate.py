"""Brings the tables of a database up to date, also when several processes start at once."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.store.base import engine

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_205_511_124
"""Number of PostgreSQL's advisory lock around an upgrade; any number will do, it must only stay the same."""


def upgrade(url: str, revision: str = "head") -> None:
    """All in one transaction: SQLite's write lock or PostgreSQL's advisory lock lets one process at a time in."""
    opened = engine(url)
    if opened.dialect.name == "sqlite":
        sa.event.listen(opened, "connect", _without_foreign_keys)
    try:
        with opened.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            if revision == "head" and _version(connection) == newest():
                return
            from alembic import command  # slow to load, and most starts have nothing to upgrade

            command.upgrade(config(connection), revision)
    finally:
        opened.dispose()


def _without_foreign_keys(connection: sqlite3.Connection, _record: object) -> None:
    """SQLite changes a table by building it anew; dropping the old one would take rows of other tables with it."""
    connection.execute("PRAGMA foreign_keys = OFF")


def newest() -> str:
    """The revision of the last migration: their files are numbered."""
    return max(path.name for path in (FOLDER / "versions").glob("[0-9]*.py")).split("_")[0]


def _version(connection: sa.Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or ""


def config(connection: sa.Connection | None = None) -> Config:
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made
