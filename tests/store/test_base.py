"""How the databases are opened."""

from __future__ import annotations

import sqlite3

from bot.store.base import _prepare


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
