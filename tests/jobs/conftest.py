"""The jobs run on the same two databases as the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from bot.adapters.wechat.quota import Ledger
from bot.store.base import Sessions
from tests.jobs.shelf import Account, Shelf
from tests.store.conftest import migrated_file, migrated_postgres, secrets, store, url

__all__ = ["migrated_file", "migrated_postgres", "secrets", "store", "url"]


@pytest.fixture
def shelf(store: Sessions, redis_url: str) -> Iterator[Shelf]:
    client = redis.Redis.from_url(redis_url)
    yield Shelf(store, Ledger(client, "wx1", is_service=False))
    client.close()


@pytest.fixture
def account() -> Account:
    return Account()
