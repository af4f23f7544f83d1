"""Says when: enqueues the jobs of the table on time. Any number of clocks may run; one of them leads."""

from __future__ import annotations

import logging
import signal
import threading
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apscheduler.job import Job as Planned
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.blocking import BlockingScheduler

from bot.adapters.redis_scripts import TROUBLE, Client
from jobs.schedule import SHANGHAI, Job

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)
"""So long nobody leads after the leader died."""
BEAT = timedelta(seconds=1)
LATE = timedelta(seconds=5)
"""A beat planned further ahead than this was planned by a clock that was set back since."""

# Lead on, or begin to lead where nobody does.
_LEAD = """
local leader = redis.call('get', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""
_TIME = "return redis.call('time')"
_RESIGN = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
# A run is ours to enqueue if no clock has enqueued it, or a later one, and none is about to.
_TAKE = """
if tonumber(redis.call('hget', KEYS[1], ARGV[1]) or '-1') >= tonumber(ARGV[2]) then return 0 end
return redis.call('set', KEYS[2], ARGV[3], 'nx', 'px', ARGV[4]) and 1 or 0
"""


@dataclass(frozen=True)
class Clock:
    """One clock. `enqueue` puts a job of this name in the queue; `fired` in Redis remembers each job's last run."""

    redis: Client
    table: tuple[Job, ...]
    enqueue: Callable[[str], object]
    prefix: str = "{clock}"
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def beat(self, now: datetime | None = None) -> None:
        """Lead if possible, and enqueue what is due. A run that was missed while no clock ran is made up once.

        now: by default what Redis says. By the clock of a machine that is days ahead for a moment all would be done for
        days to come.
        """
        try:
            if self.leads():
                moment = now or self.time()
                for job in self.table:
                    self.fire(job, moment)
        except TROUBLE as error:
            log.warning("the clock cannot reach Redis: %s", type(error).__name__)

    def time(self) -> datetime:
        seconds, micros = self.redis.eval(_TIME, 1, self._leader)
        return datetime.fromtimestamp(int(seconds) + int(micros) / 1e6, UTC)

    def leads(self) -> bool:
        return bool(self.redis.eval(_LEAD, 1, self._leader, self.token, _ms(LEASE)))

    def fire(self, job: Job, now: datetime) -> bool:
        """Enqueue this run unless it was. Dying between taking and remembering leaves it to the next clock."""
        slot, taken = job.slot(now), f"{self.prefix}:taken:{job.name}"
        if job.at is not None and self.redis.hsetnx(self._fired, job.name, slot):
            return False  # the very first start of all: yesterday's run was not missed
        if not self.redis.eval(_TAKE, 2, self._fired, taken, job.name, slot, self.token, _ms(LEASE)):
            return False
        self.enqueue(job.name)
        self.redis.hset(self._fired, job.name, slot)
        self.redis.delete(taken)
        return True

    def resign(self) -> None:
        self.redis.eval(_RESIGN, 1, self._leader, self.token)

    @property
    def _leader(self) -> str:
        return f"{self.prefix}:leader"

    @property
    def _fired(self) -> str:
        return f"{self.prefix}:fired"


def run(
    client: Client,
    table: Iterable[Job],
    enqueue: Callable[[str], object],
    stop: threading.Event | None = None,
) -> int:
    """Beat once a second until SIGTERM, SIGINT or `stop`. Returns the exit status."""
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it has something to say with every beat
    clock = Clock(client, tuple(table), enqueue)
    scheduler = beating(clock.beat)
    _stop_by(scheduler, stop)
    scheduler.start()
    clock.resign()
    return 0


def beating(beat: Callable[[], object]) -> BlockingScheduler:
    """A scheduler that beats once a second from its start, also when somebody sets the machine's clock back."""
    scheduler = BlockingScheduler(timezone=SHANGHAI)
    job = scheduler.add_job(
        beat, "interval", seconds=BEAT.total_seconds(), max_instances=1, coalesce=True, misfire_grace_time=None,
        next_run_time=datetime.now(UTC),
    )  # fmt: skip
    threading.Thread(target=_hurry, args=(job,), name="hurry", daemon=True).start()
    return scheduler


def _hurry(job: Planned) -> None:
    """It plans its next beat by the machine's clock: set back by a day, it would be silent for a day."""
    tick = threading.Event()
    while not tick.wait(BEAT.total_seconds()):
        due = getattr(job, "next_run_time", None)
        if due is not None and due > datetime.now(UTC) + LATE:
            with suppress(JobLookupError):  # it was stopped meanwhile
                job.modify(next_run_time=datetime.now(UTC))


def _stop_by(scheduler: BlockingScheduler, stop: threading.Event | None) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: scheduler.shutdown(wait=False))
    if stop is not None:
        waiter = threading.Thread(target=lambda: stop.wait() and scheduler.shutdown(wait=False), daemon=True)
        waiter.start()


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
