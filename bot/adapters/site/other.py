"""Any RSS or Atom feed as another source of articles, named in config/site.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from bot.adapters.site.cleaning import Cleaning
from bot.adapters.site.feeds import entries
from bot.adapters.site.hrefs import joined
from bot.adapters.site.http import Fetcher
from bot.adapters.site.listing import LONGEST_URL, same_address
from bot.adapters.site.pages import FoundArticle

SHORTEST = 60
"""An entry with less text only points at an article: there is nothing to answer with."""


@dataclass(frozen=True)
class OtherFeed:
    """A feed by its address. category: what its articles are filed under when they name none."""

    name: str
    url: str
    fetcher: Fetcher
    cleaning: Cleaning
    category: str = ""

    def recent(self, validators: Mapping[str, str]) -> tuple[list[FoundArticle], Mapping[str, str]]:
        """Its articles, and validators for the next look. Raises SiteError."""
        page = self.fetcher.get(self.url, validators, tries=1)
        if not page.changed:
            return [], page.validators
        found = (self._placed(one) for one in entries(page.text, self.cleaning))
        return [one for one in found if one and len(one.body) >= SHORTEST], page.validators

    def _placed(self, found: FoundArticle) -> FoundArticle | None:
        url = joined(self.url, found.url)
        if urlsplit(url).scheme not in ("http", "https") or len(url) > LONGEST_URL:
            return None
        return replace(found, url=same_address(url, url), category=found.category or self.category)
