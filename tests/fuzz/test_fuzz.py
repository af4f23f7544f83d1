"""A few hundred harmful inputs for each target; the many are `make fuzz`."""

from __future__ import annotations

import time

from tests.fuzz.__main__ import fuzz
from tests.fuzz.targets import Target, targets


def test_nothing_harmful_gets_through() -> None:
    with targets() as known:
        for target in known:
            found = fuzz(target, max(40, int(400 * target.share)), seed=int(time.time()) // 86_400)
            assert not found.errors, (target.name, found.errors, found.example)


def test_an_error_would_be_noticed() -> None:
    def fails(data: bytes) -> None:
        data.decode("ascii")

    assert fuzz(Target("ascii", fails, (b"good",)), 200, 1).errors.total() > 0
