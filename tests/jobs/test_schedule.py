"""The table of jobs and the numbers of their runs."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from jobs.schedule import TABLE, Job, jobs

CONFIG = tomllib.loads((Path(__file__).parents[2] / "config" / "schedule.toml").read_text(encoding="utf-8"))


def test_every_job_of_the_table_has_a_time() -> None:
    assert {job.name for job in jobs(CONFIG, {})} == set(TABLE)
    assert all(job.every or job.at for job in jobs(CONFIG, {}))


def test_an_interval_can_be_replaced() -> None:
    table = {job.name: job for job in jobs(CONFIG, {"ingest": timedelta(seconds=7), "mass": timedelta(seconds=9)})}
    assert table["ingest"] == Job("ingest", timedelta(seconds=7), alone=True)
    assert table["mass"].at is None


@pytest.mark.parametrize("rows", [{"nonsense": {"every": 5}}, {"notify": {"every": 5}}])
def test_a_wrong_table_is_named(rows: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"schedule\.toml"):
        jobs({"jobs": rows}, {})


def test_runs_are_numbered_by_the_interval() -> None:
    job, start = Job("x", timedelta(seconds=60)), datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
    assert job.slot(start + timedelta(seconds=59)) == job.slot(start)
    assert job.slot(start + timedelta(seconds=60)) == job.slot(start) + 1


def test_a_daily_run_begins_at_its_time_in_shanghai() -> None:
    job = Job("x", at=time(19, 30))
    before, after = datetime(2026, 11, 24, 11, 29, tzinfo=UTC), datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
    assert job.slot(after) == job.slot(before) + 1
    assert job.slot(after + timedelta(hours=23, minutes=59)) == job.slot(after)
