"""Clocks on a real Redis: however many run, whenever they die, each run happens once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as hour
from pathlib import Path

import pytest
import redis

from jobs import clock
from jobs.clock import Clock
from jobs.schedule import Job
from tests.waiting import eventually

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
MINUTE = Job("minute", timedelta(seconds=60))
DAILY = Job("daily", at=hour(12, 0))


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    made = redis.Redis.from_url(redis_url)
    yield made
    made.close()


def test_a_run_is_enqueued_once(client: redis.Redis) -> None:
    fired: list[str] = []
    one = Clock(client, (MINUTE,), fired.append)
    for seconds in range(0, 120, 5):
        one.beat(NOON + timedelta(seconds=seconds))
    assert fired == ["minute", "minute"]


def test_runs_missed_while_no_clock_ran_are_made_up_once(client: redis.Redis) -> None:
    fired: list[str] = []
    one = Clock(client, (MINUTE, DAILY), fired.append)
    one.beat(NOON - timedelta(hours=1))
    one.beat(NOON + timedelta(days=3))
    assert Counter(fired) == {"minute": 2, "daily": 1}


def test_the_very_first_start_makes_up_no_daily_run(client: redis.Redis) -> None:
    fired: list[str] = []
    Clock(client, (DAILY,), fired.append).beat(NOON)
    assert fired == []


def test_only_the_leader_enqueues_and_another_takes_over(client: redis.Redis) -> None:
    first, second = (Clock(client, (MINUTE,), lambda _: None) for _ in range(2))
    assert first.leads()
    assert not second.leads()
    assert first.leads()
    first.resign()
    assert second.leads()
    assert not first.leads()


def test_a_leader_that_died_is_followed_when_its_lease_is_over(client: redis.Redis) -> None:
    Clock(client, (), lambda _: None).leads()
    lease = client.pttl("{clock}:leader")
    assert 0 < lease <= clock.LEASE.total_seconds() * 1000


def test_even_two_leaders_at_once_enqueue_a_run_once(client: redis.Redis) -> None:
    fired: list[str] = []
    clocks = [Clock(client, (MINUTE,), fired.append) for _ in range(2)]
    for seconds in range(0, 600, 10):
        threads = [
            threading.Thread(target=one.fire, args=(MINUTE, NOON + timedelta(seconds=seconds))) for one in clocks
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(fired) == 10


def test_a_clock_that_died_before_it_enqueued_leaves_the_run_to_the_next(client: redis.Redis) -> None:
    def die(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Clock(client, (MINUTE,), die).fire(MINUTE, NOON)
    fired: list[str] = []
    assert not Clock(client, (MINUTE,), fired.append).fire(MINUTE, NOON)
    client.delete("{clock}:taken:minute")  # the lease of 15 seconds is over
    assert Clock(client, (MINUTE,), fired.append).fire(MINUTE, NOON)


def test_a_clock_without_redis_goes_on_beating() -> None:
    nowhere = redis.Redis(port=1, retry=None)
    Clock(nowhere, (MINUTE,), lambda _: None).beat(NOON)


SCRIPT = """
import sys
from datetime import timedelta
import redis
from jobs import clock
from jobs.schedule import Job
client = redis.Redis.from_url(sys.argv[1])
table = [Job("quick", timedelta(seconds=1))]
clock.run(client, table, lambda name: client.rpush("fired", table[0].slot(clock.datetime.now(clock.UTC))))
"""


def test_two_clock_processes_never_fire_twice_and_survive_each_other(client: redis.Redis, redis_url: str) -> None:
    root = str(Path(__file__).parents[2])
    clocks = [
        subprocess.Popen([sys.executable, "-c", SCRIPT, redis_url], cwd=root, env={"PYTHONPATH": root})
        for _ in range(2)
    ]
    assert eventually(lambda: client.llen("fired") >= 3)
    clocks[0].terminate()
    assert clocks[0].wait(10) == 0
    seen = client.llen("fired")
    eventually(lambda: client.llen("fired") >= seen + 2)
    clocks[1].terminate()
    assert clocks[1].wait(10) == 0
    runs = client.lrange("fired", 0, -1)
    assert len(runs) >= seen + 2
    assert len(set(runs)) == len(runs)


def test_the_time_is_that_of_redis(client: redis.Redis) -> None:
    fired: list[str] = []
    one = Clock(client, (MINUTE,), fired.append)
    one.beat()
    seconds, _ = client.time()
    slot = int(client.hget("{clock}:fired", "minute") or 0)
    assert fired == ["minute"]
    assert slot in {MINUTE.slot(datetime.fromtimestamp(seconds - back, UTC)) for back in (0, 5)}


def test_a_clock_set_back_beats_on() -> None:
    """What APScheduler has planned lies in the future then."""
    beats: list[datetime] = []
    scheduler = clock.beating(lambda: beats.append(datetime.now(UTC)))
    thread = threading.Thread(target=scheduler.start, daemon=True)
    thread.start()
    assert eventually(lambda: beats)
    scheduler.get_jobs()[0].modify(next_run_time=datetime.now(UTC) + timedelta(days=1))
    before = len(beats)
    assert eventually(lambda: len(beats) > before + 2)
    scheduler.shutdown()
    thread.join(10)
