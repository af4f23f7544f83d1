"""What may still be sent: windows per follower, mass sends, calls a day; asked before sending, corrected by the platform."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from bot.adapters.redis_scripts import TROUBLE, Client, Script
from bot.adapters.wechat.errors import PlatformError, QuotaUsed
from bot.adapters.wechat.windows import HOLDS, LASTS, MESSAGE, MOMENT, Window, window_key
from bot.adapters.wechat.wire import Watch

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Days and months of the platform turn at midnight in Beijing; there is no summer time."""

MARGIN = {MESSAGE: timedelta(minutes=1), MOMENT: timedelta(seconds=5)}
"""How long before its end we stop trusting a window: our clock and the platform's differ."""

MASS_A_DAY, MASS_A_MONTH = 1, 4
"""Subscription accounts: one a day in all. Service accounts: four a month for each follower."""

CALLS_A_DAY: Mapping[str, int] = {
    "stable_token": 500_000,
    "menu/create": 1000,
    "menu/get": 10_000,
    "menu/delete": 1000,
    "menu/addconditional": 2000,
    "media/upload": 100_000,
    "message/custom/send": 500_000,
    "message/mass/sendall": 100,
    "message/mass/send": 100,
    "message/mass/preview": 100,
    "message/template/send": 100_000,
    "qrcode/create": 100_000,
    "user/get": 500,
    "user/info": 5_000_000,
    "draft/add": 1000,
    "draft/delete": 1000,
    "freepublish/submit": 100,
    "freepublish/get": 100,
}
"""A new account's limits (reference §3); larger accounts have more, which `limited` takes down."""

NO_LIMIT = 10**9
"""The count of a call whose limit nobody knows, once the platform said that it is reached."""
ASKED_AGAIN = timedelta(minutes=10)
_RECALLED_AT_ONCE = 1000

# Both windows of a follower, as kept by the conversations: open means young enough, left means not used up.
_SPEND = Script("""
local w = redis.call('HMGET', KEYS[1], 'e', 'eu', 'm', 'mu')
local left, first = 0, ''
for place, kind in ipairs({'e', 'm'}) do
  local opened, used = tonumber(w[place * 2 - 1]), tonumber(w[place * 2] or '0')
  local here = tonumber(ARGV[place * 2]) - used
  if opened and opened > tonumber(ARGV[place * 2 - 1]) and here > 0 then
    left = left + here
    if first == '' then first = kind end
  end
end
if left <= tonumber(ARGV[5]) then return '' end
redis.call('HINCRBY', KEYS[1], first .. 'u', 1)
return first
""")
_GIVE_BACK = Script("""
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') > 0 then redis.call('HINCRBY', KEYS[1], ARGV[1], -1) end
return 1
""")
_NOTE = Script("""
local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if tonumber(ARGV[2]) >= last then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], ARGV[1] .. 'u', 0) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
""")
_TAKE = Script("""
local used = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if used >= tonumber(ARGV[2]) then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
""")
_TAKE_CALL = Script("""
local limit = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or ARGV[2])
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') >= limit then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
""")
# Followers by list: those with something left get one taken. 'n:2' is how many followers had two lists or more, so that
# the most that anybody had is known without looking at all of them, also after some were given back.
_TAKE_EACH = Script("""
local any = tonumber(redis.call('HGET', KEYS[1], 'any') or '0')
local taken = {}
for place = 3, #ARGV do
  local used = tonumber(redis.call('HGET', KEYS[1], ARGV[place]) or '0')
  if any + used < tonumber(ARGV[1]) then
    redis.call('HINCRBY', KEYS[1], ARGV[place], 1)
    redis.call('HINCRBY', KEYS[1], 'n:' .. used + 1, 1)
    table.insert(taken, place - 3)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return taken
""")
_GIVE_BACK_EACH = Script("""
for place = 1, #ARGV do
  local used = tonumber(redis.call('HGET', KEYS[1], ARGV[place]) or '0')
  if used > 0 then
    redis.call('HINCRBY', KEYS[1], ARGV[place], -1)
    redis.call('HINCRBY', KEYS[1], 'n:' .. used, -1)
  end
end
return 1
""")
# What rows tell of followers and lists, where Redis has nothing of them.
_RECALL = Script("""
for place = 2, #ARGV, 2 do
  if redis.call('HSETNX', KEYS[1], ARGV[place], ARGV[place + 1]) == 1 then
    for count = 1, tonumber(ARGV[place + 1]) do redis.call('HINCRBY', KEYS[1], 'n:' .. count, 1) end
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
""")
_PACE = Script("""
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now - tonumber(ARGV[2]))
if due > now then return due - now end
redis.call('SET', KEYS[1], string.format('%d', due + tonumber(ARGV[1])), 'PX', 60000)
return 0
""")


