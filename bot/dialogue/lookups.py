"""What a handler may ask while it answers: it can look up, and has nothing to write with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from bot.understanding.reading import Reading


@dataclass(frozen=True, slots=True)
class Article:
    """An article as followers see it. `published` has a zone; `topics` are topic keys."""

    id: int
    title: str
    summary: str
    url: str
    picture: str
    published: datetime
    topics: tuple[str, ...] = ()
    category: str = ""


AT_ONCE = 5
"""Articles a follower is shown at once, and that a search tells: the others can be had by their ids."""


@dataclass(frozen=True, slots=True)
class Found:
    """Articles that match a message, best first. `answered` is false where the index has nothing good to offer.

    close: nothing answers, but the first articles are near enough to be offered as that.
    more: the ids of what follows after these articles.
    clear: the first one stands out so far that it alone is the answer.
    topic: key of the topic the message names, if it names one.
    read_as: how the message was read, where that is not how it was written (a slip, pinyin).
    period: the time the message names, in its own words; missed_period: there is nothing of then, these are others.
    """

    articles: tuple[Article, ...]
    answered: bool
    close: bool = False
    more: tuple[int, ...] = ()
    clear: bool = False
    topic: str = ""
    read_as: str = ""
    period: str = ""
    missed_period: bool = False


class Articles(Protocol):
    """The index as handlers see it; none of these touches the database."""

    def search(self, text: str, limit: int = 30) -> Found:
        """Tells the first AT_ONCE articles and names the others."""

    def get(self, ids: tuple[int, ...]) -> tuple[Article, ...]:
        """Those of the articles that still exist, in the order asked for."""

    def related(self, article_id: int, limit: int = 5) -> tuple[Article, ...]: ...
    def newest(self, topic: str = "", limit: int = 10) -> tuple[Article, ...]: ...


@dataclass(frozen=True, slots=True)
class Topic:
    """An industry chain; `key` is stable, `name` is what followers read, `words` are other names for it."""

    key: str
    name: str
    words: tuple[str, ...] = ()
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Advisor:
    """The person behind the account. `qr_media_id` or `qr_url` show a QR picture, if there is one."""

    name: str
    phone: str
    wechat: str
    qr_url: str = ""
    qr_media_id: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """A fixed answer of the firm: `match` is exact or contains; `hours` like 09:00-18:00, empty = always."""

    words: tuple[str, ...]
    answer: str
    match: str = "contains"
    priority: int = 0
    hours: str = ""


@dataclass(frozen=True, slots=True)
class OpenLead:
    """The follower's lead that staff are working on, with the number and the values that are theirs to see."""

    number: str
    slots: Mapping[str, Any]
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the menu as words: says what is said for a follower who taps it, or url, where it leads. group: the
    number of the entry at the bottom that it stands over."""

    name: str
    says: str = ""
    url: str = ""
    group: int = 0


@dataclass(frozen=True, slots=True)
class WaitingNews:
    """News that could not be pushed and goes out with the follower's next reply.

    later: not yet, for they want to hear daily or weekly; worth another look at their next message.
    """

    broadcasts: tuple[int, ...]
    articles: tuple[Article, ...]
    later: bool = False


class Phrases(Protocol):
    """The firm's wording, by name; placeholders are filled from `facts`. An unknown name is a KeyError."""

    def __call__(self, name: str, /, **facts: object) -> str: ...


class Heard(Protocol):
    """Fixed ways of saying something, e.g. heard("more", text); `after` gives what follows such a beginning."""

    def __call__(self, name: str, text: str) -> bool: ...
    def after(self, name: str, text: str) -> str: ...


class Understand(Protocol):
    def __call__(self, text: str, asked: str | None = None) -> Reading: ...


@dataclass(frozen=True, slots=True)
class Lookups:
    """Everything a handler can ask; data and functions, so that a test hands in what it needs.

    wants_human: whether a person is asked for, in whatever words; understand knows it too, for more work.
    form: the inquiry's questions (bot.dialogue.form.Form); typed there to keep this module free of it.
    latest_broadcast: number of the newest broadcast with news that waits for replies; 0 = none.
    waiting_news: asked only when `latest_broadcast` is newer than the conversation's `news_checked`.
    open_lead: the follower's own, by openid, within 180 days; never by a phone, which anybody can type.
    place: the name of a place by its adcode, for echo and card.
    entries: of the menu, for accounts that may have none to show; none for the others.
    hands_over: the account may transfer to human agents of the platform.
    site: the firm's site address; firm: its name.
    page: the address of the inquiry as a page, for this follower and some hours; "" where there is none.
    trail: the address of an article as a follower is given it, by openid. address: the same for who is answered.
    """

    say: Phrases
    heard: Heard
    understand: Understand
    wants_human: Callable[[str], bool]
    articles: Articles
    topics: tuple[Topic, ...]
    advisor: Advisor
    keywords: Iterable[KeywordRule]
    menu: Mapping[str, str]
    form: Any
    latest_broadcast: Callable[[], int]
    waiting_news: Callable[[str], WaitingNews]
    open_lead: Callable[[str], OpenLead | None]
    entries: Callable[[], tuple[Entry, ...]] = tuple
    hands_over: bool = False
    pushes: bool = False
    firm: str = ""
    site: str = ""
    place: Callable[[str], str] = str
    page: Callable[[str, datetime], str] = lambda *_: ""
    trail: Callable[[str, Article], str] = lambda _, article: article.url
    address: Callable[[Article], str] = lambda article: article.url


class SearchedOnce:
    """The articles while one message is answered: several rows of the table of routes search for the same words."""

    def __init__(self, articles: Articles) -> None:
        self._found: dict[tuple[str, int], Found] = {}
        self._search = articles.search
        self.get, self.related, self.newest = articles.get, articles.related, articles.newest

    def search(self, text: str, limit: int = 30) -> Found:
        if (text, limit) not in self._found:
            self._found[text, limit] = self._search(text, limit)
        return self._found[text, limit]


def for_one_message(lookups: Lookups, openid: str) -> Lookups:
    """Each search is done once, and links are for this follower."""
    return replace(lookups, articles=SearchedOnce(lookups.articles), address=partial(lookups.trail, openid))
