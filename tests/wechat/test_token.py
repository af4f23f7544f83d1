"""One token for all processes: fetched by one at a time, renewed early, forced only where nothing else helps."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bot.adapters.redis_scripts import Client, connected
from bot.adapters.vault import Vault
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.errors import Busy, NeedsOperator, TokenRefused
from bot.adapters.wechat.token import EARLY, Fetched, TokenStore

from .conftest import SECRET, Api
from .sender import APP_ID

VAULT = Vault(b"k" * 32)
KEY = f"wx:{{{APP_ID}}}:token"


class Source:
    """The platform's stable_token: the same one until it is forced, or until `next` was called."""

    def __init__(self, expires_in: int = 7200) -> None:
        self.asked: list[bool] = []
        self.number = 1
        self.expires_in = expires_in

    def __call__(self, force: bool) -> Fetched:
        self.asked.append(force)
        self.number += force
        return Fetched(f"TOKEN{self.number}", self.expires_in)


def test_a_token_is_fetched_once_for_many_threads(tokens: TokenStore) -> None:
    source = Source()

    def slow(force: bool) -> Fetched:
        time.sleep(0.1)
        return source(force)

    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda _: tokens.get(slow), range(32)))
    assert set(got) == {"TOKEN1"}
    assert source.asked == [False]


def test_processes_starting_cold_fetch_one_token(api: Api, redis_url: str) -> None:
    code = f"""
from bot.adapters.redis_scripts import connected
from bot.adapters.vault import Vault
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.token import TokenStore
tokens = TokenStore(connected({redis_url!r}), Vault(b"k" * 32), {APP_ID!r})
platform = Platform({APP_ID!r}, {SECRET!r}, {api.url!r}, tokens)
for n in range(5):
    platform.send_text("o", str(n))
"""
    root = Path(__file__).parents[2]
    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=root) for _ in range(4)]
    assert [process.wait(30) for process in processes] == [0, 0, 0, 0]
    assert api.paths().count("stable_token") == 1
    assert api.paths().count("message/custom/send") == 20


def test_a_stolen_token_costs_one_renewal_for_all(api: Api, client: Client) -> None:
    """Somebody else took a token: every process fails at once, one renews, nobody throws the new one away."""
    good = {"token": "TOKEN-1"}
    api.answers["message/custom/send"] = lambda asked: {"errcode": 0 if asked.token == good["token"] else 40001}
    platforms = [Platform(APP_ID, SECRET, api.url, TokenStore(client, VAULT, APP_ID)) for _ in range(8)]
    platforms[0].send_text("o", "x")
    good["token"] = "TOKEN-2"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda platform: platform.send_text("o", "x"), platforms))
    assert api.tokens == 2


def test_the_token_lives_as_long_as_the_platform_says(tokens: TokenStore, client: Client) -> None:
    tokens.get(Source(expires_in=345))
    assert 320 <= client.ttl(KEY) <= 340


def test_the_token_is_not_readable_in_redis(tokens: TokenStore, client: Client) -> None:
    tokens.get(Source())
    stored = client.get(KEY)
    assert isinstance(stored, bytes)
    assert b"TOKEN1" not in stored


def test_a_token_near_its_end_is_renewed_once_while_it_still_works(tokens: TokenStore, client: Client) -> None:
    source = Source()
    tokens.get(source)
    client.pexpire(KEY, int(EARLY * 1000) - 1000)
    source.number = 2
    assert [tokens.get(source) for _ in range(3)] == ["TOKEN2", "TOKEN2", "TOKEN2"]
    assert source.asked == [False, False]


def test_a_platform_that_gives_the_same_old_token_is_not_asked_on_every_call(tokens: TokenStore) -> None:
    source = Source(expires_in=100)
    for _ in range(5):
        assert tokens.get(source) == "TOKEN1"
    assert len(source.asked) == 2


def test_a_failed_early_renewal_does_no_harm(tokens: TokenStore, client: Client) -> None:
    tokens.get(Source())
    client.pexpire(KEY, 60_000)

    def broken(_force: bool) -> Fetched:
        raise Busy(None, "away")

    assert tokens.get(broken) == "TOKEN1"


def test_a_renewal_by_somebody_else_is_not_thrown_away(tokens: TokenStore) -> None:
    source = Source()
    tokens.get(source)
    source.number = 2
    assert tokens.renew("TOKEN1", source) == "TOKEN2"
    assert tokens.renew("TOKEN1", source) == "TOKEN2"
    assert source.asked == [False, False]


def test_force_is_used_only_where_the_platform_insists_on_the_refused_token(tokens: TokenStore) -> None:
    source = Source()
    assert tokens.get(source) == "TOKEN1"
    assert tokens.renew("TOKEN1", source) == "TOKEN2"
    assert source.asked == [False, False, True]
    with pytest.raises(TokenRefused):
        tokens.renew("TOKEN2", source)
    assert source.asked.count(True) == 1


def test_forced_renewals_are_rationed_over_the_day(tokens: TokenStore, client: Client) -> None:
    source = Source()
    tokens.get(source)
    client.set(f"{KEY}:forces", 18)
    with pytest.raises(TokenRefused, match="today"):
        tokens.renew("TOKEN1", source)


def test_whoever_waits_is_told_when_the_fetcher_died(client: Client) -> None:
    tokens = TokenStore(client, VAULT, APP_ID, patience=0.2)
    client.set(f"{KEY}:lock", "somebody", px=5000)
    with pytest.raises(Busy):
        tokens.get(Source())


def test_a_failed_fetch_lets_the_next_one_try(tokens: TokenStore, client: Client) -> None:
    def refused(_force: bool) -> Fetched:
        raise NeedsOperator(40164, "not in whitelist")

    with pytest.raises(NeedsOperator):
        tokens.get(refused)
    assert client.exists(f"{KEY}:lock") == 0
    assert tokens.get(Source()) == "TOKEN1"


def test_a_token_sealed_with_a_lost_key_is_fetched_anew(tokens: TokenStore, client: Client) -> None:
    tokens.get(Source())
    assert TokenStore(client, Vault(b"n" * 32), APP_ID).get(Source()) == "TOKEN1"


def test_no_redis_means_later() -> None:
    with pytest.raises(Busy):
        TokenStore(connected("redis://127.0.0.1:1/0"), VAULT, APP_ID).get(Source())


def test_a_waiting_thread_gets_the_token_of_the_one_who_fetched(tokens: TokenStore) -> None:
    started, finish = threading.Event(), threading.Event()

    def slow(_force: bool) -> Fetched:
        started.set()
        finish.wait(5)
        return Fetched("TOKEN1", 7200)

    never: Callable[[bool], Fetched] = lambda _force: pytest.fail("fetched twice")  # noqa: E731
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(tokens.get, slow)
        started.wait(5)
        second = pool.submit(tokens.get, never)
        time.sleep(0.1)
        finish.set()
        assert (first.result(5), second.result(5)) == ("TOKEN1", "TOKEN1")


def test_a_token_that_came_while_we_took_the_lock_is_used(
    tokens: TokenStore, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tokens._locked

    def slowly() -> AbstractContextManager[bool]:
        TokenStore(client, VAULT, APP_ID).get(lambda _force: Fetched("T9", 7200))
        return plain()

    monkeypatch.setattr(tokens, "_locked", slowly)
    source = Source()
    assert tokens.get(source) == "T9"
    assert source.asked == []
