"""Mass sends: once for each clientmsgid, within the quota, with a true event at the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import World

ALL, LIST = "/cgi-bin/message/mass/sendall", "/cgi-bin/message/mass/send"
TEXT = {"msgtype": "text", "text": {"content": "hello"}}
Draft = Callable[..., str]


def to_all(**fields: object) -> dict:
    return {"filter": {"is_to_all": True}} | TEXT | fields


def tagged(world: World, openids: list[str]) -> int:
    tag = world.post("/cgi-bin/tags/create", {"tag": {"name": "topic"}})["tag"]["id"]
    assert world.post("/cgi-bin/tags/members/batchtagging", {"openid_list": openids, "tagid": tag})["errcode"] == 0
    return tag


def test_a_draft_reaches_everybody_with_the_tag_and_then_its_id_is_dead(subscription: World, draft: Draft) -> None:
    inside, outside = [subscription.follower() for _ in range(3)], subscription.follower()
    body = {
        "filter": {"is_to_all": False, "tag_id": tagged(subscription, inside)},
        "msgtype": "mpnews",
        "mpnews": {"media_id": draft(subscription, content_source_url="https://firm.example/a/1")},
        "clientmsgid": "job-1",
    }
    answer = subscription.post(ALL, body)
    assert (answer["errcode"], answer["errmsg"]) == (0, "send job submission success")
    subscription.settle()
    received = subscription.look("received", prefix="article:")["received"]
    assert received == {"article:https://firm.example/a/1": dict.fromkeys(inside, 1)}
    assert outside not in str(received)
    assert subscription.post("/cgi-bin/draft/get", {"media_id": body["mpnews"]["media_id"]})["errcode"] == 40007
    status = subscription.post("/cgi-bin/message/mass/get", {"msg_id": str(answer["msg_id"])})
    assert status["msg_status"] == "SEND_SUCCESS"


def test_the_same_clientmsgid_is_done_once_within_a_day(service: World) -> None:
    openid = service.follower()
    first = service.post(ALL, to_all(clientmsgid="job-1"))
    again = service.post(ALL, to_all(clientmsgid="job-1"))
    service.settle()
    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])
    assert service.look("received", prefix="mass:")["received"] == {f"mass:text:{first['msg_id']}": {openid: 1}}
    service.act("clock", {"move": 86401})
    assert service.post(ALL, to_all(clientmsgid="job-1"))["errcode"] == 0


def test_a_repeat_is_known_although_the_draft_and_the_quota_are_gone(subscription: World, draft: Draft) -> None:
    body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": draft(subscription)}}
    first = subscription.post(ALL, body | {"clientmsgid": "x"})
    subscription.settle()
    again = subscription.post(ALL, body | {"clientmsgid": "x"})
    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])


def test_without_a_clientmsgid_the_body_itself_is_the_key(service: World) -> None:
    service.follower()
    first = service.post(ALL, to_all())
    assert service.post(ALL, to_all())["errcode"] == 45065
    assert service.post(ALL, to_all(text={"content": "other"}))["msg_id"] != first["msg_id"]
    assert service.post(ALL, to_all(clientmsgid="x" * 33))["errcode"] == 45067


def test_a_subscription_account_sends_once_a_day(subscription: World) -> None:
    subscription.follower()
    assert subscription.post(ALL, to_all(clientmsgid="1"))["errcode"] == 0
    assert subscription.post(ALL, to_all(clientmsgid="2"))["errcode"] == 45028
    subscription.act("clock", {"move": 86400})
    assert subscription.post(ALL, to_all(clientmsgid="3"))["errcode"] == 0


def test_a_failed_job_uses_up_no_quota_and_reaches_nobody(subscription: World) -> None:
    openid = subscription.follower()
    subscription.act("knobs", {"mass_status": "err(20013)"})
    first = subscription.post(ALL, to_all(clientmsgid="1"))
    subscription.settle()
    assert subscription.post("/cgi-bin/message/mass/get", {"msg_id": first["msg_id"]})["msg_status"] == "SEND_FAIL"
    assert subscription.look(f"followers/{openid}/chat")["items"] == []
    assert subscription.post(ALL, to_all(clientmsgid="2"))["errcode"] == 0


def test_a_follower_of_a_service_account_gets_four_a_month(service: World) -> None:
    openids = [service.follower() for _ in range(2)]
    for number in range(5):
        body = {"touser": openids, "clientmsgid": f"job-{number}"} | TEXT
        assert service.post(LIST, body)["errcode"] == 0
        service.settle()
    counts = [job["counts"]["SentCount"] for job in service.look("state")["mass_jobs"]]
    assert counts == [2, 2, 2, 2, 0]
    service.act("clock", {"move": 32 * 86400})
    service.post(LIST, {"touser": openids, "clientmsgid": "next"} | TEXT)
    service.settle()
    assert service.look("state")["mass_jobs"][-1]["counts"]["SentCount"] == 2


@pytest.mark.parametrize(
    ("openids", "code"), [(["a"], 40130), ("a", 40031), ([1, 2], 40031), ([f"o{n}" for n in range(10_001)], 40032)]
)
def test_the_list_of_openids_is_checked(service: World, openids: object, code: int) -> None:
    assert service.post(LIST, {"touser": openids} | TEXT)["errcode"] == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"filter": {"is_to_all": False, "tag_id": 999}} | TEXT, 40152),
        (to_all(msgtype="wxcard", wxcard={"card_id": "1"}), 45113),
        (to_all(msgtype="poem"), 40008),
        (to_all(msgtype="mpnews", mpnews={"media_id": "no"}), 40007),
    ],
)
def test_what_is_sent_to_whom_is_checked(service: World, body: dict, code: int) -> None:
    assert service.post(ALL, body)["errcode"] == code


def test_the_event_carries_true_counts_and_the_article_s_address(safe: World, draft: Draft) -> None:
    reached, blocked = [safe.follower() for _ in range(3)], safe.follower()
    safe.act(f"followers/{blocked}/flags", {"blocked": True})
    safe.act("knobs", {"mass_errors": 1})
    safe.bot.reply = lambda nodes: "success"
    body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": draft(safe)}}
    answer = safe.post(ALL, body)
    safe.settle()
    event = safe.bot.got[-1]
    assert (event["Event"], event["MsgID"], event["Status"]) == (
        "MASSSENDJOBFINISH",
        str(answer["msg_id"]),
        "send success",
    )
    counts = [event[name] for name in ("TotalCount", "FilterCount", "SentCount", "ErrorCount")]
    assert counts == ["4", "3", "2", "1"]
    assert "ArticleUrlResult" in event
    assert len(reached) == 3


def test_a_preview_reaches_one_and_leaves_the_draft(service: World, draft: Draft) -> None:
    openid, media_id = service.follower(name="wx_boss"), draft(service)
    body = {"towxname": "wx_boss", "msgtype": "mpnews", "mpnews": {"media_id": media_id}}
    assert service.post("/cgi-bin/message/mass/preview", body)["errcode"] == 0
    assert service.look(f"followers/{openid}/chat")["items"][-1]["via"] == "preview"
    assert "news_item" in service.post("/cgi-bin/draft/get", {"media_id": media_id})


def test_a_sent_article_can_be_taken_back(service: World, draft: Draft) -> None:
    service.follower()
    body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": draft(service)}}
    msg_id = service.post(ALL, body)["msg_id"]
    service.settle()
    url = service.session.get(f"{service.base}/s/sim000001a1")
    assert "正文" in url.text
    assert service.post("/cgi-bin/message/mass/delete", {"msg_id": msg_id})["errcode"] == 0
    assert "已被发布者删除" in service.session.get(f"{service.base}/s/sim000001a1").text
    assert service.post("/cgi-bin/message/mass/delete", {"msg_id": 1})["errcode"] == 40059


def test_the_admin_guard_holds_a_send_to_all(service: World) -> None:
    service.act("knobs", {"admin_guard": True})
    assert service.post(ALL, to_all())["errcode"] == 89504


def test_the_speed_has_five_steps(service: World) -> None:
    path = "/cgi-bin/message/mass/speed/"
    assert service.post(f"{path}set", {"speed": 3})["errcode"] == 0
    assert service.post(f"{path}get", {})["realspeed"] == 30
    assert service.post(f"{path}set", {"speed": 9})["errcode"] == 45083
    assert service.post(f"{path}set", {})["errcode"] == 45084


def test_ten_thousand_followers_are_reached_by_one_send(service: World) -> None:
    service.act("followers", {"count": 10_000})
    answer = service.post(ALL, to_all(clientmsgid="big"))
    service.settle()
    counts = service.look("received", prefix="mass:")["received"][f"mass:text:{answer['msg_id']}"]
    assert len(counts) == 10_000
    assert set(counts.values()) == {1}
