"""Conversations in Redis: one follower's messages one at a time, each handled once, in two round trips."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from redis.cluster import RedisCluster

from bot.adapters.asked import ASKED
from bot.adapters.kept import SHAPELESS, Kept
from bot.adapters.redis_scripts import TROUBLE, Client, Script
from bot.adapters.squeezed import Unreadable
from bot.adapters.vault import Sealed, Vault
from bot.adapters.wechat.windows import Window, window_key
from bot.dialogue.conversation import Conversation
from bot.dialogue.reply import Reply

REPLIES_KEPT = 8
SCANNED = 500
_PURPOSE = "conversation"
_POLL_S = (0.01, 0.03)
_LATE = timedelta(minutes=2)
"""How long it is remembered that an answer came too late; the platform's tries are over after 15 s."""


# None of these errors says whose conversation it was: what they say may reach a log.


class Unavailable(Exception):
    """Redis is away, slow or full."""


class Lost(Exception):
    """The lock went to somebody else, or the follower was erased meanwhile: nothing was kept."""


class Replayed(Exception):
    """The request was seen before, and it is not the platform asking again."""


class Occupied(Exception):
    """Another message of this follower is still being worked on."""


class Flooding(Exception):
    """More messages in a short time than anybody types; `first`: the one that went over the limit."""

    def __init__(self, *, first: bool) -> None:
        super().__init__("too many messages")
        self.first = first


