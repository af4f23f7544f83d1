"""A small push under fire; the large one is `make chaos-push`."""

from __future__ import annotations

import pytest

from tests.chaos.push import run

pytest.importorskip("pgserver")


@pytest.mark.postgres
def test_everybody_is_reached_once_whatever_is_killed() -> None:
    assert run(240, 6, 7) == []


@pytest.mark.postgres
def test_without_claiming_somebody_gets_it_twice() -> None:
    assert any("twice" in wrong for wrong in run(240, 2, 3, claiming=False, in_window=1.0))
