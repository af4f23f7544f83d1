"""Whether the same story is known again: `python -m tests.eval duplicates`.

Articles of the evaluation corpus (where that is not beside the checkout, of the sample site) are indexed; then copies of
some, changed in seven ways and under another title, come in as new articles do. And of each article the nearest others
are compared with it: different stories that would be taken for one.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.samplesite.posts import Posts
from bot.search.document import Document
from bot.search.duplicates import Story, Twins, same_story
from bot.search.index import Index
from tests.eval.search import CORPUS

KNOWN, COPIED, NEIGHBOURS = 4000, 600, 5
LONG_ENOUGH = 200
NOW = datetime(2026, 11, 25, tzinfo=UTC)
NEW = 10_000_000
SWAPS = {"最": "蕞", "企业": "公司", "需要": "需", "可以": "能", "目前": "当前", "进行": "开展"}

Change = Callable[[str, random.Random], str]


def report() -> Iterator[str]:
    """The figures, line by line."""
    stories = _stories()
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        index = _indexed(Path(folder), stories)
        copied = chance.sample(stories, min(COPIED, len(stories)))
        for name, change in CHANGES.items():
            found = sum(_known_again(index, story, change(story.text, chance)) for story in copied)
            yield f"{name:22s} {found / len(copied):.3f} of {len(copied)} known again"
        pairs = [(one, other) for one in copied for other in _neighbours(index, one)]
    merged = [(one, other) for one, other in pairs if same_story(one, other)]
    yield f"{'different neighbours':22s} {len(merged) / len(pairs):.4f} of {len(pairs)} taken for the same story"
    yield from (f"  {one.title} = {other.title}" for one, other in merged[:5])


def _stories() -> list[Story]:
    if not CORPUS.is_dir():
        told = [(post.title, post.body) for post in Posts().all()]
    else:
        rows = map(json.loads, (CORPUS / "docs.jsonl").read_text(encoding="utf-8").splitlines())
        told = [(row["title"], row["body"]) for row in rows if len(row["body"]) >= LONG_ENOUGH]
    return [Story(number, title, body, NOW) for number, (title, body) in enumerate(told[:KNOWN], 1)]


def _indexed(folder: Path, stories: list[Story]) -> Index:
    index = Index(folder)
    writer = index.writer(large=True)
    for one in stories:
        writer.put(Document(one.id, one.title, one.text, one.published))
    writer.commit()
    writer.close()
    index.reload()
    return index


def _known_again(index: Index, story: Story, text: str) -> bool:
    """Whether a copy that comes in later is linked to the story, or to one that tells the same."""
    copy = Story(NEW, "另一个标题", text, NOW)
    original = Twins(index).original_of(copy)
    return original is not None and (original == story.id or _same(index, original, story))


def _same(index: Index, number: int, story: Story) -> bool:
    hit = index.by_id([number])[0]
    return same_story(Story(number, hit.title, hit.body, NOW), replace(story, published=NOW))


def _neighbours(index: Index, story: Story) -> Iterator[Story]:
    for hit in index.like(f"{story.title}\n{story.text}", 24, NEIGHBOURS + 1):
        if hit.id != story.id:
            yield Story(hit.id, hit.title, hit.body, hit.published)


def _reworded(text: str, _: random.Random) -> str:
    for old, new in SWAPS.items():
        text = text.replace(old, new)
    return text


def _framed(text: str, _: random.Random) -> str:
    return f"原标题：转自某某网。点击上方蓝字关注我们，获取更多资讯。{text}（来源：某某网，编辑：某某）"


def _shuffled(text: str, chance: random.Random) -> str:
    sentences = re.findall(r"[^。！？]+[。！？]?", text)
    chance.shuffle(sentences)
    return "".join(sentences)


def _misprinted(text: str, chance: random.Random) -> str:
    return "".join(char if chance.random() > 0.04 else "口" for char in text)


CHANGES: dict[str, Change] = {
    "new title": lambda text, _: text,
    "reworded": _reworded,
    "prefix and suffix": _framed,
    "first 60 %": lambda text, _: text[: int(len(text) * 0.6)],
    "without the first third": lambda text, _: text[len(text) // 3 :],
    "sentences shuffled": _shuffled,
    "4 % of the characters": _misprinted,
}
