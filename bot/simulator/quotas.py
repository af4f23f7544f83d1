"""How often each path was called today and this minute, and the calls that ask for it or clear it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.clock import Clock
    from bot.simulator.world import Simulator

CLEARS_A_MONTH = 10
CLEARS_OF_ONE_PATH = 50


class Quotas:
    """Counts of calls by path and Shanghai day, with limits that a test can lower."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: Counter[tuple[str, str]] = Counter()
        self._minutes: Counter[tuple[str, int]] = Counter()
        self._clears: Counter[tuple[str, str]] = Counter()
        self._limits: dict[str, int] = {}

    def spend(self, endpoint: Endpoint) -> None:
        """Counts the call, or refuses it."""
        path, limit = endpoint.path, self.limit(endpoint)
        if limit is not None and self.used(path) >= limit:
            raise Fail(45009)
        self._spend_minute(endpoint)
        self._used[path, self._clock.day()] += 1

    def _spend_minute(self, endpoint: Endpoint) -> None:
        if endpoint.minute is None:
            return
        key = endpoint.path, self._clock.stamp() // 60
        if self._minutes[key] >= endpoint.minute:
            raise Fail(45011)
        self._minutes[key] += 1

    def limit(self, endpoint: Endpoint) -> int | None:
        return self._limits.get(endpoint.path, endpoint.daily)

    def used(self, path: str) -> int:
        return self._used[path, self._clock.day()]

    def put(self, path: str, limit: int | None, used: int | None) -> None:
        if limit is not None:
            self._limits[path] = limit
        if used is not None:
            self._used[path, self._clock.day()] = used

    def clear(self, path: str | None = None) -> None:
        """All counts of today, or those of one path; only so often a month."""
        self._count_clear(path)
        for key in [key for key in self._used if path in (None, key[0])]:
            del self._used[key]

    def _count_clear(self, path: str | None) -> None:
        key = "path" if path else "all", self._clock.month()
        if self._clears[key] >= (CLEARS_OF_ONE_PATH if path else CLEARS_A_MONTH):
            raise Fail(48006)
        self._clears[key] += 1

    def as_json(self) -> Json:
        day = self._clock.day()
        return {"used": {path: n for (path, when), n in self._used.items() if when == day}, "limits": self._limits}


def clear_quota(sim: Simulator, call: Call) -> Json:
    _own_app_id(sim, call.body.get("appid"))
    sim.quotas.clear()
    return {}


def clear_quota_by_secret(sim: Simulator, call: Call) -> Json:
    given = {**call.query, **(call.body if call.raw.strip() else {})}
    _own_app_id(sim, given.get("appid"))
    if given.get("appsecret") != sim.account.app_secret:
        raise Fail(40125)
    sim.quotas.clear()
    return {}


def _own_app_id(sim: Simulator, app_id: object) -> None:
    if not app_id:
        raise Fail(41002)
    if app_id != sim.account.app_id:
        raise Fail(40013)


def quota_get(sim: Simulator, call: Call) -> Json:
    endpoint = _queried(sim, call)
    limit = sim.quotas.limit(endpoint) or 0
    used = sim.quotas.used(endpoint.path)
    rate = {"call_count": endpoint.minute or 0, "refresh_second": 60 if endpoint.minute else 0}
    quota = {"daily_limit": limit, "used": used, "remain": max(limit - used, 0)}
    return {"quota": quota, "rate_limit": rate, "component_rate_limit": {"call_count": 0, "refresh_second": 0}}


def quota_clear_path(sim: Simulator, call: Call) -> Json:
    sim.quotas.clear(_queried(sim, call).path)
    return {}


def _queried(sim: Simulator, call: Call) -> Endpoint:
    path = call.field("cgi_path", str, 76003)
    if not path.startswith("/"):
        raise Fail(76003)
    if path.startswith("/sns/"):
        raise Fail(76022)
    endpoint = sim.endpoints.get(path)
    if endpoint is None:
        raise Fail(76021)
    return endpoint


def rid_get(sim: Simulator, call: Call) -> Json:
    rid = call.field("rid", str, 76001)
    row = next((row for row in reversed(tuple(sim.wire.rows)) if row.detail.get("rid") == rid), None)
    if row is None:
        raise Fail(76001)
    return {
        "request": {
            "invoke_time": int(rid.split("-")[0], 16),
            "cost_in_ms": round(row.ms),
            "request_url": row.path,
            "request_body": row.request,
            "response_body": row.response,
            "client_ip": row.detail.get("ip", ""),
        }
    }


ENDPOINTS = (
    Endpoint("/cgi-bin/clear_quota", "POST", clear_quota),
    Endpoint("/cgi-bin/clear_quota/v2", "POST", clear_quota_by_secret, token=False),
    Endpoint("/cgi-bin/openapi/quota/get", "POST", quota_get),
    Endpoint("/cgi-bin/openapi/quota/clear", "POST", quota_clear_path),
    Endpoint("/cgi-bin/openapi/rid/get", "POST", rid_get),
)