# Every script may run twice: after a cut connection nobody knows whether the first run arrived.
# A lock that begins with "-" is free; it says who kept last, so that a second run of keep knows it was done.
_HOLD = Script("""
if ARGV[4] ~= '' then
  local count = redis.call('INCR', KEYS[3])
  if count == 1 then redis.call('PEXPIRE', KEYS[3], ARGV[5]) end
  if count > tonumber(ARGV[4]) then return {2, count - tonumber(ARGV[4])} end
end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and string.sub(holder, 1, 1) ~= '-' then return {0} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local seen = 0
if KEYS[4] and not redis.call('SET', KEYS[4], ARGV[1], 'NX', 'PX', ARGV[3]) then
  if redis.call('GET', KEYS[4]) ~= ARGV[1] then seen = 1 end
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
if KEYS[4] then
  redis.call('RPUSH', KEYS[4], ARGV[7])
  redis.call('LTRIM', KEYS[4], -100000, -1)
end
redis.call('SET', KEYS[1], '-' .. ARGV[1], 'PX', 2000)
return 1
""")
_RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[2] == '1' then redis.call('DEL', KEYS[2]) end
if KEYS[3] and redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
return 1
""")
_SETTLE = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'XX', 'KEEPTTL')
redis.call('SET', KEYS[1], '-' .. ARGV[1], 'PX', 2000)
return 1
""")
_EXTEND = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
""")


@dataclass(frozen=True, slots=True)
class Pace:
    """How many messages of one follower are let through in so long."""

    most: int = 60
    within: timedelta = timedelta(seconds=10)


class Conversations:
    """What is kept of each follower, sealed, under keys that share one slot of a cluster.

    redis: a client of bytes (no decode_responses), with timeouts.
    ttl: how long a silent follower is remembered.
    lock: after how long a hold that never came back is given up. The platform asks again after 5 s and a repeat waits
    some 4 s: what a killed process held must be free by then, or its message would be lost.
    window: how far the callback accepts clocks to be apart; a nonce is remembered for twice as long.
    pace: who sends more than this floods.
    """

    def __init__(
        self,
        redis: Client,
        vault: Vault,
        ttl: timedelta = timedelta(days=7),
        lock: timedelta = timedelta(seconds=7),
        window: timedelta = timedelta(minutes=5),
        pace: Pace = Pace(),
    ) -> None:
        self._redis = redis
        self._vault = vault
        self._ttl, self._lock, self._nonce_ttl = _ms(ttl), _ms(lock), _ms(window * 2)
        self._pace = pace
        self._apart = isinstance(redis, RedisCluster)  # a cluster's script cannot reach another slot

    def hold(self, openid: str, key: str, nonce: str | None, wait: timedelta) -> Held:
        """This follower's conversation, for us alone until it is kept or released; waits for others up to `wait`.

        nonce: that of the platform's request; None for stimuli of our own, which no pace holds back.
        Raises Flooding, Occupied, Replayed, Unavailable.
        """
        token = secrets.token_hex(8)
        nonce_key = self._nonce_key(openid, nonce) if nonce else ""
        seen, sealed = self._taken(openid, nonce_key, token, time.monotonic() + wait.total_seconds())
        held = Held(self, openid, key, token, nonce_key, self._opened(sealed))
        if seen and held.answered is None:
            held.release()
            raise Replayed(f"nonce {nonce} was seen before")
        return held

    def erase(self, openid: str) -> None:
        """Forget this follower; whoever is working on a message of theirs can keep nothing any more."""
        with _available():
            self._redis.delete(_lock_key(openid), _state_key(openid), window_key(openid), _pace_key(openid))

    # Answers that come too late

    def note_late(self, openid: str, key: str) -> None:
        """From here on the answer to this message is owed, until a repeat has got it or take_late has."""
        with _available():
            self._redis.set(_late_key(openid, key), 1, px=_ms(_LATE))

    def take_late(self, openid: str, key: str) -> bool:
        """Whether the answer to this message is still owed; true for one caller only."""
        with _available():
            return bool(self._redis.delete(_late_key(openid, key)))

    def owe(self, openid: str, key: str, reply: Reply, wait: timedelta) -> None:
        """Let the reply go out with the next one. Raises Occupied, Unavailable, Lost."""
        with self.hold(openid, f"late {key}", None, wait) as held:
            held.owe(reply)

    def _taken(self, openid: str, nonce_key: str, token: str, deadline: float) -> tuple[bool, bytes | None]:
        keys = [_lock_key(openid), _state_key(openid), _pace_key(openid), *([nonce_key] if nonce_key else [])]
        most: int | str = self._pace.most if nonce_key else ""  # a message counts once, however often it has to wait
        while True:
            with _available():
                got = _HOLD(self._redis, keys, token, self._lock, self._nonce_ttl, most, _ms(self._pace.within))
            if got[0] == 1:
                return bool(got[1]), got[2] if len(got) > 2 else None
            if got[0] == 2:
                raise Flooding(first=got[1] == 1)
            if time.monotonic() >= deadline:
                raise Occupied("another message of this follower is being answered")
            most = ""
            time.sleep(random.uniform(*_POLL_S))

    def _put(self, held: Held, kept: Kept, window: Window | None, asked: bytes) -> bool:
        keys = [_lock_key(held.openid), _state_key(held.openid), window_key(held.openid)]
        noted = (window.kind, int(window.at.timestamp()), _ms(window.lasts)) if window else ("", 0, 0)
        sealed = self._vault.seal(kept.packed(), _PURPOSE)
        with _available():
            if asked and not self._apart:
                return bool(_KEEP(self._redis, [*keys, ASKED], held.token, sealed, self._ttl, *noted, asked))
            done = bool(_KEEP(self._redis, keys, held.token, sealed, self._ttl, *noted))
            if asked and done:
                self._redis.rpush(ASKED, asked)
            return done

    def resting(self, since: timedelta) -> Iterator[str]:
        """Followers of whom nothing was heard for so long and something is still kept. Raises Unavailable."""
        keys: list[bytes] = []
        with _available():
            for key in self._redis.scan_iter(match=_state_key("*"), count=SCANNED):
                keys.append(key)
                if len(keys) >= SCANNED:
                    yield from self._rested(keys, since)
                    keys = []
            yield from self._rested(keys, since)

    def _rested(self, keys: list[bytes], since: timedelta) -> Iterator[str]:
        pipeline = self._redis.pipeline(transaction=False)
        for key in keys:
            pipeline.pttl(key)
        left = pipeline.execute() if keys else ()
        yield from (key.decode()[3:-1] for key, ms in zip(keys, left, strict=True) if 0 <= ms <= self._ttl - _ms(since))

    def _settled(self, held: Held, kept: Kept) -> bool:
        sealed = self._vault.seal(kept.packed(), _PURPOSE)
        with _available():
            return bool(_SETTLE(self._redis, [_lock_key(held.openid), _state_key(held.openid)], held.token, sealed))

    def _released(self, held: Held) -> None:
        keys = [_lock_key(held.openid), _late_key(held.openid, held.key)]
        keys += [held.nonce_key] if held.nonce_key else []
        with _available():
            _RELEASE(self._redis, keys, held.token, int(held.answered is not None))

    def _extended(self, held: Held) -> bool:
        with _available():
            return bool(_EXTEND(self._redis, [_lock_key(held.openid)], held.token, self._lock))

    def _nonce_key(self, openid: str, nonce: str) -> str:
        # A signature in plain mode does not cover the body, so a stolen one must be good for nobody else either.
        # In a cluster the nonce counts per follower, which is all safe mode needs.
        return f"n:{{{openid}}}:{nonce}" if self._apart else f"n:{nonce}"

    def _opened(self, sealed: bytes | None) -> Kept:
        if sealed is None:
            return Kept()
        try:
            return Kept.unpacked(self._vault.open(sealed, _PURPOSE))
        except (Sealed, Unreadable, *SHAPELESS):
            # Written by another version, or with a key that is gone: better begin anew than never answer again.
            return Kept()


class Held:
    """One follower's conversation while a message of theirs is worked on. Leaving without keep releases it."""

    def __init__(self, kept_in: Conversations, openid: str, key: str, token: str, nonce_key: str, before: Kept) -> None:
        self._kept_in = kept_in
        self._done = False
        self.openid, self.key, self.token, self.nonce_key = openid, key, token, nonce_key
        self.before = before

    @property
    def conversation(self) -> Conversation | None:
        return self.before.conversation

    @property
    def answered(self) -> Reply | None:
        """What this very message was answered before; None = it is new."""
        return self.before.answers.get(self.key)

    def keep(
        self,
        conversation: Conversation,
        reply: Reply,
        window: Window | None = None,
        *,
        owed: Reply | None = None,
        whole: bool = True,
        asked: bytes = b"",
    ) -> None:
        """Keep conversation, message key and reply together, and let the next one in. Raises Lost, Unavailable.

        window: what the message opened for messages of ours (the ledger reads it). owed, whole: see Kept.
        asked: an entry of bot.adapters.asked, for a worker to make rows of.
        """
        last = list(self.before.answers.items())[-(REPLIES_KEPT - 1) :]
        self._put(Kept(conversation, {**dict(last), self.key: reply}, owed, whole), window, asked)

    def owe(self, reply: Reply) -> None:
        """Instead of keep: all as it was, and this reply waits for the next one. Raises Lost, Unavailable."""
        before = self.before
        self._put(Kept(before.conversation, before.answers, reply, before.whole and before.conversation is not None))

    def settle(self, conversation: Conversation) -> None:
        """Instead of keep: less is known from now on, and it is kept no longer for that. Raises Lost, Unavailable.

        The replies go, too: they repeat what was said. The platform asks for none of them any more.
        """
        self._finish(kept_it=self._kept_in._settled(self, Kept(conversation, whole=self.before.whole)))

    def extend(self) -> bool:
        """The work goes on: hold it as long again from now. False where it went to somebody else. Raises Unavailable."""
        return not self._done and self._kept_in._extended(self)

    def forget(self) -> None:
        """Instead of keep: nothing of this follower stays."""
        self._done = True
        self._kept_in.erase(self.openid)

    def release(self) -> None:
        """Without keeping: the platform may send the message again. Raises Unavailable."""
        if not self._done:
            self._done = True
            self._kept_in._released(self)

    def _put(self, kept: Kept, window: Window | None = None, asked: bytes = b"") -> None:
        self._finish(kept_it=self._kept_in._put(self, kept, window, asked))

    def _finish(self, *, kept_it: bool) -> None:
        self._done = True
        if not kept_it:
            raise Lost("somebody else holds this conversation now")

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


def _pace_key(openid: str) -> str:
    return f"r:{{{openid}}}"


def _late_key(openid: str, key: str) -> str:
    return f"o:{{{openid}}}:{key}"


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except TROUBLE as trouble:
        raise Unavailable(f"Redis: {type(trouble).__name__}: {trouble}") from trouble
