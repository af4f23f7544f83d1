"""Whether a message costs the same beside many articles, many conversations and a flood; what one conversation takes, and
what another web process brings.

Processor time a message is what is compared: unlike a rate it hardly depends on who else is at work.
"""

from __future__ import annotations

import threading
from pathlib import Path

import redis

from tests.bench import requests, world
from tests.bench.loader import Measured
from tests.bench.rounds import Options, Rounds, one_round

FEW, MANY, VERY_MANY = 1000, 20_000, 1_000_000
FLOODS_WITH = 4
"""Connections of the one follower who floods."""


def measured(options: Options, folder: Path, *, big: bool) -> dict[str, object]:
    print("\nflat?")
    articles = [FEW, 100_000 if big else 5000]
    conversations = [FEW, VERY_MANY if big else MANY]
    return {
        "articles": [_with_articles(options, folder, count) for count in articles],
        "conversations": _with_conversations(options, folder, conversations),
        "flood": _beside_a_flood(options, folder),
        "processes": [_with_processes(options, folder, count) for count in (1, 2)],
    }


def _with_articles(options: Options, folder: Path, count: int) -> dict[str, object]:
    with world.product(_made(folder / f"articles{count}"), count) as server:
        return _told({"articles": count}, _load(server, options, 100), server)


def _with_conversations(options: Options, folder: Path, counts: list[int]) -> list[dict[str, object]]:
    """One server; more and more followers are remembered in its Redis."""
    rows = []
    with world.product(_made(folder / "conversations"), FEW) as server:
        known = 0
        for count in counts:
            each = _bytes_each(server, known, count)
            known = count
            row = {"conversations": count, "bytes each": each}
            rows.append(_told(row, _load(server, options, 200 + len(rows) * 10), server))
    return rows


def _with_processes(options: Options, folder: Path, count: int) -> dict[str, object]:
    folder = _made(folder / f"processes{count}")
    with world.product(folder, FEW, environ={"WEB_WORKERS": str(count)}) as server:
        return _told({"web processes": count}, _load(server, options, 400), server)


def _bytes_each(server: world.Server, known: int, count: int) -> int:
    client = redis.Redis.from_url(server.environ["REDIS_URL"])
    before = client.info("memory")["used_memory"]
    world.talk_to(server.environ, range(known, count))
    each = round((client.info("memory")["used_memory"] - before) / (count - known))
    client.close()
    return each


def _beside_a_flood(options: Options, folder: Path) -> list[dict[str, object]]:
    """The same load on others without and with one follower who sends as fast as answers come."""
    rows = []
    with world.product(_made(folder / "flood"), FEW, environ={"FOLLOWER_BURST": "60"}) as server:
        rows.append(_told({"flood": "none"}, _load(server, options, 300), server))
        flood = _Flood(server.port, options.seconds * options.rounds)
        flood.start()
        beside = _load(server, options, 310)
        flood.join(120)
        rows.append(_told({"flood": f"{flood.rate:.0f}/s"}, beside, server))
    return rows


class _Flood(threading.Thread):
    """Everything one follower sends, over several connections at once; the loader itself is a process of its own."""

    def __init__(self, port: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self._port, self._seconds = port, seconds
        self.rate = 0.0

    def run(self) -> None:
        scripts = [requests.flood(self._port, 500 * max(1, round(self._seconds))) for _ in range(FLOODS_WITH)]
        found: Measured = world.load(self._port, scripts, FLOODS_WITH, self._seconds)
        self.rate = len(found.answers) / found.wall


def _load(server: world.Server, options: Options, seed: int) -> Rounds:
    rounds = Rounds()
    for number in range(seed, seed + options.rounds):
        one_round(
            server,
            lambda port, seed: list(requests.scripts(int(options.seconds * 250), seed, port)),
            options,
            number,
            rounds,
        )
    return rounds


def _told(row: dict[str, object], rounds: Rounds, server: world.Server) -> dict[str, object]:
    told = {**row, **rounds.facts(), "MB a process": [round(one) for one in server.memory()]}
    print(f"  {told}", flush=True)
    return told


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
