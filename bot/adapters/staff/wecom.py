"""The group robot of WeCom."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.adapters.staff.errors import Later, Misconfigured, Refused
from bot.adapters.staff.robot import check, cut, post

LIMIT = 2048
"""Bytes of a text message."""

CODES = {
    -1: Later,  # busy
    45009: Later,  # more than 20 messages a minute
    45033: Later,  # too many at once
    93000: Misconfigured,  # the key is unknown
    93004: Misconfigured,  # the robot was switched off
    93008: Misconfigured,  # the robot is not in the group
    40008: Refused,  # kind of message
    40058: Refused,  # too long, or something missing
    44004: Refused,  # empty
    45002: Refused,  # too long
    93017: Refused,  # content
}


@dataclass(frozen=True, slots=True)
class WeCom:
    url: str = field(repr=False)
    name: str = "wecom"

    def send(self, text: str) -> None:
        answer = post(self.url, {"msgtype": "text", "text": {"content": cut(text, LIMIT)}})
        check(answer.get("errcode"), answer.get("errmsg"), CODES)
