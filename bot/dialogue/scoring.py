"""How promising a lead is, by the rules of config/staff.toml, explained line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MU = 666.6667
FULL = 100


@dataclass(frozen=True, slots=True)
class Score:
    """grade: A, B or C. reasons: each rule that held, with its points."""

    points: int
    grade: str
    reasons: tuple[tuple[str, int], ...] = ()


def score(rules: Mapping[str, Any], slots: Mapping[str, Any]) -> Score:
    """rules: the table `score` of config/staff.toml."""
    reasons = tuple((rule["reason"], rule["points"]) for rule in rules["rules"] if applies(rule, slots))
    points = min(FULL, sum(points for _, points in reasons))
    return Score(points, next((grade for grade in ("A", "B") if points >= rules[grade]), "C"), reasons)


def applies(rule: Mapping[str, Any], slots: Mapping[str, Any]) -> bool:
    """Whether a rule holds for these values."""
    value = slots.get(rule["slot"])
    if not value:
        return False
    if "at_least" in rule:
        return _reaches(value, rule)
    if "one_of" in rule:
        return bool(set(rule["one_of"]) & set(value if isinstance(value, list) else [value]))
    return True


def _reaches(value: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    unit = value.get("unit")
    if "unit" in rule and unit != rule["unit"]:
        return False
    bound = value.get("min") if value.get("min") is not None else value.get("max")
    return bound is not None and bool(bound * (MU if unit == "mu" else 1) >= rule["at_least"])
