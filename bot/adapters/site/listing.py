"""Where a site's articles are listed: links of list pages and their paging, and sitemaps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser

from bot.adapters.site.dates import published
from bot.adapters.site.hrefs import joined
from bot.adapters.site.markup import text_of, unescaped

LONGEST_URL = 1000
"""Characters; a longer address is nobody's article."""

_USUAL = ("/index.php/post/0.html", "/post/0.html", "?id=0", "/0.html", "/archives/0.html", "/article/0.html")
_NEXT = (
    "下页",
    "下一页",
    "后一页",
    "下一頁",
    "›",
    "»",
    ">",
    ">>",
    "next",
    "older",
    "older posts",
    "下一页»",
    "下一页 »",
)
_DIGITS = re.compile(r"\d+")
_TRACKING = re.compile(r"utm_\w+|from|spm|share_\w+", re.I)
_LOC = re.compile(r"<(url|sitemap)>(.*?)</\1>", re.S)
_FIELD = re.compile(r"<(loc|lastmod)>\s*(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?\s*</\1>", re.S)


@dataclass(frozen=True, slots=True)
class ListPage:
    """What one list page shows. last: the highest page number it knows of; following: the address of the next."""

    urls: tuple[str, ...]
    last: int
    following: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An address in a sitemap, and when it was changed, if it says so."""

    url: str
    changed: datetime | None = None


def same_address(url: str, root: str) -> str:
    """One spelling for each address: the scheme of `root`, percent signs, no fragment, nothing that only tracks."""
    parts, home = urlsplit(url.strip()), urlsplit(root)
    query = urlencode([pair for pair in parse_qsl(parts.query) if not _TRACKING.fullmatch(pair[0])])
    path = quote(unquote(parts.path), safe="/:=&?~+!$,;'@()*") or "/"
    return urlunsplit((home.scheme, home.netloc.lower(), path, query, ""))


def shape(url: str) -> str:
    """What the addresses of a site's articles have in common: numbers count as one, a name in the last place as any."""
    parts = urlsplit(url)
    if parts.query and parts.path in ("", "/", "/index.php"):
        return "?" + "&".join(f"{name}={_DIGITS.sub('0', value)}" for name, value in parse_qsl(parts.query))
    folder, _, last = unquote(parts.path).rpartition("/")
    stem, dot, ending = last.rpartition(".")
    return f"{_DIGITS.sub('0', folder)}/{_name(stem if dot else last)}{dot}{ending if dot else ''}"


def _name(stem: str) -> str:
    """A number stays one among numbers; page_2 and category-3 stay what they are; any other name is a name."""
    if re.fullmatch(r"(page|category|cate|tags?|author|date|archive|index|list|search)[-_]?.*", stem, re.I):
        return _DIGITS.sub("0", stem).lower()
    return "0" if stem.isdigit() else "*"


def article_links(
    parsed: LexborHTMLParser, base: str, known: Iterable[str], own: Callable[[str], str]
) -> tuple[str, ...]:
    """Addresses of articles on a page: those shaped like addresses known to be articles, in their order."""
    anchors = (joined(base, node.attributes.get("href")) for node in parsed.css("a[href]"))
    home = own(urljoin(base, "/"))
    ours = dict.fromkeys(url for url in map(own, anchors) if url and url != home and not url.endswith("/0.html"))
    shapes = {shape(url) for url in known} or _likeliest(ours)
    return tuple(url for url in ours if shape(url) in shapes)


def _likeliest(urls: Iterable[str]) -> set[str]:
    """Where no article is known yet: the usual shape that most links have. Pages of the menu have others."""
    counts = Counter(found for url in urls if (found := shape(url)) in _USUAL)
    return {counts.most_common(1)[0][0]} if counts else set()


def list_page(
    parsed: LexborHTMLParser, base: str, number: int, known: Iterable[str], own: Callable[[str], str]
) -> ListPage:
    links = [(text_of(node), joined(base, node.attributes.get("href"))) for node in parsed.css("a[href]")]
    ahead = parsed.css_first("a[rel=next],link[rel=next]")
    candidates = [
        *([joined(base, ahead.attributes.get("href"))] if ahead else []),
        *(url for text, url in links if text == str(number + 1)),
        *(url for text, url in links if text.lower() in _NEXT),
    ]
    following = next((own(url) for url in candidates if own(url) and own(url) != own(base)), "")
    return ListPage(article_links(parsed, base, known, own), _last(links, number, following), following)


def _last(links: list[tuple[str, str]], number: int, following: str) -> int:
    """The highest page number: in the text of links shaped like the next page's, and in their addresses."""
    if not following:
        return number
    alike = [(text, url) for text, url in links if shape(url) == shape(following)]
    told = [int(text) for text, _ in alike if text.isdigit() and len(text) < 7]
    numbers = [_DIGITS.findall(urlsplit(url).path + "?" + urlsplit(url).query) for _, url in alike]
    return max([number + 1, *told, *(int(found[-1]) for found in numbers if found and len(found[-1]) < 7)])


def sitemap(text: str, now: datetime) -> tuple[list[Listed], list[str]]:
    """Addresses of a sitemap, and the further sitemaps an index names."""
    pages, further = list[Listed](), list[str]()
    for kind, inside in _LOC.findall(text):
        fields = {name: unescaped(value) for name, value in _FIELD.findall(inside)}
        if not (loc := fields.get("loc", "")):
            continue
        if kind == "sitemap":
            further.append(loc)
        else:
            when = published(fields.get("lastmod", ""), now)
            pages.append(Listed(loc, when[0] if when else None))
    return pages, further
