"""A tiny chaos: two machines, a few kills, nothing lost. The long one is `make chaos`."""

from __future__ import annotations

from tests.chaos.__main__ import run


def test_a_few_kills_lose_nothing() -> None:
    found = run(seconds=14, every=3.0, people=2, database="sqlite")
    assert found.is_good, (found.zeros, found.examples, found.figures)
    assert found.figures["answered"] > 0
