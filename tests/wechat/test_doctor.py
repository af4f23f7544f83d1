"""The doctor says in plain words what is wrong with a set-up and what to do."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.adapters.redis_scripts import Client, connected
from bot.adapters.wechat.callback import Refused
from bot.adapters.wechat.capabilities import Capabilities, Refusal
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.quota import Usage
from bot.commands import doctor
from bot.commands.doctor import Finding
from config.settings import Settings, read

from .conftest import Api
from .sender import AES_KEY, APP_ID, NOW, TOKEN, callback

ENVIRONMENT = {
    "WECHAT_APP_ID": APP_ID,
    "WECHAT_APP_SECRET": "0123456789abcdef",
    "WECHAT_TOKEN": TOKEN,
    "WECHAT_AES_KEY": AES_KEY,
    "SECRET_KEY": "x" * 32,
    "DATA_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
}


def settings(**more: str) -> Settings:
    return read({**ENVIRONMENT, **more})


def told(findings: Iterable[Finding]) -> str:
    out = io.StringIO()
    doctor.examined([lambda: findings], out)
    return out.getvalue()


def test_the_doctor_fails_where_something_must_be_done() -> None:
    out = io.StringIO()
    assert doctor.examined([lambda: [Finding("ok", "fine")], lambda: [Finding("note", "hm", "think")]], out) == 0
    assert doctor.examined([lambda: [Finding("FAIL", "broken", "mend it")]], out) == 1
    assert out.getvalue() == "[  ok] fine\n[note] hm\n       -> think\n[FAIL] broken\n       -> mend it\n"


def test_a_check_that_breaks_does_not_end_the_visit() -> None:
    out = io.StringIO()
    assert doctor.examined([lambda: [Finding("ok", str(1 // 0))], lambda: [Finding("ok", "next")]], out) == 1
    assert "ZeroDivisionError" in out.getvalue()
    assert "[  ok] next" in out.getvalue()


def test_a_set_up_that_tells_no_staff_is_bad() -> None:
    assert "[FAIL] no staff channel" in told(doctor.settings_read(settings()))
    assert "FAIL" not in told(doctor.settings_read(settings(WECOM_ROBOT_URL="https://e.com/x")))
    assert "plain mode" in told(doctor.settings_read(settings(WECHAT_MODE="plain")))


def test_a_real_redis_is_looked_over(client: Client) -> None:
    text = told(doctor.redis_serves(client))
    assert "[  ok] Redis 6." in text
    assert "appendonly" in text
    client.config_set("maxmemory", "100mb")
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert "[FAIL] Redis throws keys away when it is full (allkeys-lru)" in told(doctor.redis_serves(client))
    finally:
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")


def test_clocks_apart_are_noticed(client: Client) -> None:
    assert "[FAIL] the clocks" in told(doctor.redis_serves(client, now=lambda: 0.0))


def test_no_redis_is_told() -> None:
    assert "[FAIL] Redis does not answer" in told(doctor.redis_serves(connected("redis://127.0.0.1:1/0")))


def test_the_database_is_asked() -> None:
    def broken() -> None:
        raise OSError("no such host, password=secret")

    assert "[  ok]" in told(doctor.database_serves(lambda: 1))
    text = told(doctor.database_serves(broken))
    assert "[FAIL] the database does not answer: OSError" in text
    assert "secret" not in text


def test_a_token_that_comes_is_good(platform: Platform) -> None:
    assert "[  ok] the platform gives us access tokens" in told(doctor.token_comes(platform))


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist", "put 203.0.113.7 on the whitelist"),
        (61004, "access clientip is not registered", "this machine's public address"),
        (40013, "invalid appid", "WECHAT_APP_ID"),
        (40125, "invalid appsecret", "WECHAT_APP_SECRET"),
        (40001, "invalid credential", "WECHAT_APP_SECRET"),
        (89503, "need admin", "administrator"),
        (50002, "user limited", "frozen or closed"),
    ],
)
def test_a_token_that_does_not_come_says_what_to_do(
    api: Api, platform: Platform, code: int, message: str, words: str
) -> None:
    api.answers["stable_token"] = [{"errcode": code, "errmsg": message}]
    text = told(doctor.token_comes(platform))
    assert "[FAIL]" in text
    assert words in text


def test_a_platform_that_cannot_be_reached_is_told(api: Api, platform: Platform) -> None:
    api.answers["stable_token"] = [None]
    assert "WECHAT_API_BASE" in told(doctor.token_comes(platform))


def our_own_door(address: str) -> tuple[int, str]:
    query = dict(parse_qsl(urlsplit(address).query))
    try:
        return 200, callback().verify_url(query, NOW)
    except Refused as refused:
        return refused.status, ""


def test_our_own_door_is_tried_as_the_platform_tries_it() -> None:
    def away(_address: str) -> tuple[int, str]:
        raise ConnectionRefusedError

    address = "https://bot.example.com"
    assert "[  ok]" in told(doctor.callback_answers(address, TOKEN, our_own_door, NOW))
    assert "another WECHAT_TOKEN" in told(doctor.callback_answers(address, "other", our_own_door, NOW))
    assert "cannot be reached" in told(doctor.callback_answers(address, TOKEN, away, NOW))
    assert "not the echo" in told(doctor.callback_answers(address, TOKEN, lambda _: (200, "<html>"), NOW))
    assert "80 and 443" in told(doctor.callback_answers(address + ":8000", TOKEN, our_own_door, NOW))
    assert told(doctor.callback_answers("", TOKEN, away, NOW)) == ""


def test_the_table_of_rights_says_why_not() -> None:
    unverified = told(doctor.rights_stand(Capabilities.of("subscription-unverified")))
    assert "may not mass send to a tag: only for verified accounts" in unverified
    assert "push to nobody" in unverified
    refusal = Refusal("draft/add", datetime(2026, 11, 24, tzinfo=UTC))
    service = told(doctor.rights_stand(Capabilities.of("service").reduced_by((refusal,))))
    assert "the platform refused draft/add on 2026-11-24" in service
    assert "push to nobody" not in service


@pytest.mark.parametrize(
    ("answer", "account", "words"),
    [
        ({"is_menu_open": 1}, "service", "[  ok] followers see a menu"),
        ({"is_menu_open": 0}, "service", "menu sync"),
        ({"is_menu_open": 0}, "service-unverified", "text to tap"),
        ({"errcode": 45009, "errmsg": "x"}, "service", "cannot be looked at"),
    ],
)
def test_the_menu(api: Api, platform: Platform, answer: dict[str, object], account: str, words: str) -> None:
    api.answers["get_current_selfmenu_info"] = [answer]
    assert words in told(doctor.menu_is_there(platform, Capabilities.of(account)))


def test_the_platform_s_addresses(api: Api, platform: Platform) -> None:
    api.answers["getcallbackip"] = [{"ip_list": ["1.2.3.4"]}, {"errcode": 45009, "errmsg": "x"}]
    assert "1 addresses" in told(doctor.platform_knows_us(platform))
    assert "cannot be asked" in told(doctor.platform_knows_us(platform))


def test_quotas_nearly_used_up_are_shown() -> None:
    text = told(doctor.quotas_left([Usage("draft/add", 10, 990), Usage("menu/get", 99, 1), Usage("x", 1, None)]))
    assert "[  ok] draft/add: 10 of 1000" in text
    assert "[note] menu/get: 99 of 100" in text
    assert "x:" not in text
