"""How fast the webhook is while it does its whole job, next to two things that do far less, in one session.

    python -m tests.bench [--articles N] [--followers N] [--rounds N] [--seconds N] [--big] [--json FILE]

Everything runs on this machine's loopback, in turn. Every answer is decrypted and checked. Prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import flat, requests, world
from tests.bench.requests import Request
from tests.bench.rounds import Options, Rounds, one_round

WEROBOT = "werobot==1.13.1"


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
    parser.add_argument("--big", action="store_true", help="flatness to 100 000 articles and 1 000 000 conversations")
    parser.add_argument("--no-flat", action="store_true")
    parser.add_argument("--only-flat", action="store_true")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    options = Options(chosen.articles, chosen.followers, chosen.rounds, chosen.seconds, chosen.connections)
    print(
        f"{options.articles} articles, {options.followers} followers, {options.connections} at once; {world.WORKERS} processes each"
    )
    found: dict[str, Rounds] = {}
    told: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        if not chosen.only_flat:
            found = compare(options, folder, _werobot(folder / "werobot"))
            _table(found)
        if not chosen.no_flat:
            told = flat.measured(options, folder, big=chosen.big)
    print(f"  load of the machine at the end: {os.getloadavg()[0]:.1f}")
    if chosen.json:
        facts = {"compare": {name: rounds.facts() for name, rounds in found.items()}, **told}
        chosen.json.write_text(json.dumps(facts, ensure_ascii=False, indent=1))
    return int(any(rounds.wrong for rounds in found.values()))


if __name__ == "__main__":
    sys.exit(main())
