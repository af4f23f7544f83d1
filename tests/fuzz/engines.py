"""Three ways to make harmful inputs - changes of good ones, hypothesis, atheris - and one way to look at what they do."""

from __future__ import annotations

import faulthandler
import logging
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target

HANGS_FROM_S = 2.0
"""CPU seconds for one input: then it is broken off and counts as an error."""

STUCK_FROM_S = 600
"""Seconds in which not even a break-off helps (inside of C): the run ends with the place it hangs at."""

GROWTH_MB = 40.0
PORTION = 400
"""hypothesis remembers everything it made: begun anew so often, what grows is not its memory."""


class Hangs(BaseException):
    """No Exception, so that nothing under test catches it."""


@dataclass
class Found:
    inputs: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    example: dict[str, bytes] = field(default_factory=dict)
    slowest: float = 0.0
    slowest_input: bytes = b""
    grown_mb: float = 0.0
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.errors and self.grown_mb < GROWTH_MB

    def note(self, error: BaseException, data: bytes) -> None:
        frames = traceback.extract_tb(error.__traceback__) or [traceback.FrameSummary("?", 0, "?")]
        frames = [frame for frame in frames if frame.name != _hangs.__name__]
        words = str(error).encode("ascii", "backslashreplace").decode()
        name = f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}: {words}"[:160]
        self.errors[name] += 1
        self.example.setdefault(name, data)


class Overheard(logging.Handler):
    """An error that was logged and answered with an apology is found out, too."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] and len(self.errors) < 10:
            self.errors.append(record.exc_info[1])


def listen() -> Overheard:
    """From now on nothing is printed of what is logged, and errors are kept."""
    logging.disable(logging.WARNING)
    heard = Overheard()
    logging.getLogger().addHandler(heard)
    return heard


def by_changes(target: Target, inputs: int, number: int, heard: Overheard) -> Found:
    """Seeds first, then what is made of them; an input that came through may be changed further."""
    chance = random.Random(f"{number} {target.name}")
    seeds, pool = target.seeds, list(target.seeds)

    def work(one: Callable[[bytes], None]) -> None:
        for at in range(inputs):
            data = seeds[at] if at < len(seeds) else mutated(chance.choice(pool), chance)
            if at >= len(seeds) and chance.random() < 0.05:
                pool[len(seeds) :] = [*pool[len(seeds) :][-200:], data]
            one(data)

    return _watched(target, inputs, work, heard)


def by_hypothesis(target: Target, inputs: int, number: int, heard: Overheard) -> Found:
    """Inputs that look like what is expected. Those hypothesis has no new ones for are not made up."""

    def work(one: Callable[[bytes], None]) -> None:
        for start in range(0, inputs, PORTION):
            _portion(target, min(PORTION, inputs - start), number + start, one)

    return _watched(target, inputs, work, heard)


def _portion(target: Target, inputs: int, number: int, one: Callable[[bytes], None]) -> None:
    @seed(number)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.shape if target.shape is not None else st.binary(max_size=400))
    def each(data: bytes) -> None:
        one(data)

    each()


def _watched(target: Target, inputs: int, work: Callable[[Callable[[bytes], None]], None], heard: Overheard) -> Found:
    found, warm, began = Found(), [0.0], time.perf_counter()
    heard.errors.clear()

    def one(data: bytes) -> None:
        _one(target, data, found, heard)
        if found.inputs == inputs // 3:
            warm[0] = memory_mb()
        if found.inputs % 50 == 1:
            faulthandler.dump_traceback_later(STUCK_FROM_S, exit=True)

    before = signal.signal(signal.SIGPROF, _hangs)
    try:
        work(one)
    finally:
        signal.signal(signal.SIGPROF, before)
        faulthandler.cancel_dump_traceback_later()
    found.seconds, found.grown_mb = time.perf_counter() - began, memory_mb() - (warm[0] or memory_mb())
    return found


def _hangs(_number: int, _frame: FrameType | None) -> None:
    raise Hangs(f"more than {HANGS_FROM_S} s")


def _one(target: Target, data: bytes, found: Found, heard: Overheard) -> None:
    found.inputs += 1
    spent = time.thread_time()
    signal.setitimer(signal.ITIMER_PROF, HANGS_FROM_S)
    try:
        target.run(data)
    except (Exception, Hangs) as error:
        found.note(error, data)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    while heard.errors:
        found.note(heard.errors.pop(), data)
    took = time.thread_time() - spent
    if took > found.slowest:
        found.slowest, found.slowest_input = took, data


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


# atheris: guided by coverage, in a process of its own, because it ends the process that it runs in

_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_SLOWEST = re.compile(r"stat::slowest_unit_time_sec:\s*(\d+)")
_PEAK = re.compile(r"stat::peak_rss_mb:\s*(\d+)")
_WARM = re.compile(r"INITED.*rss: (\d+)Mb")


def by_atheris(target: Target, inputs: int, number: int) -> Found:
    """Raises nothing where atheris ends with a find: it is in `errors`."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="atheris") as name:
        folder = Path(name)
        for at, one in enumerate(target.seeds):
            (folder / f"{at}").write_bytes(one)
        done = _atheris(target, inputs, number, folder)
    return _told(done.stdout + done.stderr, done.returncode, time.perf_counter() - began)


def _atheris(target: Target, inputs: int, number: int, folder: Path) -> subprocess.CompletedProcess[str]:
    options = [f"-runs={inputs}", f"-seed={number + 1}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=1500",
               "-print_final_stats=1", f"-artifact_prefix={folder}/find-", str(folder)]  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.guided", target.name, *options]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=6 * 3600)


def _told(said: str, status: int, seconds: float) -> Found:
    found = Found(seconds=seconds)
    found.inputs = int(match[1]) if (match := _RUNS.search(said)) else 0
    found.slowest = float(match[1]) if (match := _SLOWEST.search(said)) else 0.0
    warm, peak = _WARM.search(said), _PEAK.search(said)
    found.grown_mb = float(peak[1]) - float(warm[1]) if warm and peak else 0.0
    if status:
        words = " | ".join(said.splitlines()[-60:])[-1500:]
        found.errors[f"atheris ended with {status}"] += 1
        found.example[f"atheris ended with {status}"] = words.encode()
    return found
