"""Conversations in Redis: one follower's messages one at a time, each handled once, in two round trips."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from redis.cluster import RedisCluster

from bot.adapters.redis_scripts import TROUBLE, Client, Script
from bot.adapters.squeezed import Unreadable, squeezed, unsqueezed
from bot.adapters.vault import Sealed, Vault
from bot.adapters.wechat.windows import Window, window_key
from bot.dialogue.conversation import Conversation
from bot.dialogue.reply import Card, HandOver, Picture, Reply, Silence, Words

REPLIES_KEPT = 8
_PURPOSE = "conversation"
_POLL_S = (0.01, 0.03)


class Unavailable(Exception):
    """Redis is away, slow or full."""


class Lost(Exception):
    """The lock went to somebody else, or the follower was erased meanwhile: nothing was kept."""


class Replayed(Exception):
    """The request was seen before, and it is not the platform asking again."""


class Occupied(Exception):
    """Another message of this follower is still being worked on."""


# Every script may run twice: after a cut connection nobody knows whether the first run arrived.
# A lock that begins with "-" is free; it says who kept last, so that a second run of keep knows it was done.
_HOLD = Script("""
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and string.sub(holder, 1, 1) ~= '-' then return {0} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local seen = 0
if KEYS[3] and not redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[3]) then
  if redis.call('GET', KEYS[3]) ~= ARGV[1] then seen = 1 end
end
return {1, seen, redis.call('GET', KEYS[2])}
""")
_KEEP = Script("""
local holder = redis.call('GET', KEYS[1])
if holder == '-' .. ARGV[1] then return 1 end
if holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
if ARGV[4] ~= '' then
  local last = tonumber(redis.call('HGET', KEYS[3], ARGV[4]) or '0')
  if tonumber(ARGV[5]) >= last then redis.call('HSET', KEYS[3], ARGV[4], ARGV[5], ARGV[4] .. 'u', 0) end
  if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[6]) then redis.call('PEXPIRE', KEYS[3], ARGV[6]) end
end
redis.call('SET', KEYS[1], '-' .. ARGV[1], 'PX', 2000)
return 1
""")
_RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if KEYS[2] and redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
""")


class Conversations:
    """What is kept of each follower, sealed, under keys that share one slot of a cluster.

    redis: a client of bytes (no decode_responses), with timeouts.
    ttl: how long a silent follower is remembered.
    lock: after how long a hold that never came back is given up. The platform asks again after 5 s and a repeat waits
    some 4 s: what a killed process held must be free by then, or its message would be lost.
    window: how far the callback accepts clocks to be apart; a nonce is remembered for twice as long.
    """

    def __init__(
        self,
        redis: Client,
        vault: Vault,
        ttl: timedelta = timedelta(days=7),
        lock: timedelta = timedelta(seconds=7),
        window: timedelta = timedelta(minutes=5),
    ) -> None:
        self._redis = redis
        self._vault = vault
        self._ttl, self._lock, self._nonce_ttl = _ms(ttl), _ms(lock), _ms(window * 2)

    def hold(self, openid: str, key: str, nonce: str | None, wait: timedelta) -> Held:
        """This follower's conversation, for us alone until it is kept or released; waits for others up to `wait`.

        Raises Occupied, Replayed, Unavailable.
        """
        token = secrets.token_hex(8)
        nonce_key = self._nonce_key(openid, nonce) if nonce else ""
        seen, sealed = self._taken(openid, nonce_key, token, time.monotonic() + wait.total_seconds())
        conversation, answers = self._opened(sealed)
        held = Held(self, openid, key, token, nonce_key, conversation, answers)
        if seen and held.answered is None:
            held.release()
            raise Replayed(f"nonce {nonce} was seen before")
        return held

    def erase(self, openid: str) -> None:
        """Forget this follower; whoever is working on a message of theirs can keep nothing any more."""
        with _available():
            self._redis.delete(_lock_key(openid), _state_key(openid), window_key(openid))

    def _taken(self, openid: str, nonce_key: str, token: str, deadline: float) -> tuple[bool, bytes | None]:
        keys = [_lock_key(openid), _state_key(openid), *([nonce_key] if nonce_key else [])]
        while True:
            with _available():
                got = _HOLD(self._redis, keys, token, self._lock, self._nonce_ttl)
            if got[0]:
                return bool(got[1]), got[2] if len(got) > 2 else None
            if time.monotonic() >= deadline:
                raise Occupied(f"{openid} is being answered")
            time.sleep(random.uniform(*_POLL_S))

    def _kept(self, held: Held, sealed: bytes, window: Window | None) -> bool:
        keys = [_lock_key(held.openid), _state_key(held.openid), window_key(held.openid)]
        noted = (window.kind, int(window.at.timestamp()), _ms(window.lasts)) if window else ("", 0, 0)
        with _available():
            return bool(_KEEP(self._redis, keys, held.token, sealed, self._ttl, *noted))

    def _released(self, held: Held) -> None:
        keys = [_lock_key(held.openid), *([held.nonce_key] if held.nonce_key else [])]
        with _available():
            _RELEASE(self._redis, keys, held.token)

    def _nonce_key(self, openid: str, nonce: str) -> str:
        # A signature in plain mode does not cover the body, so a stolen one must be good for nobody else either.
        # A cluster's script cannot reach another slot; there the nonce counts per follower, which is all safe mode needs.
        return f"n:{{{openid}}}:{nonce}" if isinstance(self._redis, RedisCluster) else f"n:{nonce}"

    def _sealed(self, conversation: Conversation, answers: Answers) -> bytes:
        facts = {"c": conversation.to_dict(), "a": [[key, *_packed(reply)] for key, reply in answers.items()]}
        return self._vault.seal(squeezed(facts), _PURPOSE)

    def _opened(self, sealed: bytes | None) -> tuple[Conversation | None, Answers]:
        if sealed is None:
            return None, {}
        try:
            facts = unsqueezed(self._vault.open(sealed, _PURPOSE))
            answers = {key: _unpacked(kind, values) for key, kind, *values in facts["a"]}
            return Conversation.from_dict(facts["c"]), answers
        except (Sealed, Unreadable, ValueError, KeyError, TypeError, IndexError, AttributeError):
            # Written by another version, or with a key that is gone: better begin anew than never answer again.
            return None, {}


