"""`python -m bot quota`: what is used of the platform's daily quotas, and setting them back (ten times a month)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol, TextIO

from bot.adapters.wechat.errors import PlatformError

HELD = ("service", "template", "notice")


class Account(Protocol):
    @property
    def platform(self) -> Any: ...
    @property
    def ledger(self) -> Any: ...
    def usage(self, now: datetime) -> Any: ...


def show(account: Account, now: datetime, out: TextIO) -> int:
    for line in account.usage(now):
        left = "" if line.left is None else f", {line.left} left"
        out.write(f"{line.name:<28}{line.used} used{left}\n")
    for name in HELD:
        if account.ledger.is_held(name):
            out.write(f"{name} rests until somebody puts right what the platform complained of, or the day turns\n")
    return 0


def clear(account: Account, now: datetime, out: TextIO) -> int:
    """Returns 1 where the platform refuses: 48006, all ten of the month are used."""
    try:
        account.platform.clear_quota()
    except PlatformError as error:
        out.write(f"the platform did not set the quotas back: {error}\n")
        return 1
    account.ledger.cleared(now)
    account.ledger.let_go(*HELD)
    out.write("all daily counts are back to zero, and pushing goes on\n")
    return 0
