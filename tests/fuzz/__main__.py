"""Harmful input by the thousand: counts inputs, and finds errors nobody promised, hangs, and memory that grows.

    python -m tests.fuzz [--inputs N] [--only NAME] [--seed N] [--atheris SECONDS]

--inputs: for each target; slow ones get a share of it. --atheris: also lets atheris, guided by coverage, look for that
long at the callback (Linux; `pip install atheris`, nothing the product needs).
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import random
import resource
import subprocess
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import Target, targets

HANGS_FROM_S = 2.0
"""CPU seconds for one input."""

GROWTH_MB = 40.0


@dataclass
class Found:
    inputs: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    example: dict[str, bytes] = field(default_factory=dict)
    slowest: float = 0.0
    grown_mb: float = 0.0
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        return not self.errors and self.slowest < HANGS_FROM_S and self.grown_mb < GROWTH_MB


def fuzz(target: Target, inputs: int, seed: int) -> Found:
    """Seeds first, then what is made of them; an input that came through may be changed further."""
    chance, found = random.Random(f"{seed} {target.name}"), Found()
    pool = list(target.seeds)
    began = time.perf_counter()
    warm = 0.0
    for number in range(inputs):
        data = pool[number] if number < len(target.seeds) else mutated(chance.choice(pool), chance)
        if number >= len(target.seeds) and chance.random() < 0.05:
            pool = [*pool[: len(target.seeds)], *pool[len(target.seeds) :][-200:], data]
        _one(target, data, found)
        if number == inputs // 3:
            warm = _memory_mb()
    found.seconds = time.perf_counter() - began
    found.grown_mb = _memory_mb() - warm
    return found


def _one(target: Target, data: bytes, found: Found) -> None:
    found.inputs += 1
    spent = time.thread_time()
    try:
        target.run(data)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        name = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}: {error}"[:160]
        found.errors[name] += 1
        found.example.setdefault(name, data)
    found.slowest = max(found.slowest, time.thread_time() - spent)


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def guided(seconds: int) -> int:
    """atheris over the callback in a process of its own; its exit status."""
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed; skipped")
        return 0
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.guided",
        f"-max_total_time={seconds}",
        "-max_len=4096",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    return subprocess.run(command, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", type=int, default=0, metavar="SECONDS")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    good, total = True, 0
    with targets() as known:
        for target in known:
            if chosen.only not in target.name:
                continue
            found = fuzz(target, max(50, int(chosen.inputs * target.share)), chosen.seed)
            good, total = good and found.is_good, total + found.inputs
            _show(target, found)
    print(f"\n{total} inputs")
    if chosen.atheris:
        good = guided(chosen.atheris) == 0 and good
    return int(not good)


def _show(target: Target, found: Found) -> None:
    rate = found.inputs / max(found.seconds, 0.001)
    figures = (
        f"{found.inputs:8} inputs {rate:7.0f}/s  slowest {found.slowest * 1000:7.1f} ms  grown {found.grown_mb:5.1f} MB"
    )
    print(f"{target.name:32} {figures}  errors {found.errors.total()}", flush=True)
    for name, times in found.errors.most_common(8):
        print(f"    {times} x {name}\n      {found.example[name][:200]!r}")


if __name__ == "__main__":
    sys.exit(main())
