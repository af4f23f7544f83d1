"""A flood of one follower or one address is stopped early and slows nobody else."""

from __future__ import annotations

from collections.abc import Callable

from bot import wiring
from handlers.web.main import make
from handlers.web.strangers import Strangers
from tests.transcripts.phone import Phone
from tests.webhook.conftest import Make, phone_of


def test_a_flood_is_told_once_and_then_left_alone(make_front: Make) -> None:
    front = make_front(FOLLOWER_BURST="5")
    phone = phone_of(front, "oSim_flood_1")
    answers = [phone.say("你好") for _ in range(8)]
    assert all("您好" in answer.text for answer in answers[:5])
    assert "歇几秒" in answers[5].text
    assert [answer.kind for answer in answers[6:]] == ["silence", "silence"]
    assert "您好" in phone_of(front, "oSim_flood_2").say("你好").text


def test_who_knocks_wrongly_again_and_again_is_not_listened_to(make_front: Make) -> None:
    client = make(make_front(STRANGER_BURST="3")).test_client()
    stranger = {"REMOTE_ADDR": "1.2.3.4"}
    statuses = [client.post("/wechat", data=b"<xml/>", environ_base=stranger).status_code for _ in range(5)]
    assert statuses == [403, 403, 403, 429, 429]
    assert client.post("/wechat", data=b"<xml/>", environ_base={"REMOTE_ADDR": "1.2.3.5"}).status_code == 403


def test_behind_an_unnamed_proxy_nobody_is_shut_out() -> None:
    strangers = Strangers(1)
    for _ in range(5):
        strangers.refused("127.0.0.1")
        strangers.refused("10.0.0.7")
    assert not strangers.is_shut_out("127.0.0.1")
    assert not strangers.is_shut_out("10.0.0.7")


def test_the_minute_passes(monkeypatch: object) -> None:
    strangers = Strangers(1)
    strangers.refused("1.2.3.4")
    assert strangers.is_shut_out("1.2.3.4")
    strangers._minute -= 1
    assert not strangers.is_shut_out("1.2.3.4")


def test_the_address_is_the_proxys_word_only_where_one_is_trusted(make_front: Make) -> None:
    def knocks(front: wiring.Front) -> Callable[[], int]:
        client = make(front).test_client()
        head = {"X-Forwarded-For": "1.2.3.4"}
        return lambda: client.post("/wechat", data=b"<xml/>", headers=head).status_code

    trusting = knocks(make_front(STRANGER_BURST="1", TRUSTED_PROXIES="1"))
    assert [trusting(), trusting()] == [403, 429]
    wary = knocks(make_front(STRANGER_BURST="1"))
    assert [wary(), wary()] == [403, 403]


def test_the_platform_is_heard_also_after_wrong_knocks(phone: Phone) -> None:
    for _ in range(5):
        assert phone.client.post("/wechat", data=b"<xml/>").status_code == 403
    assert "您好" in phone.say("你好").text