@dataclass(frozen=True, slots=True)
class Usage:
    """One line of the table staff read; `left` is None where no limit is known."""

    name: str
    used: int
    left: int | None


class Ledger:
    """Shared by all processes. Days and months are those of Asia/Shanghai at the `now` that is handed in."""

    def __init__(self, redis: Client, app_id: str, is_service: bool) -> None:
        self._redis = redis
        self._is_service = is_service
        self._root = f"q:{{{app_id}}}"

    # Customer-service messages

    def note_inbound(self, openid: str, kind: str, at: datetime) -> None:
        """What Held.keep(…, window) does in passing; for stimuli that do not go through a conversation."""
        lasts = Window(kind, at).lasts
        _NOTE(self._redis, [window_key(openid)], kind, int(at.timestamp()), round(lasts.total_seconds() * 1000))

    def may_send(self, openid: str, now: datetime) -> int:
        """How many customer-service messages this follower may still get now."""
        facts = self._redis.hmget(window_key(openid), [MESSAGE, "mu", MOMENT, "eu"])
        message, message_used, moment, moment_used = (int(fact or 0) for fact in facts)
        return _left(MESSAGE, message, message_used, now) + _left(MOMENT, moment, moment_used, now)

    def spend(self, openid: str, now: datetime, keep: int = 0) -> str:
        """Takes one, from the window that closes first; says which (m, e), or "" where no more than `keep` are left."""
        limits = [limit for kind in (MOMENT, MESSAGE) for limit in (_opened_after(kind, now), HOLDS[kind])]
        kind = _SPEND(self._redis, [window_key(openid)], *limits, keep)
        return kind.decode() if isinstance(kind, bytes) else str(kind)

    def give_back(self, openid: str, kind: str) -> None:
        """What `spend` took and surely was not sent."""
        if kind:
            _GIVE_BACK(self._redis, [window_key(openid)], f"{kind}u")

    def correct(self, openid: str, error: PlatformError) -> None:
        """The platform knows better: 45047 all used, 45015 no window open."""
        if error.code == 45047:
            self._redis.hset(window_key(openid), mapping={f"{kind}u": HOLDS[kind] for kind in HOLDS})
            if self._redis.ttl(window_key(openid)) < 0:
                self._redis.expire(window_key(openid), LASTS[MESSAGE])
        elif error.code == 45015:
            self._redis.delete(window_key(openid))

    # Mass sends

    def mass_left(self, to: str, now: datetime) -> int:
        """`to` names the recipients, such as tag:12; for service accounts each has its own four a month. Somebody in
        it may have had the most lists that anybody had."""
        used = int(self._redis.hget(self._mass_key(now), self._mass_field(to)) or 0)
        return max(0, self._mass_limit() - self._most_lists(now) - used)

    def spend_mass(self, to: str, now: datetime) -> bool:
        arguments = (self._mass_field(to), self._mass_limit() - self._most_lists(now), _ms(timedelta(days=40)))
        return bool(_TAKE(self._redis, [self._mass_key(now)], *arguments))

    def give_back_mass(self, to: str, now: datetime) -> None:
        _GIVE_BACK(self._redis, [self._mass_key(now)], self._mass_field(to))

    def mass_used_up(self, to: str, now: datetime) -> None:
        """45028: sends made on the website count, too."""
        self._redis.hset(self._mass_key(now), self._mass_field(to), self._mass_limit())
        self._redis.expire(self._mass_key(now), timedelta(days=40))

    def mass_usage(self, now: datetime) -> Usage:
        """mass_month or mass_day: how often we mass sent, and may still, to a follower who was on every list."""
        left = self.mass_left("any", now)
        return Usage("mass_month" if self._is_service else "mass_day", self._mass_limit() - left, left)

    def lists_left(self, now: datetime) -> int:
        """How many mass sends somebody may still get who was on no list this month; ones to a tag are everybody's."""
        return max(0, self._mass_limit() - int(self._redis.hget(self._mass_key(now), "any") or 0))

    def with_mass_left(self, openids: Sequence[str], now: datetime) -> list[str]:
        """Those of them who may get another mass send this month."""
        left = self.lists_left(now)
        used = self._redis.hmget(self._mass_key(now), [_on_list(one) for one in openids]) if openids else []
        return [openid for openid, count in zip(openids, used, strict=True) if int(count or 0) < left]

    def spend_each(self, openids: Sequence[str], now: datetime) -> list[str]:
        """Takes one of each follower's own; those who had one left come back."""
        fields = [_on_list(one) for one in openids]
        taken = _TAKE_EACH(self._redis, [self._mass_key(now)], self._mass_limit(), _ms(timedelta(days=40)), *fields)
        return [openids[int(place)] for place in taken]

    def give_back_each(self, openids: Sequence[str], now: datetime) -> None:
        _GIVE_BACK_EACH(self._redis, [self._mass_key(now)], *(_on_list(one) for one in openids))

    def mass_began(self, now: datetime) -> datetime:
        """Since when mass sends count."""
        today = next_day(now) - timedelta(days=1)
        return today.replace(day=1) if self._is_service else today

    def forgot_mass(self, now: datetime) -> bool:
        """Redis lost what was sent since then, or nobody told it yet: `recall_mass` does."""
        return not self._redis.hexists(self._mass_key(now), "rows")

    def recall_mass(self, to_tags: int, on_lists: Mapping[str, int], now: datetime) -> None:
        """What our rows know: sends to tags, and how many lists each follower was on. What Redis has counts more."""
        key, kept, followers = self._mass_key(now), _ms(timedelta(days=40)), list(on_lists.items())
        self._redis.hsetnx(key, "any", to_tags)
        for start in range(0, len(followers), _RECALLED_AT_ONCE):
            some = followers[start : start + _RECALLED_AT_ONCE]
            _RECALL(self._redis, [key], kept, *(part for openid, count in some for part in (_on_list(openid), count)))
        self._redis.hset(key, "rows", 1)
        self._redis.pexpire(key, kept)

    def _most_lists(self, now: datetime) -> int:
        had = self._redis.hmget(self._mass_key(now), [f"n:{count}" for count in range(1, MASS_A_MONTH + 1)])
        return max((count for count, followers in enumerate(had, 1) if int(followers or 0) > 0), default=0)

    def mass_turns(self, now: datetime) -> datetime:
        """When there are mass sends again."""
        return next_month(now) if self._is_service else next_day(now)

    def _mass_limit(self) -> int:
        return MASS_A_MONTH if self._is_service else MASS_A_DAY

    def _mass_field(self, to: str) -> str:
        return to if self._is_service else "any"

    def _mass_key(self, now: datetime) -> str:
        return f"{self._root}:mass:{_month(now) if self._is_service else _day(now)}"

    # Calls a day

    def take_call(self, call: str, now: datetime) -> bool:
        """Counts one, where today's limit leaves room for it."""
        known = CALLS_A_DAY.get(call, NO_LIMIT)
        keys = [self._calls_key(now), f"{self._root}:limits"]
        return bool(_TAKE_CALL(self._redis, keys, call, known, _ms(timedelta(days=2))))

    def calls_left(self, call: str, now: datetime) -> int | None:
        """None where no limit is known."""
        limit, used = self._limit(call), int(self._redis.hget(self._calls_key(now), call) or 0)
        if limit is None:
            return 0 if used >= NO_LIMIT else None
        return max(0, limit - used)

    def calls_used_up(self, call: str, now: datetime) -> None:
        """45009."""
        self._redis.hset(self._calls_key(now), call, self._limit(call) or NO_LIMIT)
        self._redis.expire(self._calls_key(now), timedelta(days=2))

    def cleared(self, now: datetime) -> None:
        """clear_quota: all counts of today are zero again."""
        self._redis.delete(self._calls_key(now))

    def limited(self, call: str, limit: int, used: int, now: datetime) -> None:
        """What openapi/quota/get tells of this account."""
        self._redis.hset(f"{self._root}:limits", call, limit)
        self._redis.hset(self._calls_key(now), call, used)
        self._redis.expire(self._calls_key(now), timedelta(days=2))

    def usage(self, now: datetime) -> tuple[Usage, ...]:
        """Today's calls, for doctor and console."""
        rows = {_text(call): int(used) for call, used in self._redis.hgetall(self._calls_key(now)).items()}
        return tuple(Usage(call, used, self.calls_left(call, now)) for call, used in sorted(rows.items()))

    def may_ask(self, call: str) -> bool:
        """Time to look up a limit at the platform, again."""
        return bool(self._redis.set(f"{self._root}:asked:{call}", "1", nx=True, ex=ASKED_AGAIN))

    def today(self, now: Callable[[], datetime]) -> Today:
        """For Platform, which asks it before every call. `now` tells the time."""
        return Today(self, now)

    def watch(self, now: Callable[[], datetime]) -> Watch:
        """For Platform: believes its 45009."""

        def seen(call: str, error: PlatformError | None, _seconds: float) -> None:
            with suppress(*TROUBLE):
                if isinstance(error, QuotaUsed) and error.code == 45009:
                    self.calls_used_up(call, now())

        return seen

    def _limit(self, call: str) -> int | None:
        told = self._redis.hget(f"{self._root}:limits", call)
        return int(told) if told else CALLS_A_DAY.get(call)

    def _calls_key(self, now: datetime) -> str:
        return f"{self._root}:calls:{_day(now)}"

    # Rest

    def hold(self, name: str, wait: timedelta) -> None:
        """Let a kind of sending rest on all machines: a person must act, or the day's quota is used up."""
        self._redis.set(f"{self._root}:held:{name}", "1", px=max(1, _ms(wait)))

    def is_held(self, name: str) -> bool:
        return bool(self._redis.exists(f"{self._root}:held:{name}"))

    def let_go(self, *names: str) -> None:
        """Staff put it right: try again at once."""
        for name in names:
            self._redis.delete(f"{self._root}:held:{name}")

    # Pace

    def pace(self, name: str, per_second: float, burst: int = 1) -> timedelta:
        """Zero: go now, and it is counted. Otherwise: come back after that long. By the clock of Redis, for all machines."""
        gap = round(1_000_000 / per_second)
        wait = _PACE(self._redis, [f"{self._root}:pace:{name}"], gap, gap * (burst - 1))
        return timedelta(microseconds=int(wait))


