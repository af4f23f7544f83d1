"""One factory or land inquiry as it is taken down: answers, doubts, consents; JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Inquiry:
    """SKELETON: replaced by the intake work; only the two JSON methods are relied on elsewhere."""

    answers: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {"answers": dict(self.answers)}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Inquiry:
        return cls(answers=facts.get("answers", {}))
