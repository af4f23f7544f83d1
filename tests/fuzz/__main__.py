"""Harmful input by the million: counts inputs, and finds errors nobody promised, hangs, and memory that grows.

    python -m tests.fuzz [--inputs N] [--only NAME] [--seed N] [--engines changes,hypothesis,atheris]

--inputs: of all targets and engines together; of each target six tenths are changes of good inputs, one tenth is made by
hypothesis, and three tenths by atheris where it can run a target (else they are changes, too). atheris has wheels for
Linux; where it is not installed, that is said and its share is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable

from tests.fuzz.engines import Found, Overheard, by_atheris, by_changes, by_hypothesis, listen
from tests.fuzz.target import Target
from tests.fuzz.targets import targets

LEAST = 40
SHARES = {"changes": 0.6, "hypothesis": 0.1, "atheris": 0.3}


def planned(target: Target, inputs: int) -> dict[str, int]:
    """Inputs for each engine."""
    whole = max(LEAST, round(inputs * target.share / 1000))
    shares = (
        dict(SHARES) if target.guided else {**SHARES, "changes": SHARES["changes"] + SHARES["atheris"], "atheris": 0}
    )
    return {engine: round(whole * share) for engine, share in shares.items() if share}


def engines(chosen: str, heard: Overheard) -> dict[str, Callable[[Target, int, int], Found]]:
    known: dict[str, Callable[[Target, int, int], Found]] = {
        "changes": lambda target, inputs, seed: by_changes(target, inputs, seed, heard),
        "hypothesis": lambda target, inputs, seed: by_hypothesis(target, inputs, seed, heard),
        "atheris": by_atheris,
    }
    if "atheris" in chosen and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed (it has wheels for Linux): its share is left out")
        del known["atheris"]
    return {name: engine for name, engine in known.items() if name in chosen.split(",")}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_050_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engines", default=",".join(SHARES))
    chosen = parser.parse_args()
    found: list[tuple[str, Found]] = []
    ways = engines(chosen.engines, listen())
    with targets() as known:
        for target in known:
            for engine, inputs in planned(target, chosen.inputs).items():
                if chosen.only in target.name and engine in ways:
                    found.append((engine, ways[engine](target, inputs, chosen.seed)))
                    show(target.name, *found[-1])
    return _summed(found)


def show(name: str, engine: str, found: Found) -> None:
    rate = found.inputs / max(found.seconds, 0.001)
    print(
        f"{name:32} {engine:10} {found.inputs:8} inputs {rate:7.0f}/s  slowest {found.slowest * 1000:7.1f} ms"
        f"  grown {found.grown_mb:6.1f} MB  errors {found.errors.total()}",
        flush=True,
    )
    for error, times in found.errors.most_common(8):
        print(f"    {times} x {error}\n      {found.example[error][:1600]!r}", flush=True)


def _summed(found: list[tuple[str, Found]]) -> int:
    for engine in SHARES:
        print(f"{engine:10} {sum(one.inputs for name, one in found if name == engine):9} inputs")
    errors = sum(one.errors.total() for _, one in found)
    print(f"all        {sum(one.inputs for _, one in found):9} inputs, {errors} errors")
    return int(not all(one.is_good for _, one in found))


if __name__ == "__main__":
    sys.exit(main())
