"""The group robot of DingTalk, signed where a secret is set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.adapters.staff.errors import Later, Misconfigured, Refused
from bot.adapters.staff.robot import check, cut, post, signature

LIMIT = 15_000
"""Bytes; the whole body may have 20 000."""

CODES = {
    -1: Later,  # busy
    130101: Later,  # more than 20 messages a minute
    410100: Later,  # too fast
    310000: Misconfigured,  # keyword, signature or address list
    300001: Misconfigured,  # the token does not exist
    400013: Misconfigured,  # the group is gone
    400101: Misconfigured,  # the token does not exist
    400102: Misconfigured,  # the robot is switched off
    400106: Misconfigured,  # the robot does not exist
    40035: Refused,  # the JSON
    400105: Refused,  # kind of message
    430101: Refused,  # unsafe link
    430102: Refused,  # unfit text
    430104: Refused,  # unfit content
}


@dataclass(frozen=True, slots=True)
class DingTalk:
    url: str = field(repr=False)
    secret: str = field(repr=False, default="")
    now: Callable[[], float] = time.time
    name: str = "dingtalk"

    def send(self, text: str) -> None:
        body = {"msgtype": "text", "text": {"content": cut(text, LIMIT)}}
        answer = post(self.url, body, self._signed() if self.secret else None)
        check(answer.get("errcode"), answer.get("errmsg"), CODES)

    def _signed(self) -> dict[str, str]:
        stamp = str(round(self.now() * 1000))
        return {"timestamp": stamp, "sign": signature(self.secret, f"{stamp}\n{self.secret}")}
