"""What a flood of one follower costs the others: their answering times without it, with it, and with as many messages of
many followers instead, who all are answered.

    python -m tests.bench.flood [--rate N] [--seconds N] [--rounds N]

Others write at a steady rate, whatever happens; times count from the moment a message should have been sent, so that
waiting in line counts, too. The flood comes from a process of its own.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import requests, world
from tests.bench.articles import question

OTHERS_A_SECOND = 12
HANDS = 24
"""Connections of a sender."""


@dataclass
class Heard:
    """seconds: from when each message should have gone to its answer. said: what the answers were."""

    seconds: list[float] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def quantile(self, part: float) -> float:
        """Milliseconds."""
        times = sorted(self.seconds)
        return times[min(len(times) - 1, int(len(times) * part))] * 1000


def sent(port: int, rate: float, seconds: float, followers: int, prefix: str) -> Heard:
    """`rate` messages a second of so many followers in turn, over HANDS connections."""
    heard, numbers, began = Heard(), itertools.count(), time.perf_counter() + 0.2
    threads = [threading.Thread(target=_hand, args=(port, rate, seconds, followers, prefix, numbers, began, heard))
               for _ in range(HANDS)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 60)
    return heard


def _hand(
    port: int, rate: float, seconds: float, followers: int, prefix: str, numbers: itertools.count[int], began: float,
    heard: Heard,
) -> None:  # fmt: skip
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while True:
        with heard.guard:
            number = next(numbers)
        due = began + number / rate
        if due > began + seconds:
            return
        wire = requests._text(
            f"o{prefix}{number % followers:020d}", _words(number), 10**16 + time.time_ns() % 10**15, port
        )
        time.sleep(max(0.0, due - time.perf_counter()))
        kind = _asked(line, wire)
        with heard.guard:
            heard.seconds.append(time.perf_counter() - due)
            heard.said[kind] += 1


def _words(number: int) -> str:
    return question(random.Random(number), in_a_form=False)


def _asked(line: http.client.HTTPConnection, wire: bytes) -> str:
    head, _, body = wire.partition(b"\r\n\r\n")
    path = head.split(b" ", 2)[1].decode()
    try:
        line.request("POST", path, body, {"Content-Type": "text/xml"})
        answer = line.getresponse()
        said = answer.read()
    except OSError:
        line.close()
        return "no answer"
    if answer.status != 200:
        return f"status {answer.status}"
    return "silence" if said in (b"", b"success") else "an answer"


def measured(port: int, rate: float, seconds: float, flooding: int, mark: str) -> tuple[Heard, str]:
    """The others' answers while `flooding` followers (0 = nobody) send `rate` a second; and what those heard."""
    flood = None
    if flooding:
        command = [sys.executable, "-W", "ignore", "-m", "tests.bench.flood", "--send", str(port), "--rate", str(rate),
                   "--seconds", str(seconds + 2), "--followers", str(flooding), "--mark", mark]  # fmt: skip
        flood = subprocess.Popen(command, cwd=world.ROOT, stdout=subprocess.PIPE, text=True)
        time.sleep(2)
    heard = sent(port, OTHERS_A_SECOND, seconds, 60, f"Others{mark}")
    return heard, flood.communicate(timeout=120)[0].strip() if flood else ""


def table(rate: float, seconds: float, rounds: int) -> None:
    kinds = {"nobody floods": 0, "one follower floods": 1, "a crowd of 500": 500}
    found: dict[str, list[Heard]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory(prefix="flood") as name, world.environment(Path(name)) as environ:
        environ |= {"FOLLOWER_BURST": "60"}
        made, port = world.prepared(environ, 1000, 0), int(environ["PORT"])
        with world.started([sys.executable, "-W", "ignore", "-m", "bot", "web"], port, environ, "/readyz"):
            sent(port, OTHERS_A_SECOND, 3, 60, "Warm")
            for at, (kind, flooding) in itertools.product(range(rounds), kinds.items()):
                heard, flood = measured(port, rate, seconds, flooding, f"{at}{flooding}")
                found[kind].append(heard)
                print(f"{kind:22} p50 {heard.quantile(0.5):7.1f}  p99 {heard.quantile(0.99):7.1f} ms  "
                      f"{dict(heard.said)}  the flood: {flood or '-'}", flush=True)  # fmt: skip
        made.redis.close()
    _shown(found)


def _shown(found: dict[str, list[Heard]]) -> None:
    medians = {
        kind: [statistics.median(heard.quantile(part) for heard in all_heard) for part in (0.5, 0.99)]
        for kind, all_heard in found.items()
    }
    calm = medians["nobody floods"]
    print(f"\nload {os.getloadavg()[0]:.1f}")
    for kind, (p50, p99) in medians.items():
        print(f"{kind:22} p50 {p50:7.1f} ms ({p50 / calm[0]:.2f} x)  p99 {p99:7.1f} ms ({p99 / calm[1]:.2f} x)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.flood", description=__doc__)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--send", type=int, default=0, help="(used by itself: only send, to this port)")
    parser.add_argument("--followers", type=int, default=1)
    parser.add_argument("--mark", default="")
    chosen = parser.parse_args()
    requests._nonces = itertools.count(secrets.randbelow(10**9) * 10**6)  # those of the other process count as replayed
    if chosen.send:
        heard = sent(chosen.send, chosen.rate, chosen.seconds, chosen.followers, f"Flood{chosen.mark}")
        print(f"{len(heard.seconds)} sent, {dict(heard.said)}")
    else:
        table(chosen.rate, chosen.seconds, chosen.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
