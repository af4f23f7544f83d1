"""Rows of Z-Blog's JSON API as articles; a row that makes no sense is left out, not guessed at."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.adapters.site.addresses import SiteError
from bot.adapters.site.body import markup as body_markup
from bot.adapters.site.cleaning import Cleaning
from bot.adapters.site.markup import markup_lines, picture, tidy, tree, unescaped
from bot.adapters.site.pages import FoundArticle, cleaned

PATH = "/zb_system/api.php?mod=post&act=list&page={page}&perpage=50&sortby={sort}&order=desc&with_relations=Category"
NEWEST, EDITED = "PostTime", "UpdateTime"


@dataclass(frozen=True, slots=True)
class ApiPage:
    """One page of the list. total: all posts; last: the last page; edited: when the oldest row here was changed."""

    number: int
    last: int
    total: int
    articles: tuple[FoundArticle, ...]
    edited: datetime | None = None
    broken: int = 0


def api_page(text: str, number: int, cleaning: Cleaning) -> ApiPage:
    """Raises SiteError where the answer is not one of the API's, or says no."""
    try:
        answer = json.loads(text)
        data = answer["data"]
        rows, bar = data["list"] or [], data["pagebar"]
        last, total = int(bar["PageAll"]), int(bar["AllCount"])
        code = answer["code"]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise SiteError("the API's answer makes no sense") from None
    if code != 200 or not isinstance(rows, list) or (not rows and total > 0 and number <= last):
        raise SiteError(f"the API answers {str(code)[:20]} with {len(rows) if isinstance(rows, list) else 'no'} rows")
    found = [_article(row, cleaning) for row in rows if _is_public(row)]
    edited = [when for row in rows if (when := _moment(row, "UpdateTime"))]
    return ApiPage(
        number, last, total, tuple(one for one in found if one), min(edited, default=None), found.count(None)
    )


def _is_public(row: object) -> bool:
    """An article and published: Z-Blog's pages, drafts and those under review are not."""
    if not isinstance(row, dict):
        return True  # broken, and counted as such
    return str(row.get("Type", 0)) == "0" and str(row.get("Status", 0)) == "0"


def _article(row: object, cleaning: Cleaning) -> FoundArticle | None:
    if not isinstance(row, dict) or not isinstance(row.get("Url"), str) or not isinstance(row.get("Title"), str):
        return None
    when, markup = _moment(row, "PostTime"), _markup(str(row.get("Content") or ""))
    title = tidy(unescaped(row["Title"]))
    if when is None or not title:
        return None
    found = FoundArticle(
        url=row["Url"],
        title=title,
        body="",
        published=when,
        category=_name(row.get("Category"), "Name"),
        tags=tuple(tag for tag in map(tidy, str(row.get("TagsName") or "").split(",")) if tag),
        author=_name(row.get("Author"), "StaticName"),
        picture=picture(tree(markup).body, row["Url"]),
        source="api",
        lines=tuple(markup_lines(markup)),
        html=body_markup(tree(markup).body, row["Url"]),
    )
    return cleaned(found, cleaning)


def _markup(content: str) -> str:
    """The API gives HTML escaped once more; plugins that give it as it is are understood, too."""
    return content if "<" in content else html.unescape(content)


def _name(related: object, field: str) -> str:
    return tidy(str(related.get(field) or "")) if isinstance(related, Mapping) else ""


def _moment(row: Any, field: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(row[field]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
