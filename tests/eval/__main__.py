"""`python -m tests.eval [name…]` (make eval): every figure the product promises, one table after another."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable

from tests.eval import duplicates, prospects, search, understanding, walk


def _prospects() -> Iterable[str]:
    return prospects.play(300, walk.real_reader()).lines()


def _walk() -> Iterable[str]:
    began = time.monotonic()
    seen = walk.walk(100_000, understand=walk.real_reader())
    return [walk.report(seen, time.monotonic() - began)]


REPORTS: dict[str, Callable[[], Iterable[str]]] = {
    "understanding": understanding.report,
    "search": search.report,
    "duplicates": duplicates.report,
    "prospects": _prospects,
    "walk": _walk,
}


def main(names: list[str]) -> int:
    for name in names or REPORTS:
        print(f"== {name}", flush=True)
        for line in REPORTS[name]():
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
