"""A target: takes bytes and raises nothing but the errors it promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Target:
    """seeds: good inputs, from which harmful ones are made. share: of a thousand inputs, how many are this target's.

    shape: inputs that look like what is expected, for hypothesis. guided: atheris may run it in a process of its own.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    share: float
    shape: SearchStrategy[bytes] | None = None
    guided: bool = False
