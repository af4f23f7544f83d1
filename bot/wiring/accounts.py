"""The official account: what it may do, what it has left, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from bot.adapters.wechat.capabilities import Capabilities, Refusals, Standing
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.errors import PlatformError
from bot.adapters.wechat.quota import Ledger, Usage
from bot.adapters.wechat.token import TokenStore
from bot.adapters.wechat.weblogin import WebLogin
from bot.store.clock import SharedClock
from bot.tagging import made_again, still_there
from bot.wiring.common import Base


@dataclass(frozen=True, slots=True)
class Account:
    """The firm's account at the platform: its calls, what is left of them, and of which kind it is."""

    platform: Platform
    ledger: Ledger
    refusals: Refusals
    kind: Capabilities

    @property
    def rights(self) -> Capabilities:
        """What it may do now; refusals come and go while a process runs."""
        return self.kind.reduced_by(self.refusals.standing(datetime.now(UTC)))

    def usage(self, now: datetime) -> tuple[Usage, ...]:
        """What is used and left of mass sends, where it may send any, and of today's calls."""
        mass = (self.ledger.mass_usage(now),) if self.rights.mass_to_tag else ()
        return (*mass, *self.ledger.usage(now))

    def standing(self) -> tuple[Standing, ...]:
        return self.rights.table()

    def is_allowed(self, right: str) -> bool:
        """Whether it may do this now, by the name of a right."""
        return self.rights.may(right)


def web_login_of(made: Base, account: Account) -> WebLogin:
    wechat = made.settings.wechat
    return WebLogin(
        account.platform, wechat.open_base, made.settings.public_url, lambda: account.is_allowed("web_sign_in")
    )


def tag_of(made: Base, platform: Platform, topic: str) -> int:
    """The topic's tag at the platform, on all who follow it. Raises PlatformError."""
    return made_again(platform, made.sessions, topic, _called(made, topic), SharedClock(made.sessions))


def bare_tag_of(made: Base, platform: Platform, topic: str) -> int:
    """The same for whoever cannot wait until it is on all of them: a worker does that. Raises PlatformError."""
    return still_there(platform, made.sessions, topic, _called(made, topic))


def _called(made: Base, topic: str) -> str:
    names = {row["key"]: str(row["name"]) for row in made.texts["topics"]["topic"]}
    return names.get(topic, topic)


def account_of(made: Base) -> Account:
    wechat = made.settings.wechat
    kind = Capabilities.of(wechat.account)
    ledger = Ledger(made.redis, wechat.app_id, kind.is_service)
    refusals = Refusals(made.redis, wechat.app_id)
    now = partial(datetime.now, UTC)
    counted, refused = ledger.watch(now), refusals.watch(now)

    def watch(call: str, error: PlatformError | None, seconds: float) -> None:
        counted(call, error, seconds)
        refused(call, error, seconds)

    platform = Platform(
        wechat.app_id, wechat.app_secret, wechat.api_base, tokens_of(made), watch=watch, today=ledger.today(now)
    )
    return Account(platform, ledger, refusals, kind)


def tokens_of(made: Base) -> TokenStore:
    return TokenStore(made.redis, made.vault, made.settings.wechat.app_id)
