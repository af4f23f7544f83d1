"""All machines go by the database's clock: one of their own may be days wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.base import sessions
from bot.store.clock import SharedClock
from tests.chaos import clocks

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"
NOON = datetime(2026, 11, 26, 4, tzinfo=UTC)
SCRIPT = """
import sys, time
from bot.store.base import sessions
from bot.store.clock import SharedClock
print(time.time(), SharedClock(sessions(sys.argv[1]))().timestamp())
"""


@pytest.mark.postgres
def test_a_machine_whose_clock_is_days_wrong_goes_by_the_database_s(postgres_url: str, tmp_path: Path) -> None:
    wrong = clocks.made(tmp_path / "clock")
    if wrong is None:
        pytest.skip("there is no C compiler to set a clock wrong with")
    wrong.set(-3 * 86_400)
    run = [sys.executable, "-c", SCRIPT, postgres_url]
    environ = {**os.environ, **wrong.environ}
    said = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout
    own, shared = map(float, said.split())
    assert time.time() - own > 2 * 86_400
    assert abs(time.time() - shared) < 30


@pytest.mark.postgres
def test_it_goes_on_by_itself_and_asks_again(postgres_url: str) -> None:
    ticks = [100.0]
    clock = SharedClock(sessions(postgres_url), lambda: ticks[0])
    first = clock()
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=30)
    ticks[0] += 10
    assert clock() == first + timedelta(seconds=10)
    ticks[0] += 3600
    assert clock() - first < timedelta(seconds=60), "nobody's ticks are believed for an hour"


def test_it_goes_on_while_the_database_is_away() -> None:
    clock = SharedClock(sessions(AWAY), lambda: 500.0, (NOON, 100.0))
    assert clock() == clock() == NOON + timedelta(seconds=400)


def test_without_ever_having_asked_it_tells_no_time() -> None:
    with pytest.raises(sa.exc.DBAPIError):
        SharedClock(sessions(AWAY))()


def test_sqlite_has_the_machine_s_own(database_url: str) -> None:
    assert abs(SharedClock(sessions(database_url))() - datetime.now(UTC)) < timedelta(seconds=5)
