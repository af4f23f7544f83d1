"""The whole product as `make run` starts it, on ports of its own, and a real Chromium."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    phone: str
    site: str
    web: str
    data: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with product(tmp_path_factory.mktemp("run")) as there:
        yield there


@contextlib.contextmanager
def product(data: Path, **more: str) -> Iterator[Running]:
    """`make run` with its rows in `data` and `more` in its environment, until it is not needed any more."""
    ports = {name: str(free_port()) for name in ("PORT", "SIM_PORT", "SAMPLE_PORT")}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("WECHAT_", "SITE_", "REDIS_"))}
    environ = {**clean, **ports, "DATA_DIR": str(data), "INGEST_SECONDS": "3", "DIGEST_SECONDS": "3", **more}
    with (data / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "bot", "run"], env=environ, cwd=ROOT, stdout=log, stderr=log)
        there = Running(
            *(f"http://127.0.0.1:{ports[name]}" for name in ("SIM_PORT", "SAMPLE_PORT", "PORT")), data, process
        )
        try:
            _wait(f"{there.web}/readyz", process)
            _wait_for_articles(data / "bot.db")
            yield there
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, "the product ended"
        try:
            urlopen(url, timeout=2).read()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"{url} does not answer")


def _wait_for_articles(database: Path, seconds: float = 30) -> None:
    """The first look at the site is taken by the clock; the index follows within a second."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.closing(sqlite3.connect(database)) as rows, contextlib.suppress(sqlite3.OperationalError):
            if rows.execute("SELECT count(*) FROM articles").fetchone()[0] >= 40:
                time.sleep(1.5)
                return
        time.sleep(0.2)
    raise AssertionError("the sample site was not taken in")