Answers = dict[str, Reply]


class Held:
    """One follower's conversation while a message of theirs is worked on. Leaving without keep releases it."""

    def __init__(
        self,
        kept_in: Conversations,
        openid: str,
        key: str,
        token: str,
        nonce_key: str,
        conversation: Conversation | None,
        answers: Answers,
    ) -> None:
        self._kept_in = kept_in
        self._answers = answers
        self._done = False
        self.openid, self.key, self.token, self.nonce_key = openid, key, token, nonce_key
        self.conversation = conversation

    @property
    def answered(self) -> Reply | None:
        """What this very message was answered before; None = it is new."""
        return self._answers.get(self.key)

    def keep(self, conversation: Conversation, reply: Reply, window: Window | None = None) -> None:
        """Keep conversation, message key and reply together, and let the next one in. Raises Lost, Unavailable.

        window: what the message opened for messages of ours (the ledger reads it).
        """
        last = list(self._answers.items())[-(REPLIES_KEPT - 1) :]
        sealed = self._kept_in._sealed(conversation, {**dict(last), self.key: reply})
        if not self._kept_in._kept(self, sealed, window):
            self._done = True
            raise Lost(f"{self.openid} was taken over")
        self._done = True

    def forget(self) -> None:
        """Instead of keep: nothing of this follower stays."""
        self._done = True
        self._kept_in.erase(self.openid)

    def release(self) -> None:
        """Without keeping: the platform may send the message again. Raises Unavailable."""
        if not self._done:
            self._done = True
            self._kept_in._released(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.release()
        except Unavailable:
            if trouble is None:
                raise


def _lock_key(openid: str) -> str:
    return f"l:{{{openid}}}"


def _state_key(openid: str) -> str:
    return f"c:{{{openid}}}"


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except TROUBLE as trouble:
        raise Unavailable(f"Redis: {type(trouble).__name__}: {trouble}") from trouble


def _packed(reply: Reply) -> list[str]:
    match reply:
        case Words(text):
            return ["w", text]
        case Card(title, description, picture, url):
            return ["c", title, description, picture, url]
        case Picture(media_id):
            return ["p", media_id]
        case HandOver():
            return ["h"]
        case Silence():
            return ["s"]


def _unpacked(kind: str, values: list[str]) -> Reply:
    made: Mapping[str, Any] = {"w": Words, "c": Card, "p": Picture, "h": HandOver, "s": Silence}
    reply: Reply = made[kind](*values)
    return reply
