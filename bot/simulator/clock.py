"""The platform's clock, which a test can move: windows, token lives and quota days follow it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

# China has had no summer time since 1991, so a fixed offset needs no time zone data on the machine.
SHANGHAI = timezone(timedelta(hours=8))


class Clock:
    """The real time plus an offset. Signatures of callbacks stay on the real time: the bot's own clock is not moved."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def stamp(self) -> int:
        return int(self.now().timestamp())

    def real_stamp(self) -> int:
        return int(datetime.now(UTC).timestamp())

    def move(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)

    def reset(self) -> None:
        self.offset = timedelta()

    def set(self, moment: datetime) -> None:
        self.offset = moment - datetime.now(UTC)

    def day(self) -> str:
        """The quota day, which turns at midnight in Shanghai."""
        return self.now().astimezone(SHANGHAI).strftime("%Y-%m-%d")

    def month(self) -> str:
        return self.now().astimezone(SHANGHAI).strftime("%Y-%m")
