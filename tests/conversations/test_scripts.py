"""Scripts go over connections of their own: used again, never by two at once, never by two processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
import redis

from bot.adapters.redis_scripts import Script, connected

SAY = Script("return ARGV[1]")


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    made = connected(redis_url)
    assert isinstance(made, redis.Redis)
    yield made
    made.close()


def _said(client: redis.Redis, who: str, times: int = 300) -> bool:
    return all(SAY(client, [], f"{who} {n}") == f"{who} {n}".encode() for n in range(times))


def test_one_after_another_takes_one_connection(client: redis.Redis) -> None:
    before = len(client.client_list())
    assert _said(client, "we")
    assert len(client.client_list()) == before + 1


def test_threads_get_their_own_answers(client: redis.Redis) -> None:
    right: list[bool] = []
    threads = [threading.Thread(target=lambda who=who: right.append(_said(client, who))) for who in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert right == [True] * 8


def test_a_fork_has_connections_of_its_own(client: redis.Redis) -> None:
    assert _said(client, "before", 1)
    child = os.fork()
    if not child:
        os._exit(0 if _said(client, "child") else 1)
    mine = _said(client, "parent")
    assert os.waitpid(child, 0)[1] == 0
    assert mine


def test_a_refused_script_leaves_a_connection_that_can_be_used(client: redis.Redis) -> None:
    with pytest.raises(redis.ResponseError):
        Script("return redis.call('GET', ARGV[1], 'too many')")(client, [], "x")
    assert _said(client, "after", 3)


def test_closing_ends_them(redis_url: str, client: redis.Redis) -> None:
    other = connected(redis_url)
    before = len(client.client_list())
    SAY(other, [], "x")
    other.close()
    for _ in range(100):
        if len(client.client_list()) <= before:
            return
    pytest.fail("a connection stayed open")
