"""The firm's site: what is new in its feed, the API where it is on, list pages, sitemap and article pages."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from bot.adapters.site.api import EDITED, NEWEST, PATH, ApiPage, api_page
from bot.adapters.site.feeds import entries
from bot.adapters.site.guessing import completed, guessed
from bot.adapters.site.http import Fetcher, Gone, Later, SiteError
from bot.adapters.site.induced import Sample, fits, induced
from bot.adapters.site.listing import LONGEST_URL, Listed, ListPage, list_page, same_address, shape, sitemap
from bot.adapters.site.markup import text_of, tree
from bot.adapters.site.pages import FoundArticle, Rules, Theme, article

log = logging.getLogger(__name__)

FEED = "/feed.php"
SITEMAP = "/sitemap.xml"
SITEMAPS = 20
SAMPLES = 4
HOME = ("", "/", "/index.php", "/index.html", "/index.php/")


@dataclass
class Site:
    """One site. `fetcher` does the asking, `rules` say what belongs to an article.

    learned: the theme the site taught us, tried before those we were shipped with. feed: where its feed is.
    _examples: for each shape of addresses known to be articles one that has it; a site has tens of thousands of those.
    """

    fetcher: Fetcher
    rules: Rules
    learned: Theme | None = None
    feed: str = FEED
    _examples: dict[str, str] = field(default_factory=dict)

    def recent(self, validators: Mapping[str, str]) -> tuple[list[FoundArticle], Mapping[str, str]]:
        """The newest articles by the feed, and validators for the next look. Raises SiteError."""
        page = self.fetcher.get(self.feed, validators, tries=1)
        if not page.changed:
            return [], page.validators
        found = [one for one in entries(page.text, self.rules.cleaning) if self.own(one.url)]
        return self._ours(found), page.validators

    def by_api(self, start: int = 1, sort: str = NEWEST) -> Iterator[ApiPage]:
        """Every article by the API, a page at a time; nothing where the API is off. Raises SiteError midway."""
        number = start
        while True:
            page = self._api(number, sort, first=number == start)
            if page is None:
                return
            yield page
            number += 1
            if number > page.last:
                return

    def edited(self, since: datetime) -> Iterator[ApiPage]:
        """What was changed since then, by the API, latest change first."""
        for page in self.by_api(sort=EDITED):
            yield page
            if page.edited is None or page.edited <= since:
                return

    def list_pages(self, start: int = 1, url: str = "/") -> Iterator[tuple[int, str, ListPage]]:
        """The list pages with their numbers and addresses, newest first. Raises SiteError where one is not whole,
        or shows no article although there should be some."""
        number, seen = start, set[str]()
        while url and url not in seen:
            seen.add(url)
            page = self.fetcher.get(url)
            self._whole(page.text)
            found = list_page(tree(page.text), page.url, number, self._examples.values(), self.own)
            if not found.urls:
                raise SiteError(f"no articles on list page {number}: {page.url}")
            yield number, url, found
            number, url = number + 1, found.following

    def in_sitemap(self, now: datetime) -> Iterator[Listed]:
        """Addresses in the sitemap, articles or not; nothing where there is none."""
        waiting, read = [SITEMAP], 0
        while waiting and read < SITEMAPS:
            try:
                page = self.fetcher.get(waiting.pop(0), tries=1)
            except Later:
                raise
            except SiteError:
                continue
            read += 1
            listed, further = sitemap(page.text, now)
            waiting += [url for url in map(self.own, further) if url]
            yield from (Listed(own, one.changed) for one in listed if (own := self.own(one.url)))

    def read(self, url: str, now: datetime) -> FoundArticle | None:
        """One article page. Raises Gone, SiteError; None where the page shows no article."""
        text, at = self._page(url)
        found = article(text, at, self._themes(), self.rules.cleaning, now) or guessed(text, at, self.rules, now)
        if found is None:
            return None
        if not found.category or found.precision == "unknown":
            found = completed(found, text, now)
        return replace(found, url=self._canonical(found.url, at))

    def learn(self, known: Sequence[FoundArticle], now: datetime) -> Theme | None:
        """What their pages teach about the theme; None where a theme we have fits, or nothing can be learned."""
        samples = [sample for one in known[:SAMPLES] if (sample := self._sample(one))]
        if any(fits(theme, samples, now) for theme in self.rules.themes):
            return None
        self.learned = induced(samples, now)
        return self.learned

    def knows(self, urls: Iterable[str]) -> None:
        """Addresses that are articles: what list pages link to is compared with them."""
        self._examples.update((shape(url), url) for url in urls)

    def own(self, url: str) -> str:
        """The one spelling of an address at this site; empty for every other one."""
        return same_address(url, self.fetcher.root) if len(url) <= LONGEST_URL and self.fetcher.is_ours(url) else ""

    def _sample(self, known: FoundArticle) -> Sample | None:
        try:
            return Sample.of(self._page(known.url)[0], known)
        except Later:
            raise
        except SiteError as error:
            log.info("a page to learn from cannot be read", extra={"url": known.url, "why": str(error)})
            return None

    def _page(self, url: str) -> tuple[str, str]:
        page = self.fetcher.get(url)
        self._whole(page.text)
        at_home = urlsplit(page.url).path in HOME and not urlsplit(page.url).query
        if at_home and self.own(page.url) != self.own(url):
            raise Gone(f"led home: {url}")
        if self.rules.gone_titles.search(text_of(tree(page.text).css_first("title"))):
            raise Gone(f"says so: {url}")
        return page.text, page.url

    def _canonical(self, told: str, at: str) -> str:
        """What the page calls itself, unless it means another site or the home page."""
        own = self.own(told)
        return own if own and urlsplit(own).path not in HOME else self.own(at)

    def _themes(self) -> tuple[Theme, ...]:
        return (self.learned, *self.rules.themes) if self.learned else self.rules.themes

    def _whole(self, text: str) -> None:
        if self.rules.whole_page and self.rules.whole_page not in text[-20_000:].lower():
            raise SiteError("half a page")

    def _api(self, number: int, sort: str, *, first: bool) -> ApiPage | None:
        """A page of the API's list, or None: the first one tells whether it is on at all."""
        try:
            text = self.fetcher.get(PATH.format(page=number, sort=sort), tries=1 if first else 3).text
            page = api_page(text, number, self.rules.cleaning)
        except Later:
            raise
        except SiteError as error:
            if not first or number > 1:
                raise
            log.info("the API does not answer", extra={"why": str(error)})
            return None
        return replace(page, articles=tuple(self._ours(page.articles)))

    def _ours(self, found: Iterable[FoundArticle]) -> list[FoundArticle]:
        ours = [replace(one, url=own) for one in found if (own := self.own(one.url)) and one.body]
        self.knows(one.url for one in ours)
        return ours
