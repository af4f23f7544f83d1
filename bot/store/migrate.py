"""Brings the tables of a database up to date, also when several processes start at once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from bot.store.base import engine

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
            command.upgrade(config(connection), revision)
    finally:
        opened.dispose()


def _without_foreign_keys(connection: sqlite3.Connection, _record: object) -> None:
    """SQLite changes a table by building it anew; dropping the old one would take rows of other tables with it."""
    connection.execute("PRAGMA foreign_keys = OFF")


def config(connection: sa.Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made
