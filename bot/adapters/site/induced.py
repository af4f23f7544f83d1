"""Learns a theme by itself: articles that the feed or the API gives whole show where their parts stand on their pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.adapters.site.dates import published
from bot.adapters.site.markup import BLOCKS, lines, text_of, tree
from bot.adapters.site.pages import FoundArticle, Theme, by_theme, same_story, title_text

LEAST = 2
"""Pages that must agree before a theme is believed; with fewer the next run tries again."""
AGREE = 0.8
LONGEST_LINES = 400
_NAME = re.compile(r"[a-zA-Z_][\w-]*")


@dataclass(frozen=True)
class Sample:
    """A page and the article that is known to be on it."""

    text: str
    known: FoundArticle
    tree: LexborHTMLParser

    @classmethod
    def of(cls, text: str, known: FoundArticle) -> Sample:
        return cls(text, known, tree(text))


def fits(theme: Theme, samples: Sequence[Sample], now: datetime) -> bool:
    """Whether a theme finds on these pages what is known to be there."""
    right = sum(_is_right(theme, sample, now) for sample in samples)
    return right >= LEAST and right >= AGREE * len(samples)


def induced(samples: Sequence[Sample], now: datetime) -> Theme | None:
    """A theme that finds title and text of these pages exactly, or None."""
    usable = [one for one in samples if one.known.lines and len(one.known.lines) <= LONGEST_LINES]
    if len(usable) < LEAST:
        return None
    titles = _best(usable, _title_nodes)
    bodies = _best(usable, _body_nodes)
    for title, body in product(titles[:6], bodies[:6]):
        theme = Theme(title=title, body=body, drop=_drop(usable, body), name="learned")
        if fits(theme, usable, now):
            return Theme(title=title, body=body, drop=theme.drop, date=_date(usable, now), name="learned")
    return None


def _is_right(theme: Theme, sample: Sample, now: datetime) -> bool:
    found = by_theme(sample.tree, sample.known.url, theme, now)
    if found is None or found.title != sample.known.title:
        return False
    begin = found.lines[: len(sample.known.lines)]
    return same_story(begin, sample.known.lines)


# Selectors that hit the same kind of node on most pages, the plainest first.


def _best(samples: Sequence[Sample], nodes_of: Callable[[Sample], Iterable[LexborNode]]) -> list[str]:
    votes = Counter[str]()
    for sample in samples:
        votes.update({one for node in nodes_of(sample) for one in _selectors(node) if _is_only(sample, one, node)})
    wanted = max(LEAST, AGREE * len(samples))
    return sorted(
        (one for one, count in votes.items() if count >= wanted), key=lambda one: (-votes[one], _is_bare(one), len(one))
    )


def _is_bare(selector: str) -> bool:
    """Whether it names the node by its tag alone, which the next page may have twice."""
    return "." not in selector.split()[-1] and "#" not in selector.split()[-1]


def _is_only(sample: Sample, selector: str, node: LexborNode) -> bool:
    hits = sample.tree.css(selector)
    return len(hits) == 1 and hits[0].mem_id == node.mem_id


def _selectors(node: LexborNode) -> Iterator[str]:
    """Ways to name a node: by itself, by the one above it, by the two above."""
    own = _names(node)
    yield from own
    above = node.parent
    for up in (above, above.parent if above else None):
        if up is not None and up.tag not in ("html", "body", None):
            yield from (f"{theirs} {mine}" for theirs in _names(up) for mine in (*own, str(node.tag)))


def _names(node: LexborNode) -> list[str]:
    """`tag.class` and `tag#id`; what only one page is called finds no votes."""
    classes = [one for one in (node.attributes.get("class") or "").split() if _NAME.fullmatch(one)]
    named = [f"{node.tag}.{one}" for one in classes]
    if (name := node.attributes.get("id") or "") and _NAME.fullmatch(name):
        named.append(f"{node.tag}#{name}")
    return named or [str(node.tag)]


def _title_nodes(sample: Sample) -> Iterator[LexborNode]:
    for node in sample.tree.css("h1,h2,h3,h4,div,p,span"):
        if title_text(node, sample.tree) == sample.known.title:
            yield node


def _body_nodes(sample: Sample) -> Iterator[LexborNode]:
    """The smallest nodes that hold the whole text from its first line on."""
    first, wanted = sample.known.lines[0], "".join(sample.known.lines).replace(" ", "")
    for node in sample.tree.css("div,article,section,main,td"):
        found = lines(node)
        if first in found and _holds("".join(found).replace(" ", ""), wanted) and not _inner(node, wanted):
            yield node


def _holds(whole: str, wanted: str) -> bool:
    return wanted in whole


def _inner(node: LexborNode, wanted: str) -> bool:
    """Whether one of its children holds it all, too: then that one is the better container."""
    children = (child for child in node.iter() if child.tag in BLOCKS)
    return any(_holds("".join(lines(child)).replace(" ", ""), wanted) for child in children)


def _drop(samples: Sequence[Sample], body: str) -> str:
    """Parts of the container that never hold any of the text."""
    foreign, own = Counter[str](), set[str]()
    for sample in samples:
        container = sample.tree.css_first(body)
        if container is None:
            continue
        text = "".join(sample.known.lines).replace(" ", "")
        for node in container.css("[class],[id]"):
            if node.mem_id != container.mem_id and (said := "".join(lines(node)).replace(" ", "")):
                names = [name for name in _names(node) if "." in name or "#" in name]
                own.update(names) if said in text else foreign.update(set(names))
    return ", ".join(sorted(name for name in foreign if name not in own))


def _date(samples: Sequence[Sample], now: datetime) -> str:
    def nodes(sample: Sample) -> Iterator[LexborNode]:
        for node in sample.tree.css("time,span,p,em,i,small,div,li,dd"):
            text = text_of(node)
            when = published(text, now) if len(text) < 60 else None
            if when and abs(when[0] - sample.known.published) <= timedelta(days=1, hours=1):
                yield node

    return next(iter(_best(samples, nodes)), "")
