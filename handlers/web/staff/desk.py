"""What the desk needs of the rest of the house, handed in once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from bot.dialogue.form import Form
from bot.dialogue.lookups import Article, KeywordRule
from bot.store.base import Sessions
from bot.store.replies import Shipped
from bot.store.secrets import Secrets
from bot.understanding.reading import Reading


class Right(Protocol):
    @property
    def name(self) -> str: ...


class Standing(Protocol):
    """Whether the account may do something, and why not (bot.adapters.wechat.capabilities)."""

    @property
    def right(self) -> Right: ...
    @property
    def allowed(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def lacks(self) -> str:
        """A key of desk.toml, why_not."""

    @property
    def refused_at(self) -> datetime | None: ...


class Usage(Protocol):
    """How often a call was made today, and how often it still can be (bot.adapters.wechat.quota)."""

    @property
    def name(self) -> str: ...
    @property
    def used(self) -> int: ...
    @property
    def left(self) -> int | None: ...


class Vital(Protocol):
    """One number about the whole product, and whether somebody should look (bot.vitals)."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float | None: ...
    @property
    def bad(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Tried:
    """What a follower who says this would get. reading: how it was understood."""

    route: str
    reply: str
    reading: Reading = field(default_factory=Reading)


def _unwritten(_title: str, _category: str, _body: str, _url: str) -> tuple[int, str]:
    raise ValueError("there is nobody to take it in")


def _unmade(_scene: str, _days: int) -> tuple[str, str]:
    return "", ""


def _untried(_text: str, _at: datetime, _rules: Iterable[KeywordRule]) -> Tried:
    return Tried("", "")


@dataclass(frozen=True, slots=True)
class OwnWeChat:
    """Signing in by one's own WeChat. closed: "" or why it cannot be had (desk.toml, wechat.closed).

    address: where a browser is sent to bring back a code, from the path it shall come back to and a state. whose: the
    openid of a code, "" where the platform does not accept it. origin: of those addresses.
    """

    closed: Callable[[], str] = lambda: "account"
    address: Callable[[str, str], str] = lambda path, _state: path
    whose: Callable[[str], str] = lambda _code: ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class OwnReplies:
    """What the page about replies needs. shipped: config's. tried: a sentence at a time, with these keyword rules.

    worded: the welcome with everything in braces filled in; raises KeyError, ValueError, IndexError for what it does
    not know. put_menu: puts menus as in config/menu.toml in force; gives what to say (a text of `said`) and why not, if so.
    """

    shipped: Shipped = field(default_factory=lambda: Shipped((), "", {"button": [], "says": {}}))
    tried: Callable[[str, datetime, Iterable[KeywordRule]], Tried] = _untried
    worded: Callable[[str], str] = str
    put_menu: Callable[[Mapping[str, Any]], tuple[str, str]] = lambda _: ("menu_saved", "")


def _now() -> datetime:
    return datetime.now(UTC)


def _nothing(*_: object) -> None:
    """Nobody to tell."""


@dataclass(frozen=True, slots=True)
class Desk:
    """texts: config/desk.toml. score, labels: the tables `score` and `slots` of config/staff.toml. topics: names by key.

    articles: articles by id. channels: names of the staff channels, told when somebody is erased.
    wake: tells a worker that there is something to do, notices unless another job is named.
    forget: drops a follower's conversation. protected: as long a lead stays with its owner from their last step.
    still_open: how many messages a follower may still be sent now; None where the account may send none at all.
    account, usage, vitals: for the page about the health of account and machinery.
    write_article: title, category, body, address ("" = a page here); gives id and address. Raises ValueError.
    make_code: a QR code with this scene for so many days, 0 = for ever; what it holds, or "" and why there is none.
    html_of: a push by its number, ready to be pasted into the platform's editor; "" where there is nothing to paste.
    news: the wording of pushes, the table `news` of config/staff.toml.
    wechat: signing in by one's own WeChat.
    replies: for the page about keyword rules, welcome and menu.
    secure: the desk is reached by https, so the cookie goes by nothing else.
    """

    sessions: Sessions
    secrets: Secrets = field(repr=False)
    secret_key: str = field(repr=False)
    limiter_url: str = field(repr=False)
    texts: Mapping[str, Any]
    form: Form
    score: Mapping[str, Any]
    labels: Mapping[str, str]
    firm: str = ""
    topics: Mapping[str, str] = field(default_factory=dict)
    place: Callable[[str], str] = str
    articles: Callable[[tuple[int, ...]], Sequence[Article]] = lambda _: ()
    channels: tuple[str, ...] = ()
    wake: Callable[..., object] = _nothing
    protected: timedelta = timedelta(days=30)
    forget: Callable[[str], object] = _nothing
    still_open: Callable[[str], int | None] = lambda _: None
    account: Callable[[], Sequence[Standing]] = tuple
    usage: Callable[[], Sequence[Usage]] = tuple
    vitals: Callable[[], Sequence[Vital]] = tuple
    write_article: Callable[[str, str, str, str], tuple[int, str]] = _unwritten
    make_code: Callable[[str, int], tuple[str, str]] = _unmade
    html_of: Callable[[int], str] = lambda _: ""
    news: Mapping[str, str] = field(default_factory=dict)
    wechat: OwnWeChat = field(default_factory=OwnWeChat)
    replies: OwnReplies = field(default_factory=OwnReplies)
    now: Callable[[], datetime] = _now
    secure: bool = False
