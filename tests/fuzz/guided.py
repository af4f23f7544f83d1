"""Run by `python -m tests.fuzz --atheris`: coverage shows atheris the way through the callback."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["bot.adapters.wechat", "xmltodict"]):
    from bot.adapters.wechat import callback as _callback  # noqa: F401 - importing it here is what instruments it
    from tests.fuzz.targets import _callback as callback_targets

TARGETS = callback_targets()


def one(data: bytes) -> None:
    if data:
        TARGETS[data[0] % len(TARGETS)].run(data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
