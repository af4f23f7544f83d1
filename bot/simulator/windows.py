"""How many customer-service messages a follower may still be sent, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from bot.simulator.errors import Fail

HOURS_48 = 48 * 3600
MINUTE = 60
# trigger: (messages, seconds)
TRIGGERS = {"message": (5, HOURS_48), "menu": (3, MINUTE), "follow": (3, MINUTE), "scan": (3, MINUTE)}
EVENT_TRIGGERS = {
    "CLICK": "menu",
    "scancode_push": "menu",
    "scancode_waitmsg": "menu",
    "subscribe": "follow",
    "SCAN": "scan",
}


@dataclass(slots=True)
class Bucket:
    left: int
    until: float


class Windows:
    """One bucket for each trigger; a new trigger of the same kind fills its bucket again."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def open(self, trigger: str, now: float) -> None:
        count, seconds = TRIGGERS[trigger]
        self._buckets[trigger] = Bucket(count, now + seconds)

    def take(self, now: float, closed_code: int = 45015) -> None:
        """Uses up one message of the bucket that ends first, or refuses as the platform would."""
        alive = [bucket for bucket in self._buckets.values() if bucket.until > now]
        if not alive:
            raise Fail(closed_code)
        usable = [bucket for bucket in alive if bucket.left > 0]
        if not usable:
            raise Fail(45047)
        min(usable, key=lambda bucket: bucket.until).left -= 1

    def close(self) -> None:
        self._buckets.clear()

    def as_json(self, now: float) -> dict[str, dict[str, float]]:
        alive = {name: bucket for name, bucket in self._buckets.items() if bucket.until > now}
        return {name: {"left": bucket.left, "seconds": round(bucket.until - now)} for name, bucket in alive.items()}
