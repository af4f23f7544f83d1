"""Simulated prospects reach the end with no question too many, whichever reader is behind the dialogue."""

from __future__ import annotations

import importlib.util
import statistics

import pytest

from tests.eval.prospects import Tally, play, quantile
from tests.eval.walk import real_reader, report, walk
from tests.intake import plain_reader

needs_reader = pytest.mark.skipif(
    importlib.util.find_spec("bot.understanding.reader") is None, reason="the reader is not built yet"
)


def check(tally: Tally, right: float) -> None:
    extra = sorted(one.too_many for one in tally.played)
    lines = "\n".join(tally.lines())
    assert statistics.median(extra) <= 0, lines
    assert quantile(extra, 0.9) <= 1, lines
    assert sum(len(one.again) for one in tally.played) == 0, lines
    assert sum(one.done and not one.wrong for one in tally.played) >= right * len(tally.played), lines


def test_prospects_who_speak_plainly_are_asked_only_what_is_missing() -> None:
    check(play(120, plain_reader.read, seed=3), right=0.95)


@needs_reader
def test_prospects_who_speak_as_people_do_are_asked_only_what_is_missing() -> None:
    check(play(120, real_reader(), seed=3), right=0.9)


@needs_reader
def test_a_random_walk_with_the_real_reader_finds_nothing_wrong() -> None:
    seen = walk(3000, seed=5, understand=real_reader())
    assert not seen.wrong, report(seen, 0)
