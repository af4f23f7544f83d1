"""Connects to Redis or a cluster of it, and runs scripts there that it may have forgotten."""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import NoScriptError, RedisClusterException
from redis.retry import Retry

Client: TypeAlias = redis.Redis | RedisCluster

TROUBLE = (redis.RedisError, RedisClusterException, OSError)
"""What using Redis raises when it is away, slow, full or moving."""

ANSWERS_WITHIN = 2.0


def connected(url: str) -> Client:
    """A client with timeouts; `redis+cluster://` means a cluster. Nothing is sent before the first command."""
    limits: dict[str, Any] = {
        "socket_timeout": ANSWERS_WITHIN,
        "socket_connect_timeout": 1.0,
        # One quick second try finds the new connection after Redis was started again; more, or one after a timeout,
        # would eat the five seconds the platform waits for an answer.
        "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    }
    if urlsplit(url).scheme == "redis+cluster":
        return RedisCluster.from_url(url.replace("redis+cluster://", "redis://", 1), **limits)
    return redis.Redis.from_url(url, health_check_interval=30, **limits)


class Script:
    """A Lua script by its hash: sent whole only where Redis does not know it (new, emptied, failed over)."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._sha = hashlib.sha1(source.encode()).hexdigest()  # noqa: S324 # nosec B324 - the name Redis gives it

    def __call__(self, client: Client, keys: list[str], *args: bytes | str | int) -> Any:
        try:
            return client.evalsha(self._sha, len(keys), *keys, *args)
        except NoScriptError:
            return client.eval(self._source, len(keys), *keys, *args)
