"""Near-duplicates: whether two articles tell the same story, and which known article a new one repeats."""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from zlib import crc32

from bot.search.index import Index
from bot.search.plain import plain

GRAM = 4
SHARED = 0.55
"""From this share of common character groups on (Jaccard) two texts are one story; measured on 3,300 variants."""
CONTAINED = 0.85
"""From this share of the shorter text found in the longer one, too: the shorter is an excerpt."""
TOGETHER = timedelta(days=60)
"""Notices by template repeat every year; the same story is collected twice within weeks."""
DECIDABLE = 60
"""Characters below which a body says too little."""

SKETCH = 24
COMMON = 100
"""Stories that share a fingerprint, from which on it stands for a turn of phrase and tells nothing."""
_SHINGLE = 6
_NEIGHBOURS = 6
_TELLING = 24
_KEPT = 20_000
_NOISE = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Story:
    """`text` is the body without boilerplate; `published` has a zone."""

    id: int
    title: str
    text: str
    published: datetime


def same_story(one: Story, other: Story) -> bool:
    """By the bodies alone: titles lie both ways."""
    if abs(one.published - other.published) > TOGETHER:
        return False
    return alike(grams(one.text), grams(other.text))


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shorter = min(len(one), len(other))
    if shorter < DECIDABLE - GRAM:
        return False
    common = len(one & other)
    return common >= CONTAINED * shorter or common >= SHARED * (len(one) + len(other) - common)


def grams(text: str) -> frozenset[str]:
    """The character groups of a text, without marks and blanks."""
    bare = _bare(text)
    return frozenset(bare[at : at + GRAM] for at in range(len(bare) - GRAM + 1))


class Twins:
    """Finds the article a new one repeats: among what the index knows, and among what this run has seen itself."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._seen: OrderedDict[int, Story] = OrderedDict()
        self._originals: dict[int, int] = {}
        self._by_print: dict[int, set[int]] = defaultdict(set)

    def original_of(self, story: Story) -> int | None:
        """The id of the earliest article known to tell the same story, or None; the story is remembered."""
        same = [
            self._originals.get(known.id, known.id) for known in self._candidates(story) if same_story(story, known)
        ]
        original = min((one for one in same if one != story.id), default=None)
        self._remember(story, original)
        return original

    def _candidates(self, story: Story) -> Iterable[Story]:
        prints = sketch(story.text)
        common: dict[int, int] = defaultdict(int)
        for one in prints:
            sharing = self._by_print.get(one, set())
            for known in sharing if len(sharing) <= COMMON else ():
                common[known] += 1
        near = sorted(common, key=lambda known: -common[known])[:_NEIGHBOURS]
        yield from (self._seen[known] for known in near if known != story.id)
        yield from (known for known in self._indexed(story) if known.id not in self._seen and known.id != story.id)

    def _indexed(self, story: Story) -> Iterable[Story]:
        for hit in self._index.like(f"{story.title}\n{story.text}", _TELLING, _NEIGHBOURS):
            self._originals.setdefault(hit.id, hit.group)
            yield Story(hit.id, hit.facts.title, hit.body, hit.published)

    def _remember(self, story: Story, original: int | None) -> None:
        self._forget(story.id)
        self._originals[story.id] = original or story.id
        self._seen[story.id] = story
        for one in sketch(story.text):
            self._by_print[one].add(story.id)
        while len(self._seen) > _KEPT:
            self._forget(next(iter(self._seen)))

    def _forget(self, story_id: int) -> None:
        story = self._seen.pop(story_id, None)
        if story is None:
            return
        for one in sketch(story.text):
            self._by_print[one].discard(story_id)
            if not self._by_print[one]:
                del self._by_print[one]


def sketch(text: str) -> list[int]:
    """The smallest fingerprints of a text's pieces: texts that share most of their pieces share some of these."""
    bare = _bare(text)
    return nsmallest(SKETCH, {crc32(bare[at : at + _SHINGLE].encode()) for at in range(len(bare) - _SHINGLE + 1)})


def _bare(text: str) -> str:
    return _NOISE.sub("", plain(text))
