"""The same tests against one Redis and against a cluster of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis

from bot.adapters.conversations import Conversations
from bot.adapters.redis_scripts import Client, connected
from bot.adapters.vault import Vault
from tests.conftest import redis_server

VAULT = Vault(b"k" * 32)


@pytest.fixture(scope="session")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("cluster"), "--cluster-enabled", "yes") as url:
        node = redis.Redis.from_url(url)
        node.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        while b"cluster_state:ok" not in node.execute_command("CLUSTER", "INFO"):
            time.sleep(0.02)
        node.close()
        yield url.replace("redis://", "redis+cluster://").removesuffix("/0")


@pytest.fixture(params=["redis", "cluster"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    url = request.getfixturevalue("redis_url" if request.param == "redis" else "_cluster")
    made = connected(url)
    made.flushall()
    yield made
    made.close()


@pytest.fixture
def conversations(client: Client) -> Conversations:
    return Conversations(client, VAULT, lock=timedelta(seconds=2))