@dataclass(frozen=True, slots=True)
class Today:
    """Today's calls. Never raises: where Redis is away the platform itself says when it is enough."""

    ledger: Ledger
    now: Callable[[], datetime]

    def take(self, call: str) -> bool:
        try:
            return self.ledger.take_call(call, self.now())
        except TROUBLE:
            return True

    def may_ask(self, call: str) -> bool:
        try:
            return self.ledger.may_ask(call)
        except TROUBLE:
            return False

    def limited(self, call: str, limit: int, used: int) -> None:
        with suppress(*TROUBLE):
            self.ledger.limited(call, limit, used, self.now())


def next_day(now: datetime) -> datetime:
    """The coming midnight in Beijing."""
    return now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def next_month(now: datetime) -> datetime:
    first = now.astimezone(CHINA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def _on_list(openid: str) -> str:
    """Hashed: who leaves and wants to be forgotten is not found here for the rest of the month."""
    return f"to:{hashlib.blake2b(openid.encode(), digest_size=8).hexdigest()}"


def _left(kind: str, opened: int, used: int, now: datetime) -> int:
    return max(0, HOLDS[kind] - used) if opened > _opened_after(kind, now) else 0


def _opened_after(kind: str, now: datetime) -> int:
    return int((now - LASTS[kind] + MARGIN[kind]).timestamp())


def _day(now: datetime) -> str:
    return f"{now.astimezone(CHINA):%Y%m%d}"


def _month(now: datetime) -> str:
    return f"{now.astimezone(CHINA):%Y%m}"


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
