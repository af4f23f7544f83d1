"""Customer-service messages: windows, counts, bodies; and the typing sign."""

from __future__ import annotations

import pytest

from .conftest import PNG, World

SEND = "/cgi-bin/message/custom/send"


def text(world: World, openid: str, content: str = "hi") -> int:
    return world.post(SEND, {"touser": openid, "msgtype": "text", "text": {"content": content}})["errcode"]


def wrote(world: World) -> str:
    openid = world.follower()
    world.act(f"followers/{openid}/send", {"text": "hi"})
    return openid


def test_five_messages_within_48_hours_of_the_follower_s_own(service: World) -> None:
    openid = wrote(service)
    assert [text(service, openid) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    service.act(f"followers/{openid}/send", {"text": "again"})
    assert text(service, openid) == 0
    service.act("clock", {"move": 48 * 3600 + 1})
    assert text(service, openid) == 45015


@pytest.mark.parametrize(
    ("event", "fields"), [("CLICK", {"EventKey": "K"}), ("subscribe", {}), ("SCAN", {"EventKey": "s"})]
)
def test_three_messages_within_a_minute_of_an_event(service: World, event: str, fields: dict) -> None:
    openid = service.follower()
    service.act(f"followers/{openid}/event", {"event": event} | fields)
    assert [text(service, openid) for _ in range(4)] == [0, 0, 0, 45047]
    service.act("clock", {"move": 61})
    assert text(service, openid) == 45015


def test_a_view_opens_no_window(service: World) -> None:
    openid = service.follower()
    service.act(f"followers/{openid}/event", {"event": "VIEW", "EventKey": "https://e.com"})
    assert text(service, openid) == 45015


def test_the_bucket_that_ends_first_is_used_first(service: World) -> None:
    openid = wrote(service)
    service.act(f"followers/{openid}/event", {"event": "CLICK", "EventKey": "K"})
    assert [text(service, openid) for _ in range(3)] == [0, 0, 0]
    service.act("clock", {"move": 61})
    assert [text(service, openid) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]


def test_unfollowing_closes_everything(service: World) -> None:
    openid = wrote(service)
    service.act(f"followers/{openid}/unfollow")
    assert text(service, openid) == 45015
    service.act("knobs", {"unfollowed_code": 43004})
    assert text(service, openid) == 43004


@pytest.mark.parametrize(("flag", "code"), [("blocked", 48002), ("blacklisted", 43019), ("minor", 70000)])
def test_some_followers_may_not_be_written_to(service: World, flag: str, code: int) -> None:
    openid = wrote(service)
    service.act(f"followers/{openid}/flags", {flag: True})
    assert text(service, openid) == code


def test_a_refused_body_uses_up_nothing(service: World) -> None:
    openid = wrote(service)
    assert text(service, openid, "") == 44004
    assert text(service, openid, "汉" * 683) == 45002
    assert [text(service, openid) for _ in range(6)][-2:] == [0, 45047]


def card(**fields: object) -> dict:
    return {"title": "t", "description": "d", "url": "https://e.com/1", "picurl": ""} | fields


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"msgtype": "news", "news": {"articles": [card()]}}, 0),
        ({"msgtype": "news", "news": {"articles": card()}}, 45162),
        ({"msgtype": "news", "news": {"articles": [card(), card()]}}, 45008),
        ({"msgtype": "news", "news": {"articles": []}}, 44003),
        ({"msgtype": "news", "news": {"articles": [card(url="https://e.com/" + "x" * 1024)]}}, 45005),
        ({"msgtype": "poem", "poem": {}}, 40008),
        ({"msgtype": "image", "image": {"media_id": "no"}}, 40007),
        ({"msgtype": "mpnewsarticle", "mpnewsarticle": {"article_id": "no"}}, 53600),
        ({"msgtype": "msgmenu", "msgmenu": {"head_content": "?", "list": [{"id": "1", "content": "a"}]}}, 0),
        ({"msgtype": "msgmenu", "msgmenu": {"head_content": "?", "list": []}}, 44004),
    ],
)
def test_bodies_are_checked(service: World, part: dict, code: int) -> None:
    assert service.post(SEND, {"touser": wrote(service)} | part)["errcode"] == code


def test_an_unknown_openid_is_refused(service: World) -> None:
    assert text(service, "oNobody") == 40003


def test_an_uploaded_picture_can_be_sent_for_three_days(service: World) -> None:
    openid = wrote(service)
    media_id = service.upload("/cgi-bin/media/upload", PNG, type="image")["media_id"]
    body = {"touser": openid, "msgtype": "image", "image": {"media_id": media_id}}
    assert service.post(SEND, body)["errcode"] == 0
    service.act("clock", {"move": 3 * 86400 + 1})
    service.act(f"followers/{openid}/send", {"text": "hi"})
    assert service.post(SEND, body)["errcode"] == 40007


def test_what_was_sent_is_seen_and_counted(service: World) -> None:
    openid = wrote(service)
    for _ in range(2):
        service.post(SEND, {"touser": openid, "msgtype": "news", "news": {"articles": [card()]}})
    assert service.look(f"followers/{openid}/chat")["items"][-1]["articles"][0]["url"] == "https://e.com/1"
    assert service.look("received", twice=1)["received"] == {"article:https://e.com/1": {openid: 2}}


def test_typing_needs_a_fresh_exchange_and_is_shown_once(service: World) -> None:
    path, openid = "/cgi-bin/message/custom/typing", service.follower()
    body = {"touser": openid, "command": "Typing"}
    assert service.post(path, body)["errcode"] == 45080
    service.act(f"followers/{openid}/send", {"text": "hi"})
    assert service.post(path, body | {"command": "Sing"})["errcode"] == 45072
    assert [service.post(path, body)["errcode"] for _ in range(2)] == [0, 45081]
    assert service.post(path, body | {"command": "CancelTyping"})["errcode"] == 0
    assert service.post(path, body)["errcode"] == 0
