"""How well messages are understood: tables by set of messages, and what a message costs.

`python -m tests.eval.understanding` prints the tables. With files of annotated messages as arguments it scores these,
and `--errors [slot]` lists every difference in them. `--only even|odd` keeps the rows whose id ends so.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.eval.scoring import FIELDS, Row, Score, rows_of, score

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "config" / "understanding"
EXAMPLES = ROOT.parent / "shared" / "intake" / "dev.jsonl"
"""The 68 examples of the annotation scheme, where they lie beside the checkout."""


def understood(rows: list[Row]) -> dict[Any, dict[str, Any]]:
    read = _reader()
    return {row["id"]: read(row["text"], row.get("asked")).slots() for row in rows}


def _reader() -> Any:
    from bot.understanding.lexicon import Lexicon
    from bot.understanding.reader import Reader

    return Reader(Lexicon.from_folder(WORDS))


def table(name: str, result: Score) -> Iterator[str]:
    yield f"{name}: {result.messages} messages"
    for slot in FIELDS:
        count = result.counts[slot]
        if count.right or count.extra or count.missed:
            yield (
                f"  {slot:10s} right {count.right:4d} extra {count.extra:3d} missed {count.missed:3d}"
                f"  P {count.precision:.3f} R {count.recall:.3f} F1 {count.f1:.3f}"
            )
    yield headline(result)


def headline(result: Score) -> str:
    total = result.total
    return (
        f"  micro P {total.precision:.3f} R {total.recall:.3f} F1 {total.f1:.3f}, wrong key value in "
        f"{result.wrong_key_share:.1%} of messages, commands F1 {result.counts['cmd'].f1:.3f}, "
        f"mobile precision {result.counts['mobile'].precision:.3f}"
    )


def errors(result: Score, only: str) -> Iterator[str]:
    for miss in sorted(result.misses, key=lambda miss: FIELDS.index(miss.field)):
        if only in ("", miss.field):
            asked = f" [{miss.row['asked']}]" if miss.row.get("asked") else ""
            meant = "" if miss.kind == "extra" else f" meant {json.dumps(miss.meant, ensure_ascii=False)}"
            said = json.dumps(miss.said, ensure_ascii=False)
            yield f"{miss.field} {miss.kind}: {miss.row['id']}{asked} {miss.row['text']!r} said {said}{meant}"


# --- what it costs ----------------------------------------------------------------------------------------------------

_COLD_START = """
import time
from pathlib import Path
def memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
before = memory()
began = time.process_time()
from bot.understanding.lexicon import Lexicon
from bot.understanding.reader import Reader
read = Reader(Lexicon.from_folder(Path({words!r})))
loaded = time.process_time() - began
read("昆山 3000平 厂房 13800001234")
first = time.process_time() - began - loaded
print(loaded * 1e3, first * 1e3, memory() - before)
"""


def cold_start() -> tuple[float, float, float]:
    """Milliseconds of processor time to import and build, and for the first message; the memory all of it takes in MB."""
    command = [sys.executable, "-c", _COLD_START.format(words=str(WORDS))]
    runs = [subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout for _ in range(3)]
    load, first, memory = (min(column) for column in zip(*(map(float, run.split()) for run in runs), strict=True))
    return load, first, memory


def times(rows: list[Row]) -> list[float]:
    """Milliseconds of each message, in order of size."""
    read = _reader()
    taken = []
    for row in rows:
        began = time.perf_counter()
        read(row["text"], row.get("asked"))
        taken.append((time.perf_counter() - began) * 1e3)
    return sorted(taken)


def cost(rows: list[Row]) -> Iterator[str]:
    load, first, memory = cold_start()
    taken = times(rows)
    yield (
        f"a message: p50 {statistics.median(taken):.2f} ms, p99 {taken[int(len(taken) * 0.99)]:.2f} ms; "
        f"import and build {load:.0f} ms of processor time, first message {first:.0f} ms, memory {memory:.0f} MB"
    )


# --- the report -------------------------------------------------------------------------------------------------------


def report() -> Iterator[str]:
    from tests.eval import corpus

    if EXAMPLES.exists():
        rows = rows_of(EXAMPLES)
        yield from table("examples of the scheme (seen)", score(rows, understood(rows)))
    for name, rows in corpus.sets().items():
        yield from table(name, score(rows, understood(rows)))
    yield from cost(corpus.sample())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.eval.understanding")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--errors", nargs="?", const="", default=None, metavar="SLOT")
    parser.add_argument("--only", choices=("even", "odd"))
    chosen = parser.parse_args(arguments)
    for path in chosen.files:
        rows = [row for row in rows_of(path) if _kept(row, chosen.only)]
        result = score(rows, understood(rows))
        if chosen.errors is not None:
            print(*errors(result, chosen.errors), sep="\n")
        print(*table(path.name, result), sep="\n")
    if not chosen.files:
        print(*report(), sep="\n")
    return 0


def _kept(row: Row, only: str | None) -> bool:
    number = int("".join(char for char in str(row["id"]) if char.isdigit()) or 0)
    return only is None or (number % 2 == 0) == (only == "even")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
