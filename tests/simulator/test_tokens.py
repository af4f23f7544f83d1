"""Tokens, the order of the gates, quotas and request ids."""

from __future__ import annotations

import re

import pytest

from .conftest import World


def ask(world: World, **changed: object) -> dict:
    account = world.sim.account
    body = {"grant_type": "client_credential", "appid": account.app_id, "secret": account.app_secret} | changed
    return world.session.post(f"{world.base}/cgi-bin/stable_token", json=body).json()


def old(world: World) -> dict:
    account = world.sim.account
    query = {"grant_type": "client_credential", "appid": account.app_id, "secret": account.app_secret}
    return world.session.get(f"{world.base}/cgi-bin/token", params=query).json()


def works(world: World, token: str) -> int:
    return (
        world.session.get(f"{world.base}/cgi-bin/getcallbackip", params={"access_token": token})
        .json()
        .get("errcode", 0)
    )


def test_the_stable_token_stays_the_same_until_its_last_five_minutes(service: World) -> None:
    first = ask(service)
    service.act("clock", {"move": 6000})
    again = ask(service)
    assert again["access_token"] == first["access_token"]
    assert 1190 <= again["expires_in"] <= 1200
    service.act("clock", {"move": 1000})
    assert ask(service)["access_token"] != first["access_token"]
    assert works(service, first["access_token"]) == 0
    service.act("clock", {"move": 300})
    assert works(service, first["access_token"]) in (40001, 42001)


def test_the_old_call_gives_a_new_token_each_time_and_kills_the_last_after_five_minutes(service: World) -> None:
    stable, first = ask(service)["access_token"], old(service)["access_token"]
    second = old(service)["access_token"]
    assert first != second
    assert works(service, first) == 0
    service.act("clock", {"move": 301})
    assert [works(service, token) for token in (first, second, stable)] == [40001, 0, 0]


def test_a_forced_refresh_kills_the_token_and_is_rationed(service: World) -> None:
    first = ask(service)["access_token"]
    second = ask(service, force_refresh=True)["access_token"]
    assert [works(service, token) for token in (first, second)] == [40001, 0]
    assert ask(service, force_refresh=True)["errcode"] == 45011
    for _ in range(19):
        service.act("clock", {"move": 31})
        assert "access_token" in ask(service, force_refresh=True)
    service.act("clock", {"move": 31})
    assert ask(service, force_refresh=True)["errcode"] == 45009


def test_an_expired_token_is_42001_and_a_stolen_one_40001(service: World) -> None:
    token = ask(service)["access_token"]
    service.act("steal-token")
    assert works(service, token) == 40001
    fresh = ask(service)["access_token"]
    assert works(service, fresh) == 0
    service.act("clock", {"move": 7201})
    assert works(service, fresh) == 42001


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"appid": "wxother"}, 40013),
        ({"appid": ""}, 41002),
        ({"appid": "wxother", "grant_type": ""}, 40013),
        ({"grant_type": "x"}, 40002),
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_wrong_credentials_are_named_the_app_id_first(service: World, changed: dict, code: int) -> None:
    assert ask(service, **changed)["errcode"] == code


def test_an_address_that_is_not_listed_gets_no_token_and_is_named(service: World) -> None:
    service.act("knobs", {"ip_listed": False})
    answer = ask(service)
    assert answer["errcode"] == 40164
    assert re.match(r"invalid ip 127\.0\.0\.1 ipv6 ::ffff:127\.0\.0\.1, not in whitelist rid: ", answer["errmsg"])


def test_the_gates_come_in_the_platform_s_order(personal: World) -> None:
    url, path = personal.base, "/cgi-bin/message/custom/send"
    session, token = personal.session, personal.token
    assert session.get(f"{url}{path}").json()["errcode"] == 43002
    assert session.post(f"{url}/cgi-bin/user/info").json()["errcode"] == 43001
    assert session.post(f"{url}{path}").json()["errcode"] == 41001
    assert session.post(f"{url}{path}?access_token=bad").json()["errcode"] == 40001
    assert session.post(f"{url}{path}?access_token={token}").json()["errcode"] == 48001
    personal.act("rights", {"right": "custom", "allowed": True})
    personal.act("quota", {"path": path, "limit": 0})
    assert session.post(f"{url}{path}?access_token={token}").json()["errcode"] == 45009
    personal.act("quota", {"path": path, "limit": 10})
    assert session.post(f"{url}{path}?access_token={token}").json()["errcode"] == 44002
    assert session.post(f"{url}{path}?access_token={token}", data=b"{").json()["errcode"] == 47001
    assert session.post(f"{url}{path}?access_token={token}", data=b"{}").json()["errcode"] == 40003


def test_errors_are_http_200_and_end_with_a_request_id_of_the_time(service: World) -> None:
    answer = service.session.get(f"{service.base}/cgi-bin/getcallbackip")
    assert answer.status_code == 200
    found = re.search(r" rid: ([0-9a-f]{8})-[0-9a-f]{8}-\d{8}$", answer.json()["errmsg"])
    assert found
    assert abs(int(found[1], 16) - service.sim.clock.stamp()) < 5
    rid = answer.json()["errmsg"].rsplit(" ", 1)[1]
    told = service.post("/cgi-bin/openapi/rid/get", {"rid": rid})["request"]
    assert told["request_url"] == "/cgi-bin/getcallbackip"
    assert service.post("/cgi-bin/openapi/rid/get", {"rid": "x"})["errcode"] == 76001


def test_quotas_can_be_asked_cleared_and_turn_at_midnight_in_shanghai(service: World) -> None:
    path = "/cgi-bin/draft/count"
    service.act("clock", {"now": "2026-11-24T23:58:00+08:00"})
    for _ in range(3):
        service.get(path)
    asked = service.post("/cgi-bin/openapi/quota/get", {"cgi_path": path})["quota"]
    assert asked == {"daily_limit": 1000, "used": 3, "remain": 997}
    service.act("quota", {"path": path, "limit": 3})
    assert service.get(path)["errcode"] == 45009
    service.act("clock", {"move": 180})
    assert "total_count" in service.get(path)
    assert service.post("/cgi-bin/openapi/quota/get", {"cgi_path": "draft/count"})["errcode"] == 76003
    assert service.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/nothing"})["errcode"] == 76021
    assert service.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/sns/auth"})["errcode"] == 76022


def test_quotas_can_be_cleared_ten_times_a_month(service: World) -> None:
    app_id = service.sim.account.app_id
    service.act("quota", {"path": "/cgi-bin/draft/count", "limit": 1})
    service.get("/cgi-bin/draft/count")
    assert service.get("/cgi-bin/draft/count")["errcode"] == 45009
    assert service.post("/cgi-bin/clear_quota", {"appid": app_id})["errcode"] == 0
    assert "total_count" in service.get("/cgi-bin/draft/count")
    secret = {"appid": app_id, "appsecret": service.sim.account.app_secret}
    for _ in range(9):
        answer = service.session.post(f"{service.base}/cgi-bin/clear_quota/v2", params=secret)
        assert answer.json()["errcode"] == 0
    assert service.post("/cgi-bin/clear_quota", {"appid": app_id})["errcode"] == 48006


def test_an_unknown_path_is_an_invalid_url(service: World) -> None:
    assert service.get("/cgi-bin/nothing/here")["errcode"] == 40066
