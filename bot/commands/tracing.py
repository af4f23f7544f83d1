"""The number of the request that is being worked on, so that all its log lines can be found together."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
request_id: ContextVar[str] = ContextVar("request_id", default="")


def begin(given: str = "") -> str:
    """The number that a proxy in front of us gave, or a new one."""
    number = given if _ACCEPTED.fullmatch(given) else secrets.token_hex(8)
    request_id.set(number)
    return number


def end() -> None:
    request_id.set("")
