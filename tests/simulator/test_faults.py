"""Everything that can be made to go wrong."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from .conftest import World

SEND = "/cgi-bin/message/custom/send"
REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "wechat-errcodes.yaml"


def body(openid: str) -> dict:
    return {"touser": openid, "msgtype": "text", "text": {"content": "hi"}}


def wrote(world: World) -> str:
    openid = world.follower()
    world.act(f"followers/{openid}/send", {"text": "hi"})
    return openid


def sent(world: World, openid: str) -> int:
    return sum(entry["via"] == "kf" for entry in world.look(f"followers/{openid}/chat")["items"])


def test_every_code_of_the_reference_can_be_produced(service: World) -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference is not beside the project")
    from bot.simulator.errors import names

    codes = [int(code) for code in re.findall(r"^- code: (-?\d+)$", REFERENCE.read_text("utf-8"), re.M)]
    assert len(codes) > 150
    for code in codes:
        service.act("faults", {"kind": "error", "path": SEND, "code": code})
        answer = service.post(SEND, body("oNobody"))
        assert answer["errcode"] == code
        assert answer["errmsg"].startswith(names()[code])
    assert service.post(SEND, body("oNobody"))["errcode"] == 40003


def test_a_fault_fits_its_path_and_its_number_of_times(service: World) -> None:
    openid = wrote(service)
    service.act("faults", {"kind": "error", "path": "/cgi-bin/message/*", "code": -1, "times": 2, "skip": 1})
    codes = [service.post(SEND, body(openid))["errcode"] for _ in range(4)]
    assert codes == [0, -1, -1, 0]
    assert "ip_list" in service.get("/cgi-bin/getcallbackip")


def test_a_fault_can_hit_a_part_of_the_calls(service: World) -> None:
    assert service.token
    service.act("faults", {"kind": "error", "code": -1, "times": 0, "chance": 0.5})
    codes = [service.get("/cgi-bin/getcallbackip").get("errcode", 0) for _ in range(60)]
    assert set(codes) == {0, -1}


JUNK = (
    [],
    {},
    {"a": 1},
    {"touser": 1, "openid": [], "tag": 5, "articles": 7, "button": "x", "filter": [], "media_id": {}, "data": 1},
    {"touser": ["a", "b"], "msgtype": ["text"], "articles": [1, None], "button": [1], "filter": {"tag_id": []}},
    {
        "articles": [{"title": "x", "image_info": 1, "article_type": "newspic"}],
        "index": "0",
        "count": True,
        "offset": -1,
    },
    {"button": [{"name": "a", "sub_button": {"a": 1}}], "matchrule": [], "action_name": ["QR"], "long_data": 1},
    {"msg_id": {}, "article_idx": "x", "url": 5, "publish_id": [], "openid_list": [[], {}], "tagid": {}},
    {"touser": "oKnown", "msgtype": "msgmenu", "msgmenu": {"list": [1]}, "template_id": "SIM_TEMPLATE_NEWS"},
    {"touser": "oKnown", "msgtype": "image", "image": "x", "images": {"media_ids": 4}, "filter": {"is_to_all": True}},
)


@pytest.mark.parametrize("number", range(len(JUNK)))
def test_no_body_whatever_brings_more_than_a_code(service: World, number: int) -> None:
    from bot.simulator.world import ENDPOINTS

    service.follower(openid="oKnown")
    for path, endpoint in ENDPOINTS.items():
        if endpoint.method == "POST":
            answer = service.post(path, JUNK[number])
            assert isinstance(answer, dict), path


def test_a_fault_without_end_is_taken_away_by_hand(service: World) -> None:
    assert service.token
    service.act("faults", {"kind": "error", "code": -1, "times": 0})
    assert [service.get("/cgi-bin/getcallbackip")["errcode"] for _ in range(5)] == [-1] * 5
    service.session.delete(f"{service.base}/sim/faults")
    assert "ip_list" in service.get("/cgi-bin/getcallbackip")


def test_a_cut_comes_after_the_work_and_a_refusal_before_it(service: World) -> None:
    openid, token = wrote(service), service.token
    for kind, count in (("cut", 1), ("refuse", 1)):
        service.act("faults", {"kind": kind, "path": SEND})
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{service.base}{SEND}?access_token={token}", json=body(openid))
        assert sent(service, openid) == count


def test_a_slow_answer_comes_after_the_work(service: World) -> None:
    openid = wrote(service)
    service.act("faults", {"kind": "slow", "path": SEND, "seconds": 0.4})
    with pytest.raises(requests.Timeout):
        requests.post(f"{service.base}{SEND}?access_token={service.token}", json=body(openid), timeout=0.1)
    time.sleep(0.1)
    assert sent(service, openid) == 1


def test_a_broken_status_and_garbage(service: World) -> None:
    service.act("faults", {"kind": "http", "path": SEND, "code": 502})
    assert service.session.post(f"{service.base}{SEND}").status_code == 502
    service.act("faults", {"kind": "garbage", "path": SEND})
    assert service.session.post(f"{service.base}{SEND}").text.startswith("<html>")


def test_unknown_knobs_and_faults_are_named(service: World) -> None:
    wrong = (
        ("knobs", {"volume": 11}, "volume"),
        ("faults", {"kind": "flood"}, "flood"),
        ("faults", {"hue": "red"}, "hue"),
    )
    for path, given, named in wrong:
        answer = service.session.post(f"{service.base}/sim/{path}", json=given)
        assert (answer.status_code, answer.json()["ok"]) == (400, False)
        assert named in answer.text


def test_everything_is_on_the_wire(safe: World) -> None:
    openid = safe.follower()
    safe.act(f"followers/{openid}/send", {"text": "hi"})
    safe.post(SEND, body(openid))
    safe.session.post(f"{safe.base}/robot/wecom?key=k", json={"msgtype": "text", "text": {"content": "x"}})
    rows = safe.look("wire")["items"]
    assert {row["kind"] for row in rows} == {"callback", "api", "robot"}
    sent_row = next(row for row in rows if row["path"] == SEND)
    assert (sent_row["code"], sent_row["method"]) == ("0", "POST")
    assert "hi" in sent_row["request"]
    assert all(safe.token not in str(row["detail"]) for row in rows)
    callback = next(row for row in rows if row["kind"] == "callback")
    assert "<Content><![CDATA[echo: hi]]>" in callback["response"]


def test_a_reset_forgets_everybody(service: World) -> None:
    wrote(service)
    service.act("knobs", {"tries": 1})
    service.act("clock", {"move": 1000})
    service.act("reset")
    state = service.look("state")
    assert (state["followers"], state["offset"], state["knobs"]["settings"]["tries"]) == (0, 0, 3)


def test_hundreds_of_calls_a_second_from_many_threads_lose_nothing(service: World) -> None:
    openids = service.act("followers", {"count": 400, "windows": True})["openids"]
    token = service.token

    def send(openid: str) -> int:
        with requests.Session() as session:
            return session.post(f"{service.base}{SEND}?access_token={token}", json=body(openid)).json()["errcode"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, openids)) == {0}
    received = service.look("received", prefix="kf:")["received"]
    assert received == {"kf:text:hi": dict.fromkeys(openids, 1)}


def test_the_clock_is_set_and_moved(service: World) -> None:
    service.act("clock", {"now": "2026-12-31T23:59:00+08:00"})
    assert service.look("state")["now"].startswith("2026-12-31T15:59")
    service.act("clock", {"move": 120})
    assert service.sim.clock.month() == "2027-01"
    service.act("clock", {"reset": True})
    assert abs(service.look("state")["offset"]) <= 1
