"""Annotated messages for measuring: made from a grammar of our own, and written by others who had not seen the reader.

sets() are scored by `make eval`. authors/*.jsonl were written by three people apart; `python -m tests.eval.corpus N SEED`
writes N messages of the generator as JSON lines. Held-out ones use words and turns the open ones never use.
"""

from __future__ import annotations

from pathlib import Path

from tests.eval.corpus.messages import generated
from tests.eval.scoring import Row, rows_of

AUTHORS = Path(__file__).parent / "authors"


def sets() -> dict[str, list[Row]]:
    written = {f"written by others, {path.stem}": rows_of(path) for path in sorted(AUTHORS.glob("*.jsonl"))}
    return written | {
        "generated, open": list(generated(3000, 1)),
        "generated, held out": list(generated(2000, 2, held_out=True)),
    }


def sample() -> list[Row]:
    """For measuring what a message costs."""
    return list(generated(2000, 3))
