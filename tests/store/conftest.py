"""Both databases with all tables: every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.store.base import Base, Sessions, sessions
from bot.store.migrate import upgrade


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("store") / "made.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres(_postgres: str) -> str:
    upgrade(_postgres)
    return _postgres


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "bot.db")
        return f"sqlite:///{tmp_path / 'bot.db'}"
    return str(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def store(url: str) -> Iterator[Sessions]:
    made = sessions(url)
    yield made
    engine: sa.Engine = made.kw["bind"]
    with made.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(sa.delete(table))
    engine.dispose()


@pytest.fixture
def secrets() -> Vault:
    return Vault(bytes(range(32)))
