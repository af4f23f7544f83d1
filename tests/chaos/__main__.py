"""Kill, freeze, empty, fill, set clocks wrong and break while the bot works; count at the end what must be zero.

    python -m tests.chaos [--seconds N] [--every S] [--people N] [--database sqlite|postgresql] [--controls] [--rolling]

--controls: two runs with a promise broken on purpose, which must be noticed. --rolling: no kills; both machines are
restarted one after the other, again and again, under load, and nobody may notice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import sys
import threading
import time
from collections.abc import Callable

import requests

from tests.chaos import machines, verdict
from tests.chaos.monkey import Monkey
from tests.chaos.people import Crowd
from tests.chaos.platform import Platform


def run(
    seconds: float, every: float, people: int, database: str, broken: str = "", rolling: bool = False
) -> verdict.Verdict:
    with machines.running(database, broken) as world:
        crowd = Crowd(Platform(world.webs, machines.AES_KEY, faults=0.0 if rolling else 0.05))
        # Leads of an hour in a minute: the limit of a real group robot would only make the end wait.
        requests.post(f"{world.simulator}/sim/robots", json={"a_minute": 100_000}, timeout=10)
        subscribers = _subscribers(world, crowd)
        monkey = Monkey(world, every)
        if broken:
            _only(monkey, "kill web one", "kill web two", "kill a child of web")
        work: Callable[[], None] = (lambda: _roll(world, monkey)) if rolling else monkey.live
        threads = [threading.Thread(target=crowd.live, daemon=True) for _ in range(people)]
        keen = threading.Thread(target=_keep_writing, args=(world, subscribers, crowd.stop), daemon=True)
        for thread in [*threads, keen, trouble := threading.Thread(target=work, daemon=True)]:
            thread.start()
        time.sleep(seconds)
        monkey.stop.set()
        trouble.join(30)
        time.sleep(2)
        crowd.stop.set()
        for thread in threads:
            thread.join(60)
        world.wait_until_ready()
        requests.delete(f"{world.simulator}/sim/faults", timeout=10)
        verdict.settle(world, 90)
        found = verdict.judge(world, crowd)
        found.figures |= {
            "reordered": crowd.reordered,
            "deeds": dict(monkey.did),
            "all kills": sum(world.kills.values()),
        }
        found.figures |= {"not played with": _lacking(world)}
        return found


def _subscribers(world: machines.World, crowd: Crowd) -> list[str]:
    """Some who want every new article."""
    openids = [f"oSubscriber{number:017d}" for number in range(12)]
    for openid in openids:
        requests.post(f"{world.simulator}/sim/followers", json={"openid": openid, "following": True}, timeout=10)
        requests.post(f"{world.simulator}/sim/followers/{openid}/send", json={"text": "你好"}, timeout=30)
        crowd.platform.say(openid, "订阅光模块")
    return openids


def _keep_writing(world: machines.World, openids: list[str], stop: threading.Event) -> None:
    """A message now and then: the platform lets news through only to whom the windows are open."""
    while not stop.wait(6):
        said = {"text": "联系方式"}
        with contextlib.suppress(requests.RequestException):
            requests.post(f"{world.simulator}/sim/followers/{random.choice(openids)}/send", json=said, timeout=30)


def _lacking(world: machines.World) -> list[str]:
    lacks = [] if world.disks else ["disks: mounting one takes root"]
    return lacks + ([] if world.clocks else ["clocks: there is no C compiler"])


def _only(monkey: Monkey, *names: str) -> None:
    monkey._deeds = {name: deed for name, deed in monkey._deeds.items() if name in names}


def _roll(world: machines.World, monkey: Monkey) -> None:
    """One machine after the other: told to stop, started by the supervisor, and the next only when it is ready."""
    stop = monkey.stop
    while not stop.is_set():
        monkey._publish()
        for name in ("web one", "web two", "worker", "clock"):
            part = world.parts[name]
            if stop.is_set() or part.process is None:
                return
            before = part.process
            part.process.send_signal(signal.SIGTERM)
            before.wait(60)
            part.kills += 1
            while part.process is before and not stop.is_set():
                time.sleep(0.1)
            world.wait_until_ready()


def shown(name: str, found: verdict.Verdict) -> None:
    print(f"\n{name}")
    for what, count in found.zeros.items():
        print(f"  {what:38} {count}")
    print("  " + json.dumps(found.figures, ensure_ascii=False))
    for example in found.examples:
        print(f"    {example}")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two misfortunes")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--controls", action="store_true")
    parser.add_argument("--rolling", action="store_true")
    chosen = parser.parse_args()
    found = run(chosen.seconds, chosen.every, chosen.people, chosen.database, rolling=chosen.rolling)
    shown("rolling restarts" if chosen.rolling else "chaos", found)
    good = found.is_good and not (chosen.rolling and found.figures["given up by the platform"])
    if chosen.controls:
        for broken, must in (("dedupe", "replies that differ between repeats"), ("late-commit", "leads lost")):
            control = run(min(max(chosen.seconds, 40), 60), 1.5, chosen.people, chosen.database, broken)
            shown(f"control: {broken} (must show: {must})", control)
            good = good and control.zeros[must] > 0
    print("\nall zero, and the controls were noticed" if good else "\nNOT GOOD")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
