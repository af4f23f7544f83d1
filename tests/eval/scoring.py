"""Scores understood slots against annotated messages, by the rules of the annotation scheme.

A row is {"id", "text", "asked"?, "expect"}. Scalars must be right whole, lists count per item; a bar in an expected
value separates alternatives; brackets （） and () are equal.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]

LISTS = frozenset({"region", "zone", "mobile", "landline", "asset", "negation"})
RANGES = frozenset({"tax", "budget", "invest", "output"})
NUMBERS = frozenset({"height_m", "crane_t", "load_t_m2", "power_kva"})
FIELDS = (
    "deal", "asset", "area", "region", "zone", "use", "tax", "budget", "invest", "output", "company", "contact",
    "mobile", "landline", "wechat", "height_m", "crane_t", "load_t_m2", "power_kva", "fire", "env", "negation", "op",
    "cmd", "intent",
)  # fmt: skip
KEY_FIELDS = frozenset({"deal", "area", "region", "use", "tax", "budget", "company", "contact", "mobile"})
MU = 666.6667


@dataclass
class Count:
    right: int = 0
    extra: int = 0
    missed: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.right + other.right, self.extra + other.extra, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.extra or 1)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed or 1)

    @property
    def f1(self) -> float:
        return 2 * self.right / (2 * self.right + self.extra + self.missed or 1)


@dataclass(frozen=True)
class Miss:
    """One difference: kind is extra, missed or wrong."""

    field: str
    kind: str
    row: Row
    said: Any
    meant: Any


@dataclass
class Score:
    messages: int = 0
    counts: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    misses: list[Miss] = field(default_factory=list)

    @property
    def total(self) -> Count:
        return sum(self.counts.values(), Count())

    @property
    def wrong_key_share(self) -> float:
        """Share of messages in which a key field got a value that is wrong."""
        bad = {miss.row["id"] for miss in self.misses if miss.field in KEY_FIELDS and miss.kind != "missed"}
        return len(bad) / (self.messages or 1)


def rows_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def score(rows: Iterable[Row], slots_of: Mapping[Any, Mapping[str, Any]]) -> Score:
    """`slots_of`: what was understood, by row id."""
    result = Score()
    for row in rows:
        result.messages += 1
        said = slots_of.get(row["id"], {})
        for name in FIELDS:
            compare = _compare_list if name in LISTS else _compare_scalar
            compare(result, row, name, said.get(name), row["expect"].get(name))
    return result


def _compare_list(result: Score, row: Row, name: str, said: list[Any] | None, meant: list[Any] | None) -> None:
    left = list(meant or [])
    count = result.counts[name]
    for value in dict.fromkeys(said or []):
        hit = next((wanted for wanted in left if value in (wanted, *str(wanted).split("|"))), None)
        if hit is None:
            count.extra += 1
            result.misses.append(Miss(name, "extra", row, value, meant))
        else:
            count.right += 1
            left.remove(hit)
    count.missed += len(left)
    result.misses += [Miss(name, "missed", row, said, wanted) for wanted in left]


def _compare_scalar(result: Score, row: Row, name: str, said: Any, meant: Any) -> None:
    count = result.counts[name]
    given = said is not None and said != []
    if meant is not None and given and same(name, said, meant):
        count.right += 1
        return
    count.missed += meant is not None
    count.extra += given
    if given or meant is not None:
        kind = "missed" if not given else "wrong" if meant is not None else "extra"
        result.misses.append(Miss(name, kind, row, said, meant))


def same(name: str, said: Any, meant: Any) -> bool:
    """Whether an understood scalar equals the annotated one."""
    if name == "area":
        return all(_close(a, b) for a, b in zip(_square_metres(said), _square_metres(meant), strict=True))
    if name in RANGES:
        bounds = all(_close(said.get(bound), meant.get(bound)) for bound in ("min", "max"))
        return bounds and said["unit"] in meant["unit"].split("|")
    if name in NUMBERS:
        return _close(float(said), float(meant))
    if name == "use":
        return any(_same_use(str(said), choice) for choice in str(meant).split("|"))
    return _plain(str(said)) in map(_plain, str(meant).split("|"))


def _plain(text: str) -> str:
    return text.replace("（", "(").replace("）", ")").strip()


def _same_use(said: str, meant: str) -> bool:
    a, b = (re.sub(r"[的\s]|工艺|项目|加工$", "", text.lower()) for text in (said, meant))
    return a == b or (len(a) >= 2 and (a in b or b in a) and abs(len(a) - len(b)) <= 4)


def _close(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= max(0.01 * abs(b), 1e-6)


def _square_metres(area: Mapping[str, Any]) -> list[float | None]:
    factor = MU if area["unit"] == "mu" else 1
    return [None if area.get(bound) is None else area[bound] * factor for bound in ("min", "max")]
