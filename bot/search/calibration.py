"""Sets the confidence from which an index answers, by messages made of its own articles and by idle ones."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.search.analysis import segments, stop_words, words
from bot.search.finding import Tools, find
from bot.search.index import Hit, Index, View
from bot.search.plain import lines
from bot.search.threshold import ANSWERS_FROM, calibrated_at, keep

SAMPLE = 300
"""Articles that messages are made of."""
REFUSED = 0.92
"""Share of idle messages that should be refused."""
LOST = 0.02
"""Share of right answers that may be lost for it."""
LOWEST, HIGHEST = 0.005, 0.075
"""What the messages made here cannot tell: followers ask less well than these, and idle more cleverly."""
ENOUGH = 20
"""Right answers without which nothing can be said."""
EDGE = 1e-6
"""How far above an idle message the threshold must lie to refuse it."""
_SENTENCE = re.compile(r"[^。！？!?\n]{8,40}")


@dataclass(frozen=True, slots=True)
class Calibration:
    """`lost`: share of right answers below the threshold; `refused`: share of idle messages below it."""

    threshold: float
    lost: float
    refused: float
    answers: int
    articles: int


def calibrate(index: Index, tools: Tools, now: datetime, seed: int = 7) -> Calibration:
    """Measure on this index and keep the threshold beside it; readers see it with their next `reload`."""
    right = sorted(_right_answers(index, tools, now, random.Random(seed)))
    idle = [find(index, line, now, tools, 1, answers_from=0.0).confidence for line in lines("offtopic.txt")]
    if len(right) < ENOUGH:
        keep(index.folder, ANSWERS_FROM, len(index))
        return Calibration(ANSWERS_FROM, 0.0, _below(idle, ANSWERS_FROM), len(right), len(index))
    wanted = sorted(idle)[int(len(idle) * REFUSED)] + EDGE
    threshold = min(max(LOWEST, wanted), HIGHEST, max(LOWEST, right[int(len(right) * LOST)]))
    keep(index.folder, threshold, len(index))
    return Calibration(threshold, _below(right, threshold), _below(idle, threshold), len(right), len(index))


def grown_since_calibration(index: Index) -> bool:
    """Whether the index is a fifth larger or smaller than when its threshold was set."""
    return abs(len(index) - calibrated_at(index.folder)) > len(index) / 5


def _below(confidences: list[float], threshold: float) -> float:
    return sum(one < threshold for one in confidences) / len(confidences) if confidences else 0.0


def _right_answers(index: Index, tools: Tools, now: datetime, chance: random.Random) -> Iterator[float]:
    """The confidences of messages whose first article is the one they were made of."""
    for hit in index.sample(SAMPLE, chance):
        for message in messages(hit, index.view(), chance):
            findings = find(index, message, now, tools, 3, answers_from=0.0)
            if any(one.hit.id == hit.id for one in findings.found[:1]):
                yield findings.confidence


def messages(hit: Hit, view: View, chance: random.Random) -> Iterator[str]:
    """What somebody who wants this article might write: its telling words, a piece of its title, a question."""
    title, body = hit.title, hit.body[:1500]
    telling = sorted(
        {word for word in words(title + "\n" + body) if len(word) > 1}, key=lambda w: -view.rarity("words", w)
    )
    if len(telling) >= 8:
        yield " ".join(chance.sample(telling[: len(telling) // 2], 2))
        yield chance.choice(telling[: len(telling) // 3])
    spoken = [word for word in segments(title) if word.strip() and word not in stop_words()]
    if len(spoken) >= 4:
        start = chance.randrange(len(spoken) - 2)
        yield "".join(spoken[start : start + 3])
    sentences = _SENTENCE.findall(body)
    if sentences:
        yield _asked(chance.choice(sentences), chance)


def _asked(sentence: str, chance: random.Random) -> str:
    """A sentence as a question: some of its words are gone, as askers have words of their own."""
    kept = [word for word in segments(sentence) if chance.random() > 0.3]
    return "".join(kept)
