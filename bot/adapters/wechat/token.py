"""The account's access token, shared in Redis by all processes and machines, fetched by one of them at a time."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.adapters.redis_scripts import TROUBLE, Client, Script
from bot.adapters.vault import Sealed, Vault
from bot.adapters.wechat.errors import Busy, PlatformError, TokenRefused

EARLY = 240.0
"""Seconds before its end that a token is renewed; the platform itself makes a new one 300 s before."""
_MARGIN = 10
_LOCK_MS = 10_000
_RETRY_MS = 10_000
_FORCE_GAP_S = 31
_FORCES_A_DAY = 18
_PURPOSE = "access token"

_READ = Script("return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}")
_EXPIRE_IF = Script("""
if string.sub(redis.call('GET', KEYS[1]) or '', 1, 32) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")
_RELEASE = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")


@dataclass(frozen=True, slots=True)
class Fetched:
    token: str
    expires_in: int


Fetch = Callable[[bool], Fetched]
"""Asks the platform for a token; True forces a new one (20 a day, at least 30 s apart)."""


class TokenStore:
    """Keeps the token sealed, with its fingerprint in front so that a script can tell whether it is still the same."""

    def __init__(self, client: Client, vault: Vault, app_id: str, patience: float = 15.0) -> None:
        self._redis = client
        self._vault = vault
        self._patience = patience
        slot = f"wx:{{{app_id}}}:token"
        self._key, self._lock, self._early = slot, f"{slot}:lock", f"{slot}:early"
        self._forced, self._forces = f"{slot}:forced", f"{slot}:forces"

    def get(self, fetch: Fetch) -> str:
        """A token that is good for a while. Raises Busy where Redis or the one who fetches does not come back."""
        with _answering():
            token, left = self._stored()
            if token and (left > EARLY or not self._may_renew_early()):
                return token
            return self._renewed_early(token, fetch) if token else self._fetched_alone(fetch, "")

    def left(self) -> float:
        """Seconds for which the token that is kept is good; 0 = there is none. Raises redis.RedisError."""
        return self._stored()[1]

    def renew(self, failed: str, fetch: Fetch) -> str:
        """Another token than the one that just failed; whoever renewed it in the meantime is not disturbed."""
        with _answering():
            _EXPIRE_IF(self._redis, [self._key], _fingerprint(failed))
            return self._fetched_alone(fetch, failed)

    def _stored(self) -> tuple[str, float]:
        # In one go: a token that vanished between two questions would look like one about to end.
        value, left = _READ(self._redis, [self._key])
        sealed = _text(value)
        try:
            return (self._vault.open_text(sealed[32:], _PURPOSE), left / 1000) if sealed else ("", 0.0)
        except Sealed:
            return "", 0.0  # sealed with a key we no longer have: fetch anew

    def _may_renew_early(self) -> bool:
        return bool(self._redis.set(self._early, "1", nx=True, px=_RETRY_MS))

    def _renewed_early(self, token: str, fetch: Fetch) -> str:
        try:
            return self._kept(fetch(False))
        except (PlatformError, *TROUBLE):
            return token  # still good; whoever needs the next one will be told

    def _fetched_alone(self, fetch: Fetch, failed: str) -> str:
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            token, _ = self._stored()
            if token and token != failed:
                return token
            with self._locked() as mine:
                if mine:
                    return self._fetched(fetch, failed)
            time.sleep(0.05)
        raise Busy(None, "whoever fetches the access token does not come back", call="stable_token")

    def _fetched(self, fetch: Fetch, failed: str) -> str:
        token, _ = self._stored()
        if token and token != failed:
            return token
        fetched = fetch(False)
        if fetched.token == failed:
            # The platform still calls a token good that it has just refused: only force helps, and that is rationed.
            self._take_force()
            fetched = fetch(True)
        return self._kept(fetched)

    def _kept(self, fetched: Fetched) -> str:
        value = _fingerprint(fetched.token) + self._vault.seal_text(fetched.token, _PURPOSE)
        self._redis.set(self._key, value, ex=max(1, fetched.expires_in - _MARGIN))
        return fetched.token

    def _take_force(self) -> None:
        if not self._redis.set(self._forced, "1", nx=True, ex=_FORCE_GAP_S):
            raise TokenRefused(40001, "refused, and a new token was forced a moment ago", call="stable_token")
        self._redis.set(self._forces, 0, nx=True, ex=86400)
        if self._redis.incr(self._forces) > _FORCES_A_DAY:
            raise TokenRefused(40001, "refused, and no forced renewals are left today", call="stable_token")

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        mine = secrets.token_hex(8)
        got = bool(self._redis.set(self._lock, mine, nx=True, px=_LOCK_MS))
        try:
            yield got
        finally:
            if got:
                _RELEASE(self._redis, [self._lock], mine)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except TROUBLE as trouble:
        raise Busy(None, f"Redis: {type(trouble).__name__}: {trouble}", call="stable_token") from None


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
