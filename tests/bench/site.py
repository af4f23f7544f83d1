"""How many article pages a second are read on one core: by rules, by learned rules, by general sense.

python -m tests.bench.site
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from bot.adapters.site.guessing import guessed
from bot.adapters.site.induced import Sample, induced
from bot.adapters.site.pages import FoundArticle, Theme, article
from tests.site.rules import rules
from tests.site.texts import Post, posts
from tests.site.themes import KNOWN, THEMES, Page, neighbours

COUNT = 400
GOAL = 500
"""Pages a second by rules (issue 7)."""


def main() -> None:
    written = posts(COUNT)
    for name in THEMES:
        pages = [_page(name, one, written) for one in written]
        ways: dict[str, Callable[[str, str], FoundArticle | None]] = {"general sense": _guess}
        if name in KNOWN:
            ways = {"rules": partial(_by, rules().themes), **ways}
        elif theme := induced(
            [Sample.of(text, _known(one)) for text, one in zip(pages[:4], written, strict=False)], _now()
        ):
            ways = {"learned rules": partial(_by, (theme,)), **ways}
        for way, read in ways.items():
            _told(name, way, pages, written, read)


def _told(
    name: str, way: str, pages: list[str], written: list[Post], read: Callable[[str, str], FoundArticle | None]
) -> None:
    began = time.process_time()
    found = [read(text, f"http://s.example/{one.id}") for text, one in zip(pages, written, strict=True)]
    rate = len(pages) / (time.process_time() - began)
    exact = sum(got is not None and got.body == one.body for got, one in zip(found, written, strict=True))
    size = sum(map(len, pages)) // len(pages)
    goal = ("ok" if rate >= GOAL else f"below {GOAL}") if way != "general sense" else ""
    print(f"{name:10} {way:14} {rate:7.0f} pages/s  exact {exact}/{len(pages)}  {size} characters a page  {goal}")


def _page(name: str, one: Post, written: list[Post]) -> str:
    return THEMES[name](Page(one, neighbours(one, written), "http://s.example/{}".format, _now()))


def _known(one: Post) -> FoundArticle:
    return FoundArticle("http://s.example/1", one.title, one.body, one.posted, lines=one.paragraphs)


def _by(themes: tuple[Theme, ...], text: str, url: str) -> FoundArticle | None:
    return article(text, url, themes, rules().cleaning, _now())


def _guess(text: str, url: str) -> FoundArticle | None:
    return guessed(text, url, rules(), _now())


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
