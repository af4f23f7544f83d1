"""What one message was understood to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Value:
    """One understood value. `value` is in the form of the annotation scheme; `raw` are the follower's own words.

    confidence: 0..1; under `SURE` the dialogue asks before it writes.
    choices: where the words may mean several things (鼓楼, 江北), the possible values, each with a label to show.
    """

    value: Any
    raw: str = ""
    confidence: float = 1.0
    choices: tuple[tuple[str, Any], ...] = ()

    @property
    def is_known(self) -> bool:
        """Sure enough to be written; of a list with an open choice, the clear part."""
        return self.confidence >= SURE or bool(self.choices and self.value)


SURE = 0.6


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one message says.

    values: slot name -> Value, names and forms of the annotation scheme (deal, asset, area, region, zone, use, tax,
        budget, invest, output, company, contact, mobile, landline, wechat, height_m, crane_t, load_t_m2, power_kva,
        fire, env, negation). Only slots the message fills.
    command: cancel restart back skip confirm human delete_data resume show, or "".
    corrects: the message corrects something said before.
    adds / removes: list slots that should grow (还有, 加上) or shrink (不要, 去掉) instead of being replaced;
        removes maps a list slot to the values to take out.
    article: the message asks for reading matter; then `values` is empty.
    inquiry: 0..1, how much the message looks like (part of) an inquiry for space.
    problems: slot -> name of what is wrong with something said for it, e.g. {"mobile": "short"} for ten digits;
        names are keys of phrases: short, long, unknown, too_small, too_big.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    command: str = ""
    corrects: bool = False
    adds: frozenset[str] = frozenset()
    removes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    article: bool = False
    inquiry: float = 0.0
    problems: Mapping[str, str] = field(default_factory=dict)

    def slots(self) -> dict[str, Any]:
        """The flat form of the annotation scheme, for `python -m bot extract`; what is doubtful is left out."""
        flat: dict[str, Any] = {name: value.value for name, value in self.values.items() if value.is_known}
        if self.corrects:
            flat["op"] = "correct"
        if self.command:
            flat["cmd"] = self.command
        if self.article:
            flat["intent"] = "article"
        return flat
