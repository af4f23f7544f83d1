"""The worker on a real Redis: what is enqueued is done, alone where it must be, also after a kill."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import redis

from jobs import worker
from jobs.schedule import Job
from jobs.worker import Alone, build_broker, enqueue, register
from tests.waiting import eventually


@contextmanager
def working(redis_url: str, tasks: dict[str, Callable[[], object]], *table: Job) -> Iterator[Callable[[str], bool]]:
    broker = build_broker(redis_url)
    register(broker, tasks, table)
    stop = threading.Event()
    thread = threading.Thread(target=worker.main, args=(broker, 4, stop))
    thread.start()
    try:
        yield lambda name: enqueue(broker, name)
    finally:
        stop.set()
        thread.join()
        broker.close()


def test_what_is_enqueued_is_done_at_once(redis_url: str) -> None:
    done = threading.Event()
    with working(redis_url, {"notify": done.set}) as put:
        put("notify")
        assert done.wait(5)


def test_a_task_that_waits_is_not_put_twice(redis_url: str) -> None:
    broker = build_broker(redis_url)
    register(broker, {"notify": lambda: None})
    assert [enqueue(broker, "notify") for _ in range(3)] == [True, False, False]
    broker.close()


def test_what_comes_up_while_a_task_runs_makes_it_run_again(redis_url: str) -> None:
    begun, go, runs = threading.Event(), threading.Event(), []

    def task() -> None:
        runs.append(1)
        begun.set()
        go.wait(5)

    with working(redis_url, {"notify": task}) as put:
        put("notify")
        assert begun.wait(5)
        assert put("notify")
        go.set()
        assert eventually(lambda: len(runs) == 2)


def test_a_task_that_fails_is_not_repeated_and_hurts_no_other(redis_url: str) -> None:
    fails, done = [], threading.Event()

    def fail() -> None:
        fails.append(1)
        raise RuntimeError("no")

    with working(redis_url, {"ingest": fail, "notify": done.set}) as put:
        put("ingest")
        put("notify")
        assert done.wait(5)
        assert eventually(lambda: fails == [1])
        time.sleep(0.3)
        assert fails == [1]


def test_a_job_that_is_alone_never_runs_twice_at_a_time(redis_url: str) -> None:
    begun, go, most, now = threading.Event(), threading.Event(), [0], [0]

    def task() -> None:
        now[0] += 1
        most[0] = max(most[0], now[0])
        begun.set()
        go.wait(5)
        now[0] -= 1

    with working(redis_url, {"ingest": task}, Job("ingest", timedelta(seconds=60), alone=True)) as put:
        put("ingest")
        assert begun.wait(5)
        put("ingest")
        time.sleep(0.5)
        go.set()
    assert most == [1]


def test_a_lease_ends_with_the_work_and_is_nobody_elses_to_end(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    with Alone(client, "k") as mine:
        assert mine
        with Alone(client, "k") as theirs:
            assert not theirs
        assert client.exists("k")
    assert not client.exists("k")
    client.close()


SCRIPT = """
import sys, time
import redis
from jobs.worker import build_broker, main, register
broker = build_broker(sys.argv[1])
client = redis.Redis.from_url(sys.argv[1])
def task():
    client.rpush("log", "begun")
    time.sleep(0.5)
    client.rpush("log", "done")
register(broker, {"notify": task})
sys.exit(main(broker))
"""


def process(redis_url: str) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen([sys.executable, "-c", SCRIPT, redis_url], cwd=root, env={"PYTHONPATH": root})


def test_a_worker_that_is_told_to_stop_finishes_what_it_began(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    broker = build_broker(redis_url)
    register(broker, {"notify": lambda: None})
    enqueue(broker, "notify")
    started = process(redis_url)
    assert eventually(lambda: client.llen("log") == 1, 10)
    started.terminate()
    assert started.wait(10) == 0
    assert client.lrange("log", 0, -1) == [b"begun", b"done"]
    broker.close()
    client.close()
