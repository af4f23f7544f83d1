"""How fast the webhook is while it does its whole job, next to two things that do far less, in one session.

    python -m tests.bench [--articles N] [--followers N] [--rounds N] [--seconds N] [--big] [--json FILE]

Everything runs on this machine's loopback, in turn. Every answer is decrypted and checked. Prints a table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.bench import requests, world
from tests.bench.loader import Measured
from tests.bench.requests import Request

WEROBOT = "werobot==1.13.1"


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


def compare(options: Options, folder: Path, werobot: str) -> dict[str, Rounds]:
    """The three in turn, round by round, so that a busy minute of the machine hits all of them."""
    enough = int(options.seconds * 6000 / 10)
    kinds: dict[str, Callable[[int, int], list[list[Request]]]] = {
        "bot": lambda port, seed: list(requests.scripts(enough // 3, seed, port)),
        "WeRoBot hello": lambda port, _: list(requests.plain_hello(enough, port)),
        "wechatpy echo": lambda port, _: list(requests.safe_echo(enough, port)),
    }
    found = {name: Rounds() for name in kinds}
    folders = {name: _made(folder / name.replace(" ", "_")) for name in kinds}
    with (
        world.product(folders["bot"], options.articles, options.followers) as bot,
        world.baseline("werobot_hello", folders["WeRoBot hello"], werobot) as hello,
        world.baseline("wechatpy_echo", folders["wechatpy echo"]) as echo,
    ):
        servers = {"bot": bot, "WeRoBot hello": hello, "wechatpy echo": echo}
        for name, server in servers.items():
            warm = Options(options.articles, 0, 1, 1.0, options.connections)
            one_round(server, kinds[name], warm, 9000, Rounds())
        for number in range(options.rounds):
            for name, server in servers.items():
                one_round(server, kinds[name], options, number, found[name])
                print(
                    f"  round {number + 1} {name:14} {found[name].rates[-1]:7.0f}/s  p99 {found[name].p99s[-1]:6.1f} ms"
                    f"  CPU {found[name].cpus[-1]:5.0f} us a request",
                    flush=True,
                )
        memory = {name: [round(one) for one in server.memory()] for name, server in servers.items()}
        print(f"  memory of each process, MB: {memory}")
        print(f"  start to ready: {bot.seconds_to_start:.1f} s")
    return found


def flatness(options: Options, folder: Path, sizes: list[tuple[int, int]]) -> list[dict[str, object]]:
    """The same load on few and on many articles and conversations."""
    rows = []
    for count, conversations in sizes:
        place = _made(folder / f"flat_{count}_{conversations}")
        with world.product(place, count, 0) as server:
            kept = _memory_of(server, conversations)
            rounds = Rounds()
            for seed in range(100, 100 + options.rounds):
                one_round(
                    server,
                    lambda port, seed: list(requests.scripts(int(options.seconds * 250), seed, port)),
                    options,
                    seed,
                    rounds,
                )
            row = {"articles": count, "conversations": conversations, **rounds.facts(), "bytes a conversation": kept}
            rows.append(row)
            print(f"  {row}", flush=True)
    return rows


def _memory_of(server: world.Server, conversations: int) -> int:
    from bot import wiring
    from config.settings import read

    made = wiring.base(read(server.environ))
    client = redis.Redis.from_url(server.environ["REDIS_URL"])
    before = client.info("memory")["used_memory"]
    world.talk(made, conversations)
    return round((client.info("memory")["used_memory"] - before) / max(1, conversations))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _werobot(folder: Path) -> str:
    """Installed beside, for it is nothing the product needs."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--target",
        str(folder),
        WEROBOT,
    ]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return str(folder)


def _table(found: dict[str, Rounds]) -> None:
    bot = found["bot"]
    heads = f"{'req/s':>7} {'CPU us':>7} {'p50 ms':>7} {'p99 ms':>7} {'worst':>7} {'checked':>8} {'wrong':>6}"
    print(f"\n  {'':14} {heads}   bot is")
    for name, rounds in found.items():
        facts = rounds.facts()
        ratios = [ours / theirs for ours, theirs in zip(bot.rates, rounds.rates, strict=True)]
        figures = f"{rounds.rate:7.0f} {facts['CPU us a request']:>7} {facts['p50 ms']:>7} {facts['p99 ms']:>7} {facts['slowest ms']:>7} {rounds.answers:8} {rounds.wrong.total():6}"
        print(f"  {name:14} {figures}   {statistics.median(ratios):.2f} x")
        if rounds.wrong:
            print(f"      {dict(rounds.wrong)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument("--followers", type=int, default=10_000, help="conversations in Redis")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--big", action="store_true", help="flatness up to 100 000 articles and 100 000 conversations")
    parser.add_argument("--no-flat", action="store_true")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    options = Options(chosen.articles, chosen.followers, chosen.rounds, chosen.seconds, chosen.connections)
    print(
        f"{options.articles} articles, {options.followers} followers, {options.connections} at once; {world.WORKERS} processes each"
    )
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        found = compare(options, folder, _werobot(folder / "werobot"))
        _table(found)
        sizes = [(1000, 1000), (100_000, 100_000)] if chosen.big else [(1000, 1000), (5000, 50_000)]
        print("\nflat?")
        flat = [] if chosen.no_flat else flatness(options, folder, sizes)
    if chosen.json:
        facts = {"compare": {name: rounds.facts() for name, rounds in found.items()}, "flat": flat}
        chosen.json.write_text(json.dumps(facts, ensure_ascii=False, indent=1))
    return int(any(rounds.wrong for rounds in found.values()))


if __name__ == "__main__":
    sys.exit(main())
