"""Rounds of load on one server: what came back, how fast, for how much processor time, and whether it was right."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bench import requests, world
from tests.bench.loader import Measured
from tests.bench.requests import Request


@dataclass
class Rounds:
    """Of one system: requests a second, percentiles (ms) and processor time (us a request) of each round, and what was
    wrong."""

    rates: list[float] = field(default_factory=list)
    p50s: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)
    slowest: float = 0.0
    wrong: Counter[str] = field(default_factory=Counter)
    answers: int = 0

    def take(self, measured: Measured, scripts: list[list[Request]], cpu: float) -> None:
        """cpu: seconds that the server took for it."""
        self.cpus.append(cpu / len(measured.answers) * 1e6)
        times = sorted(answer.seconds * 1000 for answer in measured.answers)
        self.rates.append(len(times) / measured.wall)
        self.p50s.append(times[len(times) // 2])
        self.p99s.append(times[int(len(times) * 0.99)])
        self.slowest = max(self.slowest, times[-1])
        self.answers += len(times)
        self.wrong += wrong(measured, scripts)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    def facts(self) -> dict[str, object]:
        return {
            "requests a second": round(self.rate),
            "rounds": [round(rate) for rate in self.rates],
            "CPU us a request": round(statistics.median(self.cpus)),
            "p50 ms": round(statistics.median(self.p50s), 1),
            "p99 ms": round(statistics.median(self.p99s), 1),
            "slowest ms": round(self.slowest, 1),
            "answers checked": self.answers,
            "wrong": dict(self.wrong),
        }


def wrong(measured: Measured, scripts: list[list[Request]]) -> Counter[str]:
    """Every answer against what it must say; a repeat against the answer it repeats."""
    found: Counter[str] = Counter()
    said: dict[tuple[int, int], str] = {}
    for answer in measured.answers:
        request = scripts[answer.script][answer.number]
        if answer.status != 200:
            found[f"status {answer.status}"] += 1
            continue
        text = said[answer.script, answer.number] = requests.readable(answer.body)
        if request.says not in text:
            found[f"{request.kind} says something else"] += 1
        if request.same_as >= 0 and text != said.get((answer.script, request.same_as)):
            found["a repeat was answered differently"] += 1
    return found


@dataclass(frozen=True)
class Options:
    articles: int
    followers: int
    rounds: int
    seconds: float
    connections: int


def one_round(
    server: world.Server, make: Callable[[int, int], list[list[Request]]], options: Options, seed: int, into: Rounds
) -> None:
    scripts, before = make(server.port, seed), server.cpu()
    measured = world.load(server.port, scripts, options.connections, options.seconds)
    into.take(measured, scripts, server.cpu() - before)
