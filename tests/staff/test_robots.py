"""A robot's success is 2xx and a zero in the body; everything else says what to do next."""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.parse
from collections.abc import Callable

import pytest

from bot.adapters.staff.dingtalk import DingTalk
from bot.adapters.staff.errors import Later, Misconfigured, NotTold, Refused
from bot.adapters.staff.feishu import Feishu
from bot.adapters.staff.robot import cut
from bot.adapters.staff.wecom import WeCom
from tests.staff.conftest import Robot

ROBOTS: dict[str, Callable[[str], WeCom | DingTalk | Feishu]] = {"wecom": WeCom, "dingtalk": DingTalk, "feishu": Feishu}

HTTP = [(429, Later), (500, Later), (502, Later), (503, Later), (401, Misconfigured), (403, Misconfigured)]
HTTP += [(404, Misconfigured), (301, Misconfigured), (413, Refused)]

CODES = {
    "wecom": [
        ({"errcode": -1}, Later),
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, Later),
        ({"errcode": 93000, "errmsg": "invalid webhook url"}, Misconfigured),
        ({"errcode": 93008}, Misconfigured),
        ({"errcode": 40008}, Refused),
        ({"errcode": 40058}, Refused),
        ({"errcode": 44004}, Refused),
        ({"errcode": 99999}, Misconfigured),
    ],
    "dingtalk": [
        ({"errcode": -1}, Later),
        ({"errcode": 410100}, Later),
        ({"errcode": 130101}, Later),
        ({"errcode": 310000, "errmsg": "sign not match"}, Misconfigured),
        ({"errcode": 300001}, Misconfigured),
        ({"errcode": 400102}, Misconfigured),
        ({"errcode": 430102}, Refused),
        ({"errcode": 99999}, Misconfigured),
    ],
    "feishu": [
        ({"code": 11232, "msg": "frequency limited"}, Later),
        ({"code": 11233}, Later),
        ({"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}, Misconfigured),
        ({"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}, Misconfigured),
        ({"code": 19022}, Misconfigured),
        ({"code": 19024, "msg": "Key Words Not Found"}, Misconfigured),
        ({"code": 9499, "msg": "Bad Request"}, Refused),
        ({"code": 99999}, Misconfigured),
    ],
}


@pytest.mark.parametrize("name", ROBOTS)
def test_a_zero_in_the_body_is_a_success(robot: Robot, name: str) -> None:
    ROBOTS[name](robot.url).send("新线索")
    ((path, body),) = robot.got
    assert path.startswith("/hook?key=k1")
    assert "新线索" in str(body)


@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize(("status", "error"), HTTP)
def test_an_http_error_is_never_a_success(robot: Robot, name: str, status: int, error: type[NotTold]) -> None:
    robot.answers({"errcode": 0, "code": 0}, status)
    with pytest.raises(error):
        ROBOTS[name](robot.url).send("x")


@pytest.mark.parametrize(
    ("name", "body", "error"), [(name, body, error) for name, rows in CODES.items() for body, error in rows]
)
def test_a_code_in_a_200_says_what_to_do(robot: Robot, name: str, body: object, error: type[NotTold]) -> None:
    robot.answers(body)
    with pytest.raises(error):
        ROBOTS[name](robot.url).send("x")


@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize(
    "body", [b"", b"ok", b"<html>", b"[]", b"null", b"{}", b'{"errcode":"0","code":"0"}', b"[" * 99_999]
)
def test_an_answer_that_is_no_answer_is_no_success(robot: Robot, name: str, body: bytes) -> None:
    robot.answers(body)
    with pytest.raises(NotTold):
        ROBOTS[name](robot.url).send("x")


@pytest.mark.parametrize("name", ROBOTS)
def test_a_server_that_is_not_there_is_tried_later_and_the_address_stays_secret(name: str) -> None:
    with pytest.raises(Later) as error:
        ROBOTS[name]("http://127.0.0.1:1/hook?key=very-secret").send("x")
    assert "very-secret" not in str(error.value)
    assert "very-secret" not in repr(ROBOTS[name]("http://127.0.0.1:1/?key=very-secret"))


def test_too_fast_waits_a_minute(robot: Robot) -> None:
    robot.answers({"errcode": 45009})
    with pytest.raises(Later) as error:
        WeCom(robot.url).send("x")
    assert error.value.wait.total_seconds() == 60


def test_dingtalk_signs_with_time_and_secret(robot: Robot) -> None:
    DingTalk(robot.url, "SEC1", now=lambda: 1_700_000_000.5).send("x")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(robot.got[0][0]).query)
    expected = hmac.new(b"SEC1", b"1700000000500\nSEC1", hashlib.sha256).digest()
    assert query["timestamp"] == ["1700000000500"]
    assert base64.b64decode(query["sign"][0]) == expected
    assert query["key"] == ["k1"]


def test_feishu_signs_an_empty_text_with_time_and_secret_as_the_key(robot: Robot) -> None:
    Feishu(robot.url, "SEC1", now=lambda: 1_700_000_000.5).send("x")
    body = robot.got[0][1]
    expected = hmac.new(b"1700000000\nSEC1", b"", hashlib.sha256).digest()
    assert (body["timestamp"], base64.b64decode(body["sign"])) == ("1700000000", expected)


def test_wecom_texts_are_cut_to_2048_bytes_and_keep_the_link(robot: Robot) -> None:
    WeCom(robot.url).send("线索" * 1000 + "\nhttps://bot.example/staff/leads/L1")
    text = robot.got[0][1]["text"]["content"]
    assert len(text.encode()) <= 2048
    assert text.endswith("…\nhttps://bot.example/staff/leads/L1")


@pytest.mark.parametrize("text", ["字" * 100, "字" * 10 + "\n" + "链" * 90])
def test_cutting_never_breaks_a_character_or_the_limit(text: str) -> None:
    for limit in range(1, 320):
        assert len(cut(text, limit).encode()) <= limit
