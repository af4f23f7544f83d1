"""An article out of HTML: title, clean body, category, tags, author, time, picture; rules for themes are data."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.adapters.site.dates import published

BLOCKS = "p,div,li,h1,h2,h3,h4,h5,h6,tr,blockquote,section,figure,ul,ol,table"
NEVER = "script,style,noscript,iframe,form,template"
_SENTENCE = re.compile(r"[^。！？!?]*[。！？!?]+[”」』\"]?")


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """An article as its site shows it; `published` has a zone."""

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


@dataclass(frozen=True)
class Rules:
    """config/site.toml: how to find the parts on each theme, and what never belongs to a body."""

    themes: Sequence[Mapping[str, str]]
    cut: re.Pattern[str]
    drop: re.Pattern[str]
    drop_before: re.Pattern[str]
    summary_length: int

    @classmethod
    def from_toml(cls, data: Mapping[str, Any]) -> Rules:
        return cls(
            data["theme"],
            re.compile("|".join(f"(?:{one})" for one in data["cut_from"])),
            re.compile("|".join(f"(?:{one})" for one in data["drop_lines"])),
            re.compile(data["drop_before"]),
            data["summary_length"],
        )


def article(text: str, url: str, rules: Rules, now: datetime) -> FoundArticle | None:
    """The article of a page, or None where no rule finds one."""
    tree = LexborHTMLParser(text)
    theme = next((one for one in rules.themes if tree.css_first(one["title"]) and tree.css_first(one["body"])), None)
    if theme is None:
        return None
    title, body = tree.css_first(theme["title"]), tree.css_first(theme["body"])
    when = published(_part(tree, theme, "date"), now)
    if title is None or body is None or when is None:
        return None
    clean = clean_body(body.html or "", rules)
    return FoundArticle(
        url=_canonical(tree, url),
        title=_own_text(title),
        body=clean,
        published=when[0],
        precision=when[1],
        summary=summary(clean, rules.summary_length),
        category=_part(tree, theme, "category"),
        tags=tuple(node.text(strip=True) for node in tree.css(theme["tags"])),
        author=_part(tree, theme, "author"),
        picture=picture(body.html or "", url),
        source="page",
    )


def clean_body(markup: str, rules: Rules) -> str:
    """The paragraphs of a body, one a line, without what the firm puts under every article."""
    kept = []
    for line in _lines(markup):
        if rules.cut.search(line):
            break
        if not rules.drop.search(line):
            kept.append(line)
    body = "\n".join(kept)
    before = rules.drop_before.search(body[:400])
    return body[before.end() :].lstrip() if before else body


def summary(body: str, length: int) -> str:
    """Whole sentences from the beginning, at most `length` characters; of one long sentence its beginning."""
    text = body.replace("\n", "")
    kept = ""
    for sentence in _SENTENCE.findall(text):
        if len(kept) + len(sentence) > length:
            break
        kept += sentence
    return kept or (text if len(text) <= length else text[: length - 1] + "…")


def picture(markup: str, base: str) -> str:
    node = LexborHTMLParser(markup).css_first("img[src]")
    return urljoin(base, node.attributes.get("src") or "") if node else ""


def unescaped(text: str) -> str:
    """Titles in feeds are escaped once more than they should be (reference: Z-Blog's feed)."""
    return html.unescape(html.unescape(text)).strip()


def _lines(markup: str) -> list[str]:
    tree = LexborHTMLParser(markup)
    for node in tree.css(NEVER):
        node.decompose()
    for node in tree.css("br"):
        node.replace_with("\n")
    for node in tree.css(BLOCKS):
        node.insert_before("\n")
        node.insert_after("\n")
    text = tree.body.text() if tree.body else ""
    return [line for line in (re.sub(r"[ \t\r\xa0　]+", " ", raw).strip() for raw in text.split("\n")) if line]


def _part(tree: LexborHTMLParser, theme: Mapping[str, str], name: str) -> str:
    node = tree.css_first(theme[name])
    text = node.text(strip=False).strip() if node else ""
    pattern = theme.get(f"{name}_pattern")
    if not pattern:
        return text
    found = re.search(pattern, text)
    return found[1] if found else ""


def _own_text(node: LexborNode) -> str:
    """The title without what themes put beside it, such as the date."""
    return node.text(deep=False, strip=True) or node.text(strip=True)


def _canonical(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("link[rel=canonical]")
    return urljoin(url, node.attributes.get("href") or url) if node else url
