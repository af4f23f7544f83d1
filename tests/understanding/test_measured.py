"""The figures the reader must not fall below; `make eval` prints the whole tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.understanding.reader import Reader
from tests.eval.corpus import sets
from tests.eval.scoring import Row, Score, rows_of, score
from tests.eval.understanding import EXAMPLES


def scored(reader: Reader, rows: list[Row]) -> Score:
    return score(rows, {row["id"]: reader(row["text"], row.get("asked")).slots() for row in rows})


@pytest.mark.parametrize("name", sets())
def test_the_promises_hold_on_every_set(reader: Reader, name: str) -> None:
    result = scored(reader, sets()[name])
    assert result.total.f1 >= 0.93
    assert result.wrong_key_share <= 0.05
    assert result.counts["cmd"].f1 >= 0.9
    assert result.counts["mobile"].precision == 1


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples of the scheme are not beside the checkout")
def test_the_examples_of_the_scheme_are_read(reader: Reader) -> None:
    assert scored(reader, rows_of(EXAMPLES)).total.f1 >= 0.97


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the scorer of the scheme is not beside the checkout")
def test_our_scorer_counts_as_the_scheme_does(reader: Reader) -> None:
    theirs: dict[str, object] = {}
    exec(compile((EXAMPLES.parent / "score.py").read_text(encoding="utf-8"), "score.py", "exec"), theirs)
    rows = list(sets().values())[-1]
    slots = {row["id"]: reader(row["text"], row.get("asked")).slots() for row in rows}
    counts, _, wrong = theirs["score"](rows, slots)  # type: ignore[operator]
    ours = score(rows, slots)
    assert {name: [c.right, c.extra, c.missed] for name, c in ours.counts.items()} == counts
    assert ours.wrong_key_share == len(wrong) / len(rows)


def test_the_words_are_data() -> None:
    """A slot's words live in config/understanding; the readers hold character classes and single terms."""
    folder = Path(__file__).resolve().parents[2]
    assert len(list((folder / "config" / "understanding").glob("*.toml"))) >= 9
