"""What can go wrong when staff are told something, split by what to do next.

NotTold
├── Later          nothing wrong with us: try again, after `wait` where the channel says so
├── Misconfigured  address, key or signature are wrong: tell an operator at once on another channel
└── Refused        this very message will never be taken
"""

from __future__ import annotations

from datetime import timedelta


class NotTold(Exception):
    """The text says what the channel answered; never an address or a key, which are secrets."""

    wait = timedelta(0)


class Later(NotTold):
    def __init__(self, message: str, wait: timedelta = timedelta(0)) -> None:
        super().__init__(message)
        self.wait = wait


class Misconfigured(NotTold):
    pass


class Refused(NotTold):
    pass
