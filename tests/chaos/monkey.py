"""What goes wrong, at random: kills, freezes, an emptied Redis, a platform that fails, and new articles meanwhile."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from urllib.request import urlopen

import redis
import requests

from tests.chaos.machines import Part, World

FAULTS = ("slow", "http", "cut", "refuse", "garbage")


class Monkey:
    """One deed every `every` seconds, more or less."""

    def __init__(self, world: World, every: float, *, empties: bool = True) -> None:
        self._world, self._every = world, every
        self.stop = threading.Event()
        self.did: Counter[str] = Counter()
        kill = {
            f"kill {name}": (lambda part=part: self._kill(part)) for name, part in world.parts.items() if _mortal(name)
        }
        self._deeds: dict[str, tuple[int, Callable[[], object]]] = {name: (3, deed) for name, deed in kill.items()}
        self._deeds |= {
            "kill a child of web": (3, lambda: world.parts[random.choice(("web one", "web two"))].kill_a_child()),
            "freeze Redis": (1, lambda: self._freeze("redis")),
            "platform fails": (2, self._platform_fails),
            "publish": (3, self._publish),
        }
        if empties:
            self._deeds["empty Redis"] = (1, self._empty)

    def live(self) -> None:
        while not self.stop.wait(self._every * random.uniform(0.5, 1.5)):
            names = list(self._deeds)
            name = random.choices(names, [self._deeds[one][0] for one in names])[0]
            with contextlib.suppress(requests.RequestException, redis.RedisError):
                self._deeds[name][1]()
                self.did[name] += 1

    def _kill(self, part: Part) -> None:
        """Not the last web part that is up: with none at all there is nothing to be wrong about."""
        others = [one for one in self._world.parts.values() if one.name.startswith("web") and one is not part]
        if not part.name.startswith("web") or any(_is_up(one) for one in others):
            part.kill()

    def _freeze(self, name: str) -> None:
        part = self._world.parts[name]
        part.kill(signal.SIGSTOP)
        time.sleep(random.uniform(0.2, 3))
        part.kill(signal.SIGCONT)

    def _empty(self) -> None:
        redis.Redis.from_url(self._world.environ["REDIS_URL"], socket_timeout=2).flushall()

    def _platform_fails(self) -> None:
        fault = {"kind": random.choice(FAULTS), "path": "*", "times": random.randint(1, 4), "code": 500, "seconds": 3}
        requests.post(f"{self._world.simulator}/sim/faults", json=fault, timeout=5)

    def _publish(self) -> None:
        said = {
            "title": f"光模块招商快讯{random.randrange(10**6)}号",
            "body": "光模块产业链进展。" * 30,
            "category": "产业链",
        }
        requests.post(f"{self._world.site}/publish", data=said, timeout=5)


def _is_up(part: Part) -> bool:
    with contextlib.suppress(OSError), urlopen(part.ready, timeout=2):
        return True
    return False


def _mortal(name: str) -> bool:
    """The platform and the firm's site are not ours."""
    return name not in ("simulator", "site")
