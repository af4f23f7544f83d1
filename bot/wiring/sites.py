"""Where articles come from: the firm's own site, other feeds, and what staff write here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from bot.adapters.site.pages import Rules, Theme
from bot.search.duplicates import Story, Twins
from bot.store import articles as stored
from bot.store import broadcasts
from bot.store.base import reading
from bot.store.lines import Threshold
from bot.taking import Taker
from bot.wiring.common import Base
from bot.wiring.library import Library

if TYPE_CHECKING:
    from bot.adapters.site.http import Fetcher
    from bot.adapters.site.other import OtherFeed
    from bot.adapters.site.site import Site


def site_rules(made: Base) -> Rules:
    return Rules.from_toml(made.texts["site"])


def site_of(made: Base) -> Site | None:
    """The firm's site with what is known of its theme, or None where no address is given."""
    from bot.adapters.site.site import Site  # reading sites takes much code that only workers need

    settings = made.settings
    if not settings.site_url:
        return None
    with reading(made.sessions) as session:
        theme = stored.remembered(session, "theme").get("theme")
    return Site(_fetcher(made, settings.site_url), site_rules(made), Theme(**theme) if theme else None)


def other_feeds(made: Base) -> list[OtherFeed]:
    """The feeds that config/site.toml names beside the firm's site."""
    from bot.adapters.site.http import root
    from bot.adapters.site.other import OtherFeed

    cleaning = site_rules(made).cleaning
    rows = made.texts["site"].get("feed", [])
    return [
        OtherFeed(row["name"], row["url"], _fetcher(made, root(row["url"])), cleaning, row.get("category", ""))
        for row in rows
    ]


def tail_of(made: Base) -> str:
    """What stands under every article of a draft: where it comes from, and whose it is."""
    news = made.texts["staff"]["news"]
    return f"{news['source']}\n{news['copyright']}"


def html_of(made: Base, number: int) -> str:
    """A broadcast as HTML for staff to paste; empty where there is no such number, or none of its articles is left."""
    from bot.layout import page, titled  # code that only few processes need

    with reading(made.sessions) as session:
        preview = broadcasts.show(session, number)
    return page(titled(preview.stories, preview.broadcast.title), tail_of(made)) if preview else ""


def pictures_of(made: Base, site: Site | None) -> Callable[[str], bytes] | None:
    """Files of the site, and of the hosts where it keeps its pictures, by their addresses."""
    from bot.adapters.site.http import file_of, root

    if site is None:
        return None
    hosts = made.texts["site"].get("picture_hosts", [])
    return partial(file_of, [site.fetcher, *(_fetcher(made, root(one)) for one in hosts)])


def _fetcher(made: Base, address: str) -> Fetcher:
    from bot.adapters.site.http import Fetcher

    rules, private = made.texts["site"], made.settings.site_private
    return Fetcher(
        address,
        rules["user_agent"],
        private=private,
        pause=0.0 if private else rules["seconds_between"],
        timeout=rules["timeout"],
        longest=rules["longest"],
        most_bytes=rules["most_bytes"],
    )


def own_page(made: Base, ending: str) -> stored.Article | None:
    """An article that staff wrote here, by the end of its address."""
    with reading(made.sessions) as session:
        return stored.own_page(session, ending)


def taker_of(made: Base, library: Library) -> Taker:
    """What takes in an article, whoever brings it: the site, a feed, staff."""
    twins = Twins(library.index)

    def same_story(article_id: int, content: stored.Content) -> int | None:
        near = twins.original_of(Story(article_id, content.title, content.body, content.published_at))
        with reading(made.sessions) as session:
            return stored.earlier_with(session, content.hash, article_id) or stored.still_here(session, near)

    threshold = Threshold(made.texts["site"]["boilerplate_from"])
    cleaning, now = site_rules(made).cleaning, partial(datetime.now, UTC)
    return Taker(made.sessions, cleaning, library.taxonomy.assign, same_story, now, threshold)
