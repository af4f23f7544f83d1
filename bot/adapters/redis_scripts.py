"""Connects to Redis or a cluster of it, and runs scripts there that it may have forgotten."""

from __future__ import annotations

import hashlib
import os
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
    return _Redis.from_url(url, health_check_interval=30, **limits)


class _Redis(redis.Redis):
    """Sends scripts over connections of its own, without what the client does around each command (checks of its pool,
    events, telemetry): a message takes two scripts, and that took three times as long as the command itself.

    A connection is taken by one thread at a time, and after trouble it is closed, so that it never holds a stale answer.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._spare: list[Any] = []
        self._owner = os.getpid()

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Sent a second time where the connection was gone: every script of ours may run twice."""
        connection = self._taken()
        try:
            try:
                return _asked(connection, "EVALSHA", sha, numkeys, *keys_and_args)
            except redis.ConnectionError:
                return _asked(connection, "EVALSHA", sha, numkeys, *keys_and_args)
        finally:
            self._spare.append(connection)

    def _taken(self) -> Any:
        if self._owner != os.getpid():  # a fork must not write into its parent's connections
            self._spare, self._owner = [], os.getpid()
        try:
            return self._spare.pop()
        except IndexError:
            return self.connection_pool.make_connection()

    def close(self) -> None:
        while self._spare:
            self._spare.pop().disconnect()
        super().close()


def _asked(connection: Any, *command: bytes | str | int) -> Any:
    connection.send_command(*command)
    return connection.read_response()


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
