"""The platform's refusals: a code, and the English errmsg that goes with it."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from bot.simulator.shapes import Json


class Fail(Exception):
    """An API call is answered with this code. `extra` are further fields of the answer."""

    def __init__(self, code: int, message: str = "", **extra: object) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message or name_of(code)
        self.extra = extra

    def answer(self, rid: str, comma: bool = False) -> Json:
        """As JSON. The sns calls put a comma before the request id, the others a space."""
        return {"errcode": self.code, "errmsg": f"{self.message}{',' if comma else ''} rid: {rid}", **self.extra}


class Cut(Exception):
    """The connection is closed without an answer."""


@functools.cache
def names() -> dict[int, str]:
    text = (Path(__file__).parent / "errcodes.json").read_text(encoding="utf-8")
    return {int(code): name for code, name in json.loads(text).items()}


def name_of(code: int) -> str:
    return names().get(code, "error")
