"""An article out of a page: by the rules of a known theme, by rules learned from the feed, or by general sense."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.adapters.site.body import markup
from bot.adapters.site.cleaning import Cleaning
from bot.adapters.site.dates import published
from bot.adapters.site.hrefs import joined
from bot.adapters.site.markup import lines, picture, text_of, tree

UNDATED = datetime.fromisoformat("2000-01-01T00:00:00+08:00")
"""Of a page that tells no date: never news, and last among the newest."""


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """An article as its site shows it; `published` has a zone.

    lines: its text before anything of the firm was taken out; body: after. html: the same lines with their looks and
    pictures, written anew (bot.adapters.site.body), likewise before. source: feed, api, page (by a rule) or
    guess (by general sense).
    """

    url: str
    title: str
    body: str
    published: datetime
    precision: str = "second"
    summary: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    author: str = ""
    picture: str = ""
    source: str = ""
    lines: tuple[str, ...] = ()
    html: str = ""

    def at(self, url: str) -> FoundArticle:
        return replace(self, url=url)


@dataclass(frozen=True, slots=True)
class Theme:
    """Where the parts of an article stand, as CSS selectors; a pattern takes its first group out of the text."""

    title: str
    body: str
    drop: str = ""
    category: str = ""
    category_pattern: str = ""
    date: str = ""
    author: str = ""
    author_pattern: str = ""
    tags: str = ""
    name: str = ""


@dataclass(frozen=True)
class Rules:
    """config/site.toml: how to find the parts on each theme, and what never belongs to a body."""

    themes: tuple[Theme, ...]
    cleaning: Cleaning
    whole_page: str = ""
    gone_titles: re.Pattern[str] = field(default_factory=lambda: re.compile("(?!)"))
    unlikely: frozenset[str] = frozenset()
    likely: frozenset[str] = frozenset()

    @classmethod
    def from_toml(cls, data: Mapping[str, Any]) -> Rules:
        return cls(
            tuple(Theme(**theme) for theme in data["theme"]),
            Cleaning.from_toml(data),
            data["whole_page"],
            re.compile(data["gone_titles"], re.I),
            frozenset(data["unlikely"]),
            frozenset(data["likely"]),
        )


def article(text: str, url: str, themes: Iterable[Theme], cleaning: Cleaning, now: datetime) -> FoundArticle | None:
    """The article of a page by the first theme that fits, or None: no theme does, or it is a list of articles."""
    parsed = tree(text)
    for theme in themes:
        if found := by_theme(parsed, url, theme, now):
            return cleaned(found, cleaning)
    return None


def by_theme(parsed: LexborHTMLParser, url: str, theme: Theme, now: datetime) -> FoundArticle | None:
    """The article, not yet cleaned."""
    titles, bodies = parsed.css(theme.title), parsed.css(theme.body)
    if len(titles) != 1 or len(bodies) != 1:
        return None
    without = {node.mem_id for node in bodies[0].css(theme.drop)} if theme.drop else ()
    when = published(_part(parsed, theme.date), now)
    return FoundArticle(
        url=canonical(parsed, url),
        title=title_text(titles[0], parsed),
        body="",
        published=when[0] if when else UNDATED,
        precision=when[1] if when else "unknown",
        category=_taken(_part(parsed, theme.category), theme.category_pattern),
        tags=tuple(text for node in parsed.css(theme.tags) if (text := text_of(node))) if theme.tags else (),
        author=_taken(_part(parsed, theme.author), theme.author_pattern),
        picture=picture(bodies[0], url),
        source="page",
        lines=tuple(lines(bodies[0], without)),
        html=markup(bodies[0], url, without),
    )


def cleaned(found: FoundArticle, cleaning: Cleaning, learned: frozenset[str] = frozenset()) -> FoundArticle:
    """With body and summary made of its lines."""
    body = cleaning.body(found.lines, learned, found.title)
    return replace(found, body=body, summary=cleaning.summary(body))


def title_text(node: LexborNode, parsed: LexborHTMLParser) -> str:
    """The title without what themes put beside it, such as a date or a flag: the page's own title knows."""
    whole, own = text_of(node), " ".join(node.text(deep=False, strip=True).split())
    document = text_of(parsed.css_first("title"))
    return whole if whole and (whole in document or not own) else own


def canonical(parsed: LexborHTMLParser, url: str) -> str:
    node = parsed.css_first("link[rel=canonical]")
    return (joined(url, node.attributes.get("href")) or url) if node else url


def _part(parsed: LexborHTMLParser, selector: str) -> str:
    return text_of(parsed.css_first(selector)) if selector else ""


def _taken(text: str, pattern: str) -> str:
    found = re.search(pattern, text) if pattern else None
    return text if not pattern else found[1] if found else ""


def same_story(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two readings of an article say the same, spaces and line ends aside."""
    return "".join("".join(one).split()) == "".join("".join(other).split())
