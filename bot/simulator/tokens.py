"""Access tokens: the old call, the stable one, and the check of every other call."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

LIFE = 7200
OVERLAP = 300
FORCED_A_DAY = 20
FORCED_APART = 30
UNKNOWN = (
    "invalid credential, access_token is invalid or not latest, could get access_token by "
    "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
)


@dataclass(slots=True)
class Token:
    """until: when it was to end by itself (42001 after that). killed: when another took its place (40001 after that)."""

    until: float
    killed: float = float("inf")


class Tokens:
    """Both pools; they never touch each other."""

    def __init__(self) -> None:
        self.issued: dict[str, Token] = {}
        self.latest: dict[str, str] = {}
        self.forced: list[float] = []
        self.fetched = 0

    def issue(self, pool: str, now: float, overlap: float) -> str:
        """A new token of the pool; the one before lives `overlap` seconds more."""
        before = self.issued.get(self.latest.get(pool, ""))
        if before:
            before.killed = min(before.killed, now + overlap)
        text = secrets.token_urlsafe(102)
        self.issued[text] = Token(now + LIFE)
        self.latest[pool] = text
        return text

    def remaining(self, pool: str, now: float) -> int:
        token = self.issued.get(self.latest.get(pool, ""))
        return int(min(token.until, token.killed) - now) if token else 0

    def check(self, given: str | None, now: float) -> None:
        if not given:
            raise Fail(41001)
        token = self.issued.get(given)
        if token is None or token.killed <= now:
            raise Fail(40001, UNKNOWN)
        if token.until <= now:
            raise Fail(42001)

    def steal(self, now: float) -> None:
        """As if somebody else had fetched a token: every one in use is void at once."""
        for token in self.issued.values():
            token.killed = min(token.killed, now)


def token(sim: Simulator, call: Call) -> Json:
    _credentials(sim, call, call.query)
    now = sim.clock.now().timestamp()
    return {"access_token": sim.tokens.issue("plain", now, OVERLAP), "expires_in": LIFE}


def stable_token(sim: Simulator, call: Call) -> Json:
    _credentials(sim, call, call.body)
    now = sim.clock.now().timestamp()
    if call.body.get("force_refresh"):
        return _forced(sim, now)
    left = sim.tokens.remaining("stable", now)
    if left > OVERLAP:
        return {"access_token": sim.tokens.latest["stable"], "expires_in": left}
    return {"access_token": sim.tokens.issue("stable", now, OVERLAP), "expires_in": LIFE}


def _forced(sim: Simulator, now: float) -> Json:
    sim.tokens.forced = [moment for moment in sim.tokens.forced if moment > now - 86400]
    if sim.tokens.forced and now - sim.tokens.forced[-1] < FORCED_APART:
        raise Fail(45011)
    if len(sim.tokens.forced) >= FORCED_A_DAY:
        raise Fail(45009)
    sim.tokens.forced.append(now)
    overlap = sim.knobs.settings.force_overlap
    return {"access_token": sim.tokens.issue("stable", now, overlap), "expires_in": LIFE}


def _credentials(sim: Simulator, call: Call, given: Mapping[str, object]) -> None:
    """Checks in the order seen on the live platform: the AppID before everything else."""
    for code_missing, code_wrong, name, right in (
        (41002, 40013, "appid", sim.account.app_id),
        (40002, 40002, "grant_type", "client_credential"),
        (41004, 40125, "secret", sim.account.app_secret),
    ):
        value = given.get(name)
        if not value:
            raise Fail(code_missing)
        if value != right:
            raise Fail(code_wrong)
    if not sim.knobs.settings.ip_listed:
        raise Fail(40164, f"invalid ip {call.ip} ipv6 ::ffff:{call.ip}, not in whitelist")
    sim.tokens.fetched += 1


ENDPOINTS = (
    Endpoint("/cgi-bin/token", "GET", token, daily=2000, token=False),
    Endpoint("/cgi-bin/stable_token", "POST", stable_token, daily=500_000, minute=10_000, token=False),
)
