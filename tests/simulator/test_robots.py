"""The staff robots: shapes, signatures, limits."""

from __future__ import annotations

import base64
import hmac
import time

import pytest

from .conftest import World

TEXT = {"msgtype": "text", "text": {"content": "新线索"}}


def say(world: World, path: str, body: dict, **query: str) -> dict:
    answer = world.session.post(f"{world.base}/robot/{path}", json=body, params=query)
    assert answer.status_code == 200
    return answer.json()


def test_each_robot_speaks_in_the_staff_group(service: World) -> None:
    assert say(service, "wecom", TEXT, key="k") == {"errcode": 0, "errmsg": "ok"}
    assert say(service, "dingtalk", TEXT, access_token="t") == {"errcode": 0, "errmsg": "ok"}
    assert say(service, "feishu/hook", {"msg_type": "text", "content": {"text": "新线索"}})["code"] == 0
    staff = service.look("staff")["items"]
    assert [(said["channel"], said["text"]) for said in staff] == [
        ("wecom", "新线索"),
        ("dingtalk", "新线索"),
        ("feishu", "新线索"),
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"msgtype": "markdown", "markdown": {"content": "**a**"}}, 0),
        ({"msgtype": "markdown", "markdown": {"content": "汉" * 1366}}, 40058),
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "text"}, 44004),
        ({"msgtype": "poem"}, 40008),
        ({"msgtype": "image", "image": {"base64": "eA==", "md5": "no"}}, 301019),
        ({"msgtype": "news", "news": {"articles": []}}, 40058),
    ],
)
def test_wecom_checks_the_shape(service: World, body: dict, code: int) -> None:
    assert say(service, "wecom", body, key="k")["errcode"] == code


def test_wecom_knows_its_keys(service: World) -> None:
    assert say(service, "wecom", TEXT)["errcode"] == 93000
    service.act("robots", {"wecom_keys": ["right"]})
    assert say(service, "wecom", TEXT, key="wrong")["errcode"] == 93000
    assert say(service, "wecom", TEXT, key="right")["errcode"] == 0


def test_dingtalk_checks_signature_keyword_and_token(service: World) -> None:
    service.act("robots", {"dingtalk_secret": "SEC1", "dingtalk_tokens": ["t"]})
    stamp = str(int(time.time() * 1000))
    sign = base64.b64encode(hmac.digest(b"SEC1", f"{stamp}\nSEC1".encode(), "sha256")).decode()
    assert say(service, "dingtalk", TEXT, access_token="x")["errcode"] == 300005
    assert say(service, "dingtalk", TEXT, access_token="t", timestamp=stamp, sign="no")["errcode"] == 310000
    assert say(service, "dingtalk", TEXT, access_token="t", timestamp="1", sign=sign)["errcode"] == 310000
    assert say(service, "dingtalk", TEXT, access_token="t", timestamp=stamp, sign=sign)["errcode"] == 0
    service.act("robots", {"dingtalk_secret": "", "dingtalk_keyword": "线索单"})
    assert "keywords" in say(service, "dingtalk", TEXT, access_token="t")["errmsg"]


def test_feishu_checks_signature_and_shape(service: World) -> None:
    service.act("robots", {"feishu_secret": "s"})
    stamp = str(int(time.time()))
    sign = base64.b64encode(hmac.digest(f"{stamp}\ns".encode(), b"", "sha256")).decode()
    body = {"msg_type": "text", "content": {"text": "x"}}
    assert say(service, "feishu/h", body)["code"] == 19021
    assert say(service, "feishu/h", body | {"timestamp": stamp, "sign": sign})["code"] == 0
    service.act("robots", {"feishu_secret": ""})
    assert say(service, "feishu/h", {"msg_type": "poem", "content": {"text": "x"}})["code"] == 9499
    post = {"post": {"zh_cn": {"title": "T", "content": [[{"tag": "text", "text": "a"}], [{"tag": "a", "text": "b"}]]}}}
    assert say(service, "feishu/h", {"msg_type": "post", "content": post})["code"] == 0
    said = service.look("staff")["items"][-1]
    assert (said["title"], said["text"]) == ("T", "a\nb")
    card = {
        "header": {"title": {"tag": "plain_text", "content": "T"}},
        "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": "line"}}],
    }
    assert say(service, "feishu/h", {"msg_type": "interactive", "card": card})["code"] == 0
    assert service.look("staff")["items"][-1]["text"] == "line"


def test_the_twenty_first_message_in_a_minute_is_refused(service: World) -> None:
    codes = [say(service, "wecom", TEXT, key="k")["errcode"] for _ in range(21)]
    assert codes == [0] * 20 + [45009]
    assert say(service, "wecom", TEXT, key="other")["errcode"] == 0
    service.act("clock", {"move": 61})
    assert say(service, "wecom", TEXT, key="k")["errcode"] == 0


def test_a_robot_can_be_made_to_fail(service: World) -> None:
    service.act("faults", {"kind": "error", "path": "/robot/*", "code": 45009})
    assert say(service, "wecom", TEXT, key="k")["errcode"] == 45009
    service.act("faults", {"kind": "error", "path": "/robot/feishu/*", "code": 11232})
    assert say(service, "feishu/h", {"msg_type": "text", "content": {"text": "x"}})["code"] == 11232
    assert service.look("staff")["items"] == []
