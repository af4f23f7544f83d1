"""The firm's Z-Blog site: what is new in its feed, the API where it is on, its list and article pages."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import mktime
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
from selectolax.lexbor import LexborHTMLParser

from bot.adapters.site.http import Fetcher, Gone, SiteError
from bot.adapters.site.pages import FoundArticle, Rules, article, clean_body, picture, summary, unescaped

log = logging.getLogger(__name__)

FEED = "/feed.php"
API = "/zb_system/api.php?mod=post&act=list&page={page}&perpage=50&sortby=PostTime&order=desc&with_relations=Category"
_POST = re.compile(r"(?:/post/\d+\.html|[?&]id=\d+)$")
MOST_PAGES = 2000


@dataclass(frozen=True)
class Site:
    """One site. `fetcher` does the asking, `rules` say what belongs to an article."""

    fetcher: Fetcher
    rules: Rules

    def recent(self, validators: Mapping[str, str]) -> tuple[list[FoundArticle], Mapping[str, str]]:
        """The newest articles by the feed, and validators for the next look. Raises SiteError."""
        page = self.fetcher.get(FEED, validators)
        if not page.changed:
            return [], page.validators
        parsed = feedparser.parse(page.text)
        if parsed.bozo and not parsed.entries:
            raise SiteError("the feed is not one")
        found = [self._from_feed(entry) for entry in parsed.entries]
        return [one for one in found if one and one.title and one.body], page.validators

    def by_api(self, start: int = 1) -> Iterator[tuple[int, list[FoundArticle]]]:
        """Every article by the API, a page (its number, articles) at a time; nothing where the API is off."""
        for number in range(start, MOST_PAGES):
            answer = self._api(number)
            rows = answer.get("list") or []
            if not rows:
                return
            yield number, [self._from_api(row) for row in rows if row.get("Type", 0) == 0 and row.get("Status", 0) == 0]
            if number >= int((answer.get("pagebar") or {}).get("PageAll") or number):
                return

    def addresses(self, start: int = 1) -> Iterator[tuple[int, list[str]]]:
        """Addresses of all articles by the list pages, newest first, a page at a time."""
        url, seen = "/", set[str]()
        for number in range(1, MOST_PAGES):
            page = self.fetcher.get(url)
            tree = LexborHTMLParser(page.text)
            links = dict.fromkeys(self._links(tree, page.url))
            fresh = [one for one in links if one not in seen]
            seen.update(fresh)
            if number >= start:
                yield number, fresh
            following = self._next(tree, page.url, number)
            if not following or not fresh:
                return
            url = following

    def read(self, url: str, now: datetime) -> FoundArticle | None:
        """One article page. Raises Gone, SiteError; None where the page shows no article."""
        page = self.fetcher.get(url)
        return article(page.text, page.url, self.rules, now)

    def is_there(self, url: str) -> bool:
        try:
            self.fetcher.get(url)
        except Gone:
            return False
        return True

    def _api(self, number: int) -> dict[str, Any]:
        try:
            answer = json.loads(self.fetcher.get(API.format(page=number)).text)
        except (SiteError, ValueError) as error:
            log.info("the API does not answer", extra={"why": str(error)})
            return {}
        return answer.get("data") or {} if answer.get("code") == 200 else {}

    def _from_feed(self, entry: Any) -> FoundArticle | None:
        url, markup = self._ours(entry.get("link", "")), entry.get("description", "")
        when = _when(entry)
        if not url or when is None:
            return None
        title = unescaped(entry.get("title", ""))
        return self._made(url, title, markup, when, "feed", entry.get("category", ""))

    def _from_api(self, row: Mapping[str, Any]) -> FoundArticle:
        when = datetime.fromtimestamp(int(row["PostTime"]), UTC)
        category = (row.get("Category") or {}).get("Name") or ""
        markup = unescaped(row.get("Content") or "")
        made = self._made(self._ours(row["Url"]), unescaped(row["Title"]), markup, when, "api", category)
        tags = tuple(tag for tag in (row.get("TagsName") or "").split(",") if tag)
        return FoundArticle(**{**_facts(made), "tags": tags})

    def _made(self, url: str, title: str, markup: str, when: datetime, source: str, category: str) -> FoundArticle:
        body = clean_body(markup, self.rules)
        short = summary(body, self.rules.summary_length)
        return FoundArticle(
            url, title, body, when, "second", short, category, picture=picture(markup, url), source=source
        )

    def _links(self, tree: LexborHTMLParser, base: str) -> list[str]:
        anchors = (
            urljoin(base, node.attributes.get("href") or "") for node in tree.css("h1 a, h2 a, h3 a, h4 a, .post a")
        )
        return [url for url in anchors if self._ours(url) and _POST.search(url) and not url.endswith("/0.html")]

    def _next(self, tree: LexborHTMLParser, base: str, number: int) -> str:
        """The next list page: the link whose text is its number."""
        for node in tree.css("a"):
            if node.text(strip=True) == str(number + 1):
                return self._ours(urljoin(base, node.attributes.get("href") or ""))
        return ""

    def _ours(self, url: str) -> str:
        there, here = urlsplit(url), urlsplit(self.fetcher.root)
        return url if (there.hostname, there.port) == (here.hostname, here.port) else ""


def _when(entry: Any) -> datetime | None:
    try:
        return parsedate_to_datetime(entry.get("published", "")).astimezone(UTC)
    except (TypeError, ValueError):
        parsed = entry.get("published_parsed")
        return datetime.fromtimestamp(mktime(parsed), UTC) if parsed else None


def _facts(found: FoundArticle) -> dict[str, Any]:
    return {name: getattr(found, name) for name in FoundArticle.__slots__}
