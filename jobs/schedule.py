"""WHAT IS DONE BY THE CLOCK: the table of jobs, read from config/schedule.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
EPOCH = datetime(2020, 1, 1, tzinfo=SHANGHAI)
"""Runs of a job that comes `every` so long are counted from here."""

TABLE: Mapping[str, str] = {
    "notify": "tell staff what waits in the outbox",
    "asked": "make rows of what followers asked, began and read",
    "answer": "send what staff answered from the desk",
    "remind": "see that no lead waits unheard",
    "summary": "tell staff in the morning how things stand",
    "forget": "let go of what inquiries that were begun may no longer hold",
    "ingest": "take in new articles of the site",
    "digest": "plan what subscribers hear of",
    "deliver": "send what is planned",
    "follow": "keep the tags of topics on who follows them",
    "mass": "plan a mass send, or where there is none a draft for staff",
    "housekeeping": "let go of what has been kept long enough",
}
"""Every job there is, and what it is for. Each is a task of this name in the worker."""


@dataclass(frozen=True, slots=True)
class Job:
    """`every` so long, or once a day `at` this time in Shanghai. alone: never twice at the same time."""

    name: str
    every: timedelta = timedelta(0)
    at: time | None = None
    alone: bool = False

    def slot(self, now: datetime) -> int:
        """The number of the latest run that should have begun by now; one higher for each run."""
        if self.at is None:
            return int((now - EPOCH) / self.every)
        local = now.astimezone(SHANGHAI)
        return local.date().toordinal() - (local.time() < self.at)


def jobs(config: Mapping[str, Any], intervals: Mapping[str, timedelta]) -> tuple[Job, ...]:
    """The table with its times; `intervals` replace those of the file. Raises ValueError for what is not a job."""
    rows: Mapping[str, Mapping[str, Any]] = config["jobs"]
    if unknown := sorted({*rows, *intervals} - set(TABLE)):
        raise ValueError(f"schedule.toml: no such job: {', '.join(unknown)}")
    if missing := sorted(set(TABLE) - set(rows)):
        raise ValueError(f"schedule.toml: no time for: {', '.join(missing)}")
    return tuple(_job(name, rows[name], intervals.get(name)) for name in TABLE)


def _job(name: str, row: Mapping[str, Any], every: timedelta | None) -> Job:
    alone = bool(row.get("alone", False))
    if every is not None:
        return Job(name, every, alone=alone)
    if "at" in row:
        return Job(name, at=time.fromisoformat(row["at"]), alone=alone)
    return Job(name, timedelta(seconds=row["every"]), alone=alone)
