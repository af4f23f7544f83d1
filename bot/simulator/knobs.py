"""Everything that can be made to go wrong, or made quicker for a test."""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import asdict, dataclass, fields

from bot.simulator.shapes import Json

FAULTS = ("error", "slow", "cut", "refuse", "http", "garbage")


@dataclass(slots=True)
class Fault:
    """One failure on demand for API calls and robots.

    kind: error (answer `code`), slow (do it, answer after `seconds`), cut (do it, then drop the connection),
    refuse (drop the connection with nothing done), http (answer status `code`), garbage (200 with no JSON).
    path: the exact path, a prefix ending in *, or * for all. times: how often (0 = until removed).
    skip: spare the first few. chance: hit only this part of the calls.
    """

    kind: str
    path: str = "*"
    code: int = -1
    message: str = ""
    seconds: float = 6.0
    times: int = 1
    skip: int = 0
    chance: float = 1.0
    id: int = 0
    used: int = 0

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"fault {self.kind!r} is none of {', '.join(FAULTS)}")

    def fits(self, path: str) -> bool:
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path

    @property
    def is_spent(self) -> bool:
        return 0 < self.times <= self.used

    def as_json(self) -> Json:
        return asdict(self)


@dataclass(slots=True)
class Settings:
    """The knobs that stay as they are put."""

    tries: int = 3
    interval: float = 5.0  # a try's limit, and the time from one try to the next
    duplicates: int = 0  # further copies of every push, sent at the same time
    mark_fail: bool = False  # stop pushing for a minute after many failures
    mark_fail_after: int = 5
    latency: float = 0.0  # seconds added to every API answer
    job_delay: float = 0.3  # until the event of an accepted job is pushed
    mass_status: str = "send success"
    mass_errors: int = 0  # of the recipients of a mass send, how many are counted as errors and not reached
    template_status: str = "success"
    publish_status: int = 0
    ip_listed: bool = True
    admin_guard: bool = False  # a mass send to all waits for an admin
    force_overlap: float = 0.0  # how long the old token lives after a forced refresh
    event_case: str = ""  # upper or lower: write job events that way
    unfollowed_code: int = 45015  # or 43004: sources differ
    voice_recognition: str = ""  # text put into Recognition of voice messages; empty leaves the node out
    push_jobs: bool = True
    chat_record: str = "off"  # or agents (what is sent by API is not in it), or all: which is true, no page says


class Knobs:
    """The settings and the waiting faults."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self.settings = Settings()
        self.faults: list[Fault] = []

    def put(self, values: Json) -> None:
        known = {field.name: field for field in fields(Settings)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"no such knob: {', '.join(unknown)}")
        for name, value in values.items():
            setattr(self.settings, name, type(getattr(self.settings, name))(value))

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            fault.id = next(self._ids)
            self.faults.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> None:
        """One fault, or all of them."""
        with self._lock:
            self.faults = [fault for fault in self.faults if fault_id not in (None, fault.id)]

    def take(self, path: str) -> Fault | None:
        """The fault this call meets, used up by one."""
        if not self.faults:
            return None
        with self._lock:
            return next((fault for fault in self.faults if _meets(fault, path)), None)

    def as_json(self) -> Json:
        return {"settings": asdict(self.settings), "faults": [fault.as_json() for fault in self.faults]}


def _meets(fault: Fault, path: str) -> bool:
    if fault.is_spent or not fault.fits(path):
        return False
    if fault.chance < 1 and random.random() >= fault.chance:
        return False
    if fault.skip:
        fault.skip -= 1
        return False
    fault.used += 1
    return True
