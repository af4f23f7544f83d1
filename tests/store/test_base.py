"""How the databases are opened."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa

from bot.store.base import Sessions, _prepare


class Contended(sqlite3.Connection):
    """SQLite itself, refusing at first as it does (about once in a hundred starts) while another process turns the file over."""

    refusals = 2

    def execute(self, sql: str, *args: object) -> sqlite3.Cursor:  # type: ignore[override]
        if "journal_mode" in sql and self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("database is locked")
        return super().execute(sql, *args)  # type: ignore[arg-type]


def test_a_fresh_file_that_another_process_turns_over_is_waited_for(tmp_path: object) -> None:
    connection = sqlite3.connect(f"{tmp_path}/bot.db", factory=Contended)
    _prepare(connection, None)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_errors_do_not_show_values(store: Sessions) -> None:
    with pytest.raises(sa.exc.DBAPIError) as error, store.begin() as session:
        session.execute(sa.text("SELECT :openid FROM nowhere"), {"openid": "oFollower0001"})
    assert "nowhere" in str(error.value)
    assert "oFollower0001" not in str(error.value)
