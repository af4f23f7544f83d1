"""The group robot of Feishu, signed where a secret is set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.staff.errors import Later, Misconfigured, Refused
from bot.adapters.staff.robot import check, cut, post, signature

LIMIT = 15_000
"""Bytes; the whole body may have 20 KB."""

CODES = {
    11232: Later,  # too many messages
    11233: Later,  # too many requests
    19001: Misconfigured,  # the address is not valid
    19002: Misconfigured,
    19021: Misconfigured,  # signature or time
    19022: Misconfigured,  # address list
    19024: Misconfigured,  # keyword
    9499: Refused,  # the body
    11246: Refused,  # content
    230025: Refused,  # too long
}


@dataclass(frozen=True, slots=True)
class Feishu:
    url: str = field(repr=False)
    secret: str = field(repr=False, default="")
    now: Callable[[], float] = time.time
    name: str = "feishu"

    def send(self, text: str) -> None:
        body = {**self._signed(), "msg_type": "text", "content": {"text": cut(text, LIMIT)}}
        answer = post(self.url, body)
        check(answer.get("code", answer.get("StatusCode")), answer.get("msg"), CODES)

    def _signed(self) -> dict[str, Any]:
        if not self.secret:
            return {}
        stamp = str(int(self.now()))
        return {"timestamp": stamp, "sign": signature(f"{stamp}\n{self.secret}", "")}
