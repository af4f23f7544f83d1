"""What can go wrong with a call to the platform, split by what to do next.

PlatformError
├── Busy             nothing was done; try again after `wait`
│   └── SomeFailed   only `openids` are still to be done
├── QuotaUsed        nothing was done; try again when the `turn` (day, period) is over
├── TokenRefused     nothing was done; the access token is refused even after one renewal
├── RecipientLost    drop this recipient, `why`: unfollowed, window, consent, blocked, unknown
├── BadRequest       our request is wrong: never send it again unchanged
├── NeedsOperator    stop this feature and tell a person (`ip`: the address to put on the whitelist)
│   └── NoRight      the account has no right to this call
├── Unsure           it may or may not have been done: never repeat blindly
└── AlreadyDone      it had been done before, as job `msg_id`: a success
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import resources

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reaction:
    """One row of errcodes.toml, which explains the words."""

    does: str
    means: str
    wait: str | int = 0
    loses: str = ""
    alert: bool = False


class PlatformError(Exception):
    """`code` is None where the platform gave no answer of its own. The text never holds a token or secret."""

    def __init__(self, code: int | None, message: str, rid: str = "", call: str = "") -> None:
        super().__init__(code, message, rid, call)
        self.code, self.message, self.rid, self.call = code, message, rid, call

    @property
    def reaction(self) -> Reaction:
        return reaction_to(self.code) if self.code is not None else _UNKNOWN

    def __str__(self) -> str:
        parts = (self.call, "" if self.code is None else str(self.code), self.message, self.rid and f"(rid {self.rid})")
        return " ".join(part for part in parts if part)


class Busy(PlatformError):
    """Retry later."""

    wait: timedelta = timedelta(0)


class SomeFailed(Busy):
    """45171: the others are done."""

    openids: tuple[str, ...] = ()


class QuotaUsed(PlatformError):
    """`turn` is `day`, or `period`: the day for subscription and the month for service accounts."""

    turn: str = "day"


class TokenRefused(PlatformError):
    pass


class RecipientLost(PlatformError):
    """`why` = window means: may be written to again as soon as they act."""

    why: str = "unknown"


class BadRequest(PlatformError):
    pass


class NeedsOperator(PlatformError):
    """`wait` is set where the platform says how long its own refusal lasts."""

    ip: str = ""
    wait: timedelta = timedelta(0)


class NoRight(NeedsOperator):
    pass


class Unsure(PlatformError):
    pass


class AlreadyDone(PlatformError):
    msg_id: str = ""


_UNKNOWN = Reaction("alert_operator", "not in our table of return codes")

# Where the reaction alone does not say which class: these codes mean something of their own.
_OWN_CLASS: Mapping[int, type[PlatformError]] = {
    45009: QuotaUsed,
    45028: QuotaUsed,
    45171: SomeFailed,
    48001: NoRight,
    40200: NoRight,
}
_CLASS: Mapping[str, type[PlatformError]] = {
    "retry_now": Busy,
    "back_off": Busy,
    "refresh_token_and_retry": TokenRefused,
    "drop_recipient": RecipientLost,
    "fix_request": BadRequest,
    "alert_operator": NeedsOperator,
    "treat_as_done": AlreadyDone,
}

_RID = re.compile(r',?\s*"?\brid: ([0-9a-fA-F-]{8,})')
_IP = re.compile(r"invalid ip ([0-9a-fA-F.:]+)")


def reaction_to(code: int) -> Reaction:
    codes, ranges = _table()
    if code in codes:
        return codes[code]
    return next((reaction for first, last, reaction in ranges if first <= code <= last), _UNKNOWN)


def known_codes() -> Mapping[int, Reaction]:
    return _table()[0]


def error_from(answer: Mapping[str, object], call: str) -> PlatformError | None:
    """The error a JSON answer of the platform stands for; None for a success or for something without importance."""
    code = _number(answer.get("errcode", 0))
    reaction = reaction_to(code)
    if reaction.does in ("ok", "ignore"):
        return None
    message, rid = _split(str(answer.get("errmsg", "")) or reaction.means)
    error = _class_for(code, reaction)(code, message, rid, call)
    _fill(error, reaction, answer)
    return error


def _class_for(code: int, reaction: Reaction) -> type[PlatformError]:
    if code in _OWN_CLASS:
        return _OWN_CLASS[code]
    # Waiting alone does not help where somebody has to confirm something on the platform's own pages.
    return NeedsOperator if reaction.alert else _CLASS.get(reaction.does, NeedsOperator)


def _fill(error: PlatformError, reaction: Reaction, answer: Mapping[str, object]) -> None:
    match error:
        case SomeFailed():
            error.openids = _strings(answer.get("fail_openid_list"))
        case QuotaUsed():
            error.turn = str(reaction.wait)
        case RecipientLost():
            error.why = reaction.loses
        case AlreadyDone():
            error.msg_id = str(answer.get("msg_id", ""))
        case Busy():
            error.wait = _wait(reaction)
        case NeedsOperator():
            error.wait, error.ip = _wait(reaction), _address(str(answer.get("errmsg", "")))
        case _:
            pass


def _wait(reaction: Reaction) -> timedelta:
    return MINUTE if reaction.wait == "minute" else timedelta(seconds=int(reaction.wait))


def _address(message: str) -> str:
    found = _IP.search(message)
    return found[1] if found else ""


def _split(message: str) -> tuple[str, str]:
    found = _RID.search(message)
    if not found:
        return message.strip(), ""
    return (message[: found.start()] + message[found.end() :]).strip(), found[1]


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return -1


@cache
def _table() -> tuple[dict[int, Reaction], tuple[tuple[int, int, Reaction], ...]]:
    text = resources.files(__package__).joinpath("errcodes.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    ranges = tuple((row.pop("first"), row.pop("last"), Reaction(**row)) for row in data["ranges"])
    return {int(code): Reaction(**row) for code, row in data["codes"].items()}, ranges
