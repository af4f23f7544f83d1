"""What this kind of account may do and why not, and what the platform has refused it so far (reference §11)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.adapters.redis_scripts import TROUBLE, Client
from bot.adapters.wechat.errors import NoRight, PlatformError
from bot.adapters.wechat.wire import Watch

UNVERIFIED_SUBSCRIPTION, SUBSCRIPTION = "subscription-unverified", "subscription"
UNVERIFIED_SERVICE, SERVICE = "service-unverified", "service"
ACCOUNTS = (UNVERIFIED_SUBSCRIPTION, SUBSCRIPTION, UNVERIFIED_SERVICE, SERVICE)
_ALL = frozenset(ACCOUNTS)
_VERIFIED = frozenset({SUBSCRIPTION, SERVICE})
_SERVICE = frozenset({SERVICE})

_NEEDS_VERIFYING = "only for verified accounts of a company (仅认证)"
_NEEDS_SERVICE = "only for verified service accounts (认证服务号)"
_LACKS = {_NEEDS_VERIFYING: "verified", _NEEDS_SERVICE: "service"}
REFUSAL_BELIEVED = timedelta(days=1)
"""After this the call is tried again: rights come with verification, and nobody tells us."""


@dataclass(frozen=True, slots=True)
class Right:
    """One ability: `calls` are beginnings of API paths, `accounts` who has it, `otherwise` why the others do not."""

    name: str
    means: str
    calls: tuple[str, ...]
    accounts: frozenset[str]
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The platform answered 48001 to `call` at `at`."""

    call: str
    at: datetime
    message: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of the table staff read. lacks: what it takes (verified, service), or refused, since `refused_at`."""

    right: Right
    allowed: bool
    reason: str
    lacks: str = ""
    refused_at: datetime | None = None


# Unverified service accounts may not publish by the guide, although one table still lists it; menus the same
# (reference §14, 2 and 11). The stricter reading only means that staff do by hand what might have worked.
RIGHTS: tuple[Right, ...] = (
    Right("replies", "receive messages and reply within five seconds", (), _ALL),
    Right("material", "upload pictures", ("media/", "material/"), _ALL),
    Right("drafts", "put articles into the draft box", ("draft/",), _ALL),
    Right("shown_menu", "see the menu in use", ("get_current_selfmenu_info",), _ALL),
    Right("menu", "make the menu from config", ("menu/",), _VERIFIED, _NEEDS_VERIFYING),
    Right(
        "customer_messages", "write to a follower within 48 hours", ("message/custom/",), _VERIFIED, _NEEDS_VERIFYING
    ),
    Right("hand_over", "hand a follower over to human agents", ("customservice/kf",), _VERIFIED, _NEEDS_VERIFYING),
    Right("publish", "publish drafts", ("freepublish/",), _VERIFIED, _NEEDS_VERIFYING),
    Right("users", "list followers", ("user/",), _VERIFIED, _NEEDS_VERIFYING),
    Right("tags", "keep tags in step with subscriptions", ("tags/",), _VERIFIED, _NEEDS_VERIFYING),
    Right("mass_to_tag", "mass send to a tag", ("message/mass/sendall",), _VERIFIED, _NEEDS_VERIFYING),
    Right("mass_preview", "preview a mass send", ("message/mass/preview",), _VERIFIED, _NEEDS_VERIFYING),
    Right("mass_to_followers", "mass send to chosen followers", ("message/mass/send",), _SERVICE, _NEEDS_SERVICE),
    Right("templates", "send template messages", ("message/template/",), _SERVICE, _NEEDS_SERVICE),
    Right("notices", "send subscription notices", ("message/subscribe/",), _SERVICE, _NEEDS_SERVICE),
    Right("web_sign_in", "sign staff in by their own WeChat", ("sns/",), _SERVICE, _NEEDS_SERVICE),
    Right("qr_codes", "make QR codes with a scene", ("qrcode/",), _SERVICE, _NEEDS_SERVICE),
)


_BY_NAME: Mapping[str, Right] = {right.name: right for right in RIGHTS}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """By kind of account, less what the platform has refused."""

    account: str
    refusals: tuple[Refusal, ...] = ()

    @classmethod
    def of(cls, account: str) -> Capabilities:
        if account not in ACCOUNTS:
            raise ValueError(f"no such kind of account: {account}")
        return cls(account)

    def reduced_by(self, refusals: tuple[Refusal, ...]) -> Capabilities:
        return Capabilities(self.account, refusals)

    def table(self) -> tuple[Standing, ...]:
        return tuple(self._standing(right) for right in RIGHTS)

    def may(self, name: str) -> bool:
        """By the name of a right; a name that does not exist is a KeyError."""
        return self._standing(_BY_NAME[name]).allowed

    def __contains__(self, name: str) -> bool:
        return self.may(name)

    def __iter__(self) -> Iterator[str]:
        return (standing.right.name for standing in self.table() if standing.allowed)

    def _standing(self, right: Right) -> Standing:
        if self.account not in right.accounts:
            return Standing(right, False, right.otherwise, _LACKS[right.otherwise])
        for refusal in self.refusals:
            if right_of(refusal.call) is right:
                reason = f"the platform refused {refusal.call} on {refusal.at:%Y-%m-%d %H:%M} UTC"
                return Standing(right, False, reason, "refused", refusal.at)
        return Standing(right, True, "")

    @property
    def is_service(self) -> bool:
        return self.account in (SERVICE, UNVERIFIED_SERVICE)

    @property
    def pushes(self) -> bool:
        """Whether news can reach a follower who says nothing."""
        return self.mass_to_tag or self.mass_to_followers or self.templates or self.customer_messages

    @property
    def customer_messages(self) -> bool:
        return self.may("customer_messages")

    @property
    def hand_over(self) -> bool:
        return self.may("hand_over")

    @property
    def menu(self) -> bool:
        return self.may("menu")

    @property
    def drafts(self) -> bool:
        return self.may("drafts")

    @property
    def publish(self) -> bool:
        return self.may("publish")

    @property
    def users(self) -> bool:
        return self.may("users")

    @property
    def tags(self) -> bool:
        return self.may("tags")

    @property
    def mass_to_tag(self) -> bool:
        return self.may("mass_to_tag")

    @property
    def mass_to_followers(self) -> bool:
        return self.may("mass_to_followers")

    @property
    def mass_preview(self) -> bool:
        return self.may("mass_preview")

    @property
    def templates(self) -> bool:
        return self.may("templates")

    @property
    def notices(self) -> bool:
        return self.may("notices")

    @property
    def qr_codes(self) -> bool:
        return self.may("qr_codes")


def right_of(call: str) -> Right | None:
    """The right a call needs: the one with the longest beginning that fits."""
    fitting = [(len(start), right) for right in RIGHTS for start in right.calls if call.startswith(start)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


class Refusals:
    """48001 answers, remembered in Redis for all processes: which call, and when last."""

    def __init__(self, redis: Client, app_id: str) -> None:
        self._redis = redis
        self._key = f"wx:{{{app_id}}}:refused"

    def note(self, call: str, at: datetime, message: str = "") -> None:
        self._redis.hset(self._key, call, json.dumps([at.timestamp(), message]))

    def forget(self, call: str) -> None:
        self._redis.hdel(self._key, call)

    def standing(self, now: datetime) -> tuple[Refusal, ...]:
        """Those young enough to be believed; none where Redis is away, for then the platform will say it again."""
        with suppress(*TROUBLE):
            return tuple(refusal for refusal in self.all() if now - refusal.at < REFUSAL_BELIEVED)
        return ()

    def all(self) -> tuple[Refusal, ...]:
        rows: Mapping[bytes | str, bytes | str] = self._redis.hgetall(self._key)
        return tuple(sorted((_refusal(call, facts) for call, facts in rows.items()), key=lambda refusal: refusal.call))

    def watch(self, now: Callable[[], datetime]) -> Watch:
        """For Platform: remembers a refusal, and forgets it when the same call goes through."""
        known: set[str] = set()

        def seen(call: str, error: PlatformError | None, _seconds: float) -> None:
            with suppress(*TROUBLE):  # the call itself is done, whatever becomes of our notes
                if isinstance(error, NoRight):
                    known.add(call)
                    self.note(call, now(), error.message)
                elif error is None and call in known:
                    known.discard(call)
                    self.forget(call)

        return seen


def _refusal(call: bytes | str, facts: bytes | str) -> Refusal:
    at, message = json.loads(facts)
    return Refusal(call.decode() if isinstance(call, bytes) else call, datetime.fromtimestamp(at, UTC), message)
