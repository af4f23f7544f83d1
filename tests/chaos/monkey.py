"""What goes wrong, at random: kills, freezes, an emptied Redis, full disks, wrong clocks, a platform that fails, and new
articles meanwhile."""

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


OLD_ENOUGH = {"redis": 0.5, "postgres": 1.0}
"""Seconds a process has lived at least before it is killed (others 2): what has not begun cannot leave anything half done."""

SMALL_JUMPS, LARGE_JUMPS = (20, 280), (3_600, 3 * 86_400)
"""Seconds. Within the callback's window of 5 minutes nothing may be noticed; beyond it a machine refuses messages."""

STORIES = (
    "耦合对准",
    "老化测试",
    "硅光封装",
    "洁净厂房",
    "防震地坪",
    "高速眼图",
    "算力机房",
    "薄膜铌酸锂",
    "扩产选址",
    "设备交期",
    "供电扩容",
    "人才公寓",
)


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
            "kill a child of web": (3, self._kill_a_child),
            "freeze Redis": (1, lambda: self._freeze("redis")),
            "platform fails": (2, self._platform_fails),
            "publish": (2, self._publish),
        }
        if empties:
            self._deeds["empty Redis"] = (1, self._empty)
        self._deeds |= {f"disk full: {name}": (1, self._later(self._fill, name)) for name in world.disks}
        self._deeds |= {f"clock of {name}": (1, self._later(self._set_clock, name)) for name in world.clocks}

    def live(self) -> None:
        while not self.stop.wait(self._every * random.uniform(0.5, 1.5)):
            names = list(self._deeds)
            name = random.choices(names, [self._deeds[one][0] for one in names])[0]
            with contextlib.suppress(requests.RequestException, redis.RedisError):
                if self._deeds[name][1]() is not False:
                    self.did[name] += 1

    def _kill(self, part: Part) -> bool:
        """Not the last web part that is up: with none at all there is nothing to be wrong about."""
        others = [one for one in self._world.parts.values() if one.name.startswith("web") and one is not part]
        if not _is_old_enough(part) or (part.name.startswith("web") and not any(_is_up(one) for one in others)):
            return False
        part.kill()
        return True

    def _kill_a_child(self) -> bool:
        part = self._world.parts[random.choice(("web one", "web two"))]
        if _is_old_enough(part):
            part.kill_a_child()
        return _is_old_enough(part)

    def _freeze(self, name: str) -> None:
        part = self._world.parts[name]
        part.kill(signal.SIGSTOP)
        time.sleep(random.uniform(0.2, 3))
        part.kill(signal.SIGCONT)

    def _empty(self) -> None:
        redis.Redis.from_url(self._world.environ["REDIS_URL"], socket_timeout=2).flushall()

    def _later(self, deed: Callable[[str], None], name: str) -> Callable[[], object]:
        """In a thread of its own, so that kills go on meanwhile."""
        return lambda: threading.Thread(target=deed, args=(name,), daemon=True).start()

    def _fill(self, name: str) -> None:
        self._world.disks[name].fill()
        self.stop.wait(random.uniform(1, 6))
        self._world.disks[name].free()

    def _set_clock(self, name: str) -> None:
        wrong = random.randint(*random.choices((SMALL_JUMPS, LARGE_JUMPS), (3, 1))[0])
        self._world.clocks[name].set(random.choice((wrong, -wrong)))
        self.stop.wait(random.uniform(3, 12))
        self._world.clocks[name].set(0)

    def _platform_fails(self) -> None:
        fault = {"kind": random.choice(FAULTS), "path": "*", "times": random.randint(1, 4), "code": 500, "seconds": 3}
        requests.post(f"{self._world.simulator}/sim/faults", json=fault, timeout=5)

    def _publish(self) -> None:
        """Two that are much alike would count as one story."""
        number = random.randrange(10**9)
        told = random.sample(STORIES, 4)
        body = "".join(
            f"光模块的{one}在第{number + at}号园区有了进展，{one}的{chr(0x4E00 + number // 7 % 5000 + at * 97)}{chr(0x5000 + number % 6000)}一线最先受益。"
            for at, one in enumerate(told * 2)
        )
        said = {"title": f"光模块{told[0]}观察{number}号", "body": body, "category": "产业链"}
        requests.post(f"{self._world.site}/publish", data=said, timeout=5)


def _is_old_enough(part: Part) -> bool:
    return part.process is not None and time.monotonic() - part.began > OLD_ENOUGH.get(part.name, 2.0)


def _is_up(part: Part) -> bool:
    with contextlib.suppress(OSError), urlopen(part.ready, timeout=2):
        return True
    return False


def _mortal(name: str) -> bool:
    """The platform and the firm's site are not ours."""
    return name not in ("simulator", "site")
