"""Does what was enqueued: the tasks of the table as Dramatiq actors on Redis, in a process of its own."""

from __future__ import annotations

import logging
import signal
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker

from bot.adapters.redis_scripts import TROUBLE, Client
from bot.adapters.tasks import build_broker, enqueue, queued_key
from jobs.schedule import Job

__all__ = ["build_broker", "enqueue", "main", "register"]

log = logging.getLogger(__name__)

LEASE_SECONDS = 20
"""How long a task that runs alone is missed after its worker died."""
STALE = 10
"""A task is skipped when it waited for so many of its intervals, as after a night without workers."""

# Let go or renew only what is still ours.
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('expire', KEYS[1], ARGV[2]) end return 0"


def register(
    broker: RedisBroker, tasks: Mapping[str, Callable[[], object]], table: Iterable[Job] = ()
) -> dict[str, dramatiq.Actor[[], None]]:
    """One actor a task. Jobs that are `alone` in the table run once at a time over all machines."""
    known = {job.name: job for job in table}
    return {name: _actor(broker, known.get(name, Job(name)), task) for name, task in tasks.items()}


def main(broker: RedisBroker, threads: int = 4, stop: threading.Event | None = None) -> int:
    """Work until SIGTERM, SIGINT or `stop`; what was begun is given half a minute to finish. Returns the exit status."""
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    worker = Worker(broker, worker_threads=threads, worker_timeout=200)
    worker.start()
    stop.wait()
    worker.stop(timeout=30_000)
    return 0


def _actor(broker: RedisBroker, job: Job, task: Callable[[], object]) -> dramatiq.Actor[[], None]:
    def run() -> None:
        broker.client.delete(queued_key(broker, job.name))  # first: what comes up from here on needs another run
        if job.alone:
            _alone(broker, job.name, task)
        else:
            task()

    stale = int(job.every.total_seconds() * 1000) * STALE or None
    return dramatiq.actor(actor_name=job.name, broker=broker, max_age=stale)(run)


def _alone(broker: RedisBroker, name: str, task: Callable[[], object]) -> None:
    with Alone(broker.client, f"{broker.namespace}:alone:{name}") as only:
        if only:
            task()
        else:
            log.info("%s is running elsewhere", name)


class Alone:
    """A lease in Redis that is renewed while the work goes on; true inside `with` where it was free."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.key, self.token = client, key, uuid.uuid4().hex
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> bool:
        mine = bool(self.client.set(self.key, self.token, nx=True, ex=LEASE_SECONDS))
        if mine:
            self._thread.start()
        return mine

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()
        self.client.eval(_RELEASE, 1, self.key, self.token)

    def _renew(self) -> None:
        while not self._done.wait(LEASE_SECONDS / 4):
            try:
                self.client.eval(_RENEW, 1, self.key, self.token, LEASE_SECONDS)
            except TROUBLE:
                log.warning("the lease of %s could not be renewed", self.key)
