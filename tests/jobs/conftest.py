"""The jobs run on the same two databases as the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
import sqlalchemy as sa

from bot.adapters.wechat.quota import Ledger
from bot.store.base import Sessions
from tests.jobs.shelf import STAND_IN, Account, Shelf
from tests.store.conftest import migrated_file, migrated_postgres, secrets, store, url

__all__ = ["migrated_file", "migrated_postgres", "secrets", "store", "url"]


@pytest.fixture
def shelf(store: Sessions, redis_url: str) -> Iterator[Shelf]:
    client = redis.Redis.from_url(redis_url)
    engine: sa.Engine = store.kw["bind"]
    moment = "TIMESTAMP WITH TIME ZONE" if engine.dialect.name == "postgresql" else "DATETIME"
    statements = STAND_IN.format(moment=moment).split(";")
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    yield Shelf(store, Ledger(client, "wx1", is_service=False))
    with engine.begin() as connection:
        for table in ("articles", "article_topics"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
    client.close()


@pytest.fixture
def account() -> Account:
    return Account()
