"""RSS and Atom feeds as articles. A feed is data from outside: no entities, no half documents, no address to follow."""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser

from bot.adapters.site.addresses import SiteError
from bot.adapters.site.body import markup as body_markup
from bot.adapters.site.cleaning import Cleaning
from bot.adapters.site.markup import markup_lines, picture, tidy, tree, unescaped
from bot.adapters.site.pages import UNDATED, FoundArticle, cleaned

_ROOT = re.compile(r"<(rss|feed|rdf:RDF)[\s>]", re.I)
_END = re.compile(r"</(rss|feed|rdf:RDF)\s*>\s*(<!--.*?-->\s*)*$", re.I | re.S)
_DECLARES = re.compile(r"<!ENTITY|<!DOCTYPE[^>]*(\[|SYSTEM|PUBLIC)", re.I)


def entries(text: str, cleaning: Cleaning) -> list[FoundArticle]:
    """The articles of a feed, as they are written there. Raises SiteError where it is no whole feed."""
    if not _ROOT.search(text[:2000]):
        raise SiteError("the feed is not one")
    if _DECLARES.search(text[:20_000]):
        raise SiteError("the feed declares entities")
    if not _END.search(text[-2000:]):
        raise SiteError("the feed is cut off")
    # As a stream: given a text, feedparser would also fetch an address or open a file of that name.
    try:
        parsed = feedparser.parse(
            io.BytesIO(text.encode()), response_headers={"content-type": "text/xml; charset=utf-8"}
        )
    except (ValueError, OverflowError, RecursionError):  # of characters that are none, such as &#xd800;
        raise SiteError("the feed cannot be read") from None
    return [found for entry in parsed.entries if (found := _article(entry, cleaning))]


def _article(entry: Any, cleaning: Cleaning) -> FoundArticle | None:
    url, title, markup = entry.get("link") or "", tidy(unescaped(entry.get("title") or "")), _markup(entry)
    if not url or not title:
        return None
    when = _when(entry)
    found = FoundArticle(
        url=url,
        title=title,
        body="",
        published=when or UNDATED,
        precision="second" if when else "unknown",
        category=_category(entry),
        author=_author(entry),
        picture=picture(tree(markup).body, url),
        source="feed",
        lines=tuple(markup_lines(markup)),
        html=body_markup(tree(markup).body, url),
    )
    return cleaned(found, cleaning)


def _markup(entry: Any) -> str:
    """The whole text where a feed has both an extract and the whole."""
    texts: list[str | None] = [entry.get("summary"), *(part.get("value") for part in entry.get("content") or ())]
    return max((text or "" for text in texts), key=len)


def _category(entry: Any) -> str:
    terms = (tidy(tag.get("term") or "") for tag in entry.get("tags", ()))
    return next((term for term in terms if term), "")


def _author(entry: Any) -> str:
    """A name; feeds also give addresses there, which are nobody's business."""
    name = tidy(entry.get("author", "") or "")
    return "" if "@" in name else name


def _when(entry: Any) -> datetime | None:
    return next((moment for moment in _moments(entry) if moment), None)


def _moments(entry: Any) -> Iterator[datetime | None]:
    for name in ("published", "updated"):
        if entry.get(name):
            yield _mail_date(entry[name])
            parsed = entry.get(f"{name}_parsed")
            yield _moment(parsed) if parsed else None


def _moment(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _mail_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
