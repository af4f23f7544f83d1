"""How much a message looks like an inquiry for space rather than a search for articles or small talk."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.understanding.reading import Value

_ASKS = re.compile(r"多少钱|怎么样|如何|哪[里些个家]|什么|为什么|几个|贵不贵|好不好")
_WEIGHTS = {
    "asset": 0.35, "area": 0.4, "region": 0.3, "zone": 0.3, "deal": 0.35, "budget": 0.3, "tax": 0.25, "height_m": 0.2,
    "crane_t": 0.2, "load_t_m2": 0.2, "power_kva": 0.2, "mobile": 0.5, "landline": 0.5, "wechat": 0.4, "contact": 0.1,
    "company": 0.1, "use": 0.1, "invest": 0.15, "output": 0.1, "fire": 0.1, "env": 0.05, "negation": 0.1,
}  # fmt: skip
_OF_SPACE = frozenset({"asset", "area", "region", "zone", "deal", "budget"})


def likeness(text: str, values: Mapping[str, Value], *, wants: bool) -> float:
    """0..1. One thing named is a search word (厂房, 昆山); two of them, or one that is wanted, is an inquiry."""
    score = sum(_WEIGHTS.get(name, 0.0) for name in values)
    if wants and values.keys() & _OF_SPACE:
        score += 0.3
    if _ASKS.search(text) and not wants:
        score -= 0.2
    return round(max(0.0, min(1.0, score)), 2)
