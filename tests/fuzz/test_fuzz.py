"""A few hundred harmful inputs for each target; the million is `make fuzz`."""

from __future__ import annotations

import time

from tests.fuzz.engines import Overheard, by_changes, by_hypothesis
from tests.fuzz.target import Target
from tests.fuzz.targets import targets


def test_nothing_harmful_gets_through() -> None:
    today = int(time.time()) // 86_400
    with targets() as known:
        for target in known:
            for engine in (by_changes, by_hypothesis):
                found = engine(target, max(20, min(120, int(3 * target.share))), today, Overheard())
                assert not found.errors, (target.name, found.errors, found.example)


def test_an_error_would_be_noticed() -> None:
    def fails(data: bytes) -> None:
        data.decode("ascii")

    for engine in (by_changes, by_hypothesis):
        assert engine(Target("ascii", fails, (b"good",), 1), 200, 1, Overheard()).errors.total() > 0


def test_a_hang_would_be_noticed() -> None:
    def hangs(data: bytes) -> None:
        while True:
            pass

    (name,) = by_changes(Target("hangs", hangs, (b"x",), 1), 1, 1, Overheard()).errors
    assert name.startswith("Hangs")
