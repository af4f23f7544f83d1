"""The migrations make exactly the tables the code speaks of, on both databases, also when many start at once."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.store.base import engine
from bot.store.beginnings import Beginning
from bot.store.leads import Lead
from bot.store.migrate import upgrade
from bot.store.tables import metadata


def differences(url: str) -> list[object]:
    opened = engine(url)
    with opened.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    opened.dispose()
    return list(found)


def test_migrations_and_tables_agree_on_sqlite(database_url: str) -> None:
    upgrade(database_url)
    assert differences(database_url) == []


@pytest.mark.postgres
def test_migrations_and_tables_agree_on_postgresql(postgres_url: str) -> None:
    upgrade(postgres_url)
    assert differences(postgres_url) == []


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    upgrade(database_url)
    assert differences(database_url) == []


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["database_url", "postgres_url"])
def test_leads_from_before_count_as_begun(kind: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(kind)
    upgrade(url, "0010")
    opened = engine(url)
    at = datetime(2026, 11, 1, 3, tzinfo=UTC)
    with opened.begin() as connection:
        lead = {"number": "L1", "message_key": "k", "openid": "o", "state": "new", "sealed": b"", "consents": {}}
        lead |= {"scene": "expo", "read": [3, 4], "submitted_at": at, "updated_at": at, "grade": "", "version": 1}
        connection.execute(sa.insert(Lead), [lead])
    upgrade(url)
    with opened.connect() as connection:
        rows = connection.execute(sa.select(Beginning.at, Beginning.scene, Beginning.shown)).all()
    opened.dispose()
    assert [tuple(row) for row in rows] == [(at, "expo", [3, 4])]


def start_four(url: str) -> list[int]:
    script = "import sys; from bot.store.migrate import upgrade; upgrade(sys.argv[1])"
    started = [subprocess.Popen([sys.executable, "-c", script, url]) for _ in range(4)]
    return [process.wait(60) for process in started]


def test_four_processes_may_start_at_once_on_sqlite(database_url: str) -> None:
    assert start_four(database_url) == [0, 0, 0, 0]
    assert differences(database_url) == []


@pytest.mark.postgres
def test_four_processes_may_start_at_once_on_postgresql(postgres_url: str) -> None:
    assert start_four(postgres_url) == [0, 0, 0, 0]
    assert differences(postgres_url) == []
