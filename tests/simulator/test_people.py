"""Users, tags, QR codes, templates, notices, login."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import World

TAGS = "/cgi-bin/tags"


def tag(world: World, name: str = "topic") -> dict:
    return world.post(f"{TAGS}/create", {"tag": {"name": name}})


def test_a_follower_is_described_and_a_stranger_only_named(service: World) -> None:
    openid = service.act("followers", {})["openid"]
    assert service.get("/cgi-bin/user/info", openid=openid) == {"subscribe": 0, "openid": openid}
    service.act(f"followers/{openid}/follow", {"scene": "expo"})
    info = service.get("/cgi-bin/user/info", openid=openid)
    assert (info["subscribe"], info["subscribe_scene"], info["qr_scene_str"]) == (1, "ADD_SCENE_QR_CODE", "expo")
    assert "nickname" not in info
    assert service.get("/cgi-bin/user/info", openid="oNobody")["errcode"] == 40003
    assert service.post("/cgi-bin/user/info/batchget", {"user_list": [{"openid": openid}] * 101})["errcode"] == 40032


def test_followers_are_paged_by_ten_thousand(service: World) -> None:
    service.act("followers", {"count": 10_001})
    first = service.get("/cgi-bin/user/get")
    assert (first["total"], first["count"]) == (10_001, 10_000)
    second = service.get("/cgi-bin/user/get", next_openid=first["next_openid"])
    assert (second["count"], second["next_openid"]) == (1, "")


def test_the_limits_of_tags(service: World) -> None:
    made = tag(service)["tag"]
    assert made["id"] >= 100
    assert tag(service)["errcode"] == 45157
    assert tag(service, "x" * 31)["errcode"] == 45158
    for number in range(99):
        assert "tag" in tag(service, f"t{number}")
    assert tag(service, "one more")["errcode"] == 45056
    assert service.post(f"{TAGS}/delete", {"tag": {"id": 2}})["errcode"] == 45058
    assert service.post(f"{TAGS}/delete", {"tag": {"id": 9999}})["errcode"] == 45159
    assert service.post(f"{TAGS}/delete", {"tag": {"id": made["id"]}})["errcode"] == 0


def test_tagging_counts_and_is_limited(service: World) -> None:
    openids = [service.follower() for _ in range(51)]
    number = tag(service)["tag"]["id"]
    path = f"{TAGS}/members/batchtagging"
    assert service.post(path, {"openid_list": openids, "tagid": number})["errcode"] == 40032
    assert service.post(path, {"openid_list": openids[:50], "tagid": number})["errcode"] == 0
    assert service.post(path, {"openid_list": ["oOther"], "tagid": number})["errcode"] == 49003
    counts = {one["name"]: one["count"] for one in service.get(f"{TAGS}/get")["tags"]}
    assert counts["topic"] == 50
    service.act(f"followers/{openids[0]}/unfollow")
    assert service.post("/cgi-bin/user/tag/get", {"tagid": number})["count"] == 49
    untag = {"openid_list": openids[1:3], "tagid": number}
    assert service.post(f"{TAGS}/members/batchuntagging", untag)["errcode"] == 0
    assert service.post(f"{TAGS}/getidlist", {"openid": openids[1]})["tagid_list"] == []
    assert {one["name"]: one["count"] for one in service.get(f"{TAGS}/get")["tags"]}["topic"] == 47


def test_a_follower_has_at_most_twenty_tags_and_the_others_are_still_tagged(service: World) -> None:
    full, other = service.follower(), service.follower()
    path = f"{TAGS}/members/batchtagging"
    for number in range(20):
        service.post(path, {"openid_list": [full], "tagid": tag(service, f"t{number}")["tag"]["id"]})
    last = tag(service, "last")["tag"]["id"]
    assert service.post(path, {"openid_list": [full], "tagid": last})["errcode"] == 45059
    answer = service.post(path, {"openid_list": [full, other], "tagid": last})
    assert (answer["errcode"], answer["fail_openid_list"]) == (45171, [full])
    assert service.post(f"{TAGS}/getidlist", {"openid": other})["tagid_list"] == [last]


def test_remarks_and_the_blacklist(service: World) -> None:
    openid = service.follower()
    path = "/cgi-bin/user/info/updateremark"
    assert service.post(path, {"openid": openid, "remark": "a" * 29})["errcode"] == 0
    assert service.post(path, {"openid": openid, "remark": "汉" * 10})["errcode"] == 40092
    assert service.post(f"{TAGS}/members/batchblacklist", {"openid_list": [openid]})["errcode"] == 0
    assert service.post(f"{TAGS}/members/getblacklist", {"begin_openid": ""})["data"]["openid"] == [openid]
    assert service.post(f"{TAGS}/members/batchunblacklist", {"openid_list": [openid]})["errcode"] == 0


def scene(**fields: object) -> dict:
    body = {"expire_seconds": 600, "action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "expo"}}}
    return body | fields


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (scene(), 0),
        (scene(action_name="QR"), 40052),
        (scene(action_info={}), 40053),
        (scene(action_info={"scene": {"scene_str": "x" * 65}}), 40053),
        (scene(action_name="QR_LIMIT_SCENE", action_info={"scene": {"scene_id": 100_001}}), 40053),
        (scene(action_name="QR_LIMIT_STR_SCENE"), 0),
        (scene(expire_seconds=2_592_001), 40053),
    ],
)
def test_qr_codes_are_checked(service: World, body: dict, code: int) -> None:
    assert service.post("/cgi-bin/qrcode/create", body).get("errcode", 0) == code


def test_a_code_shows_a_picture_and_leads_to_its_scene(safe: World) -> None:
    made = safe.post("/cgi-bin/qrcode/create", scene())
    picture = safe.session.get(f"{safe.base}/cgi-bin/showqrcode", params={"ticket": made["ticket"]})
    assert picture.content.startswith(b"\x89PNG")
    assert safe.session.get(f"{safe.base}/cgi-bin/showqrcode?ticket=no").status_code == 404
    openid = safe.act("followers", {})["openid"]
    safe.act(f"followers/{openid}/scan", {"ticket": made["ticket"]})
    assert (safe.bot.got[-1]["EventKey"], safe.bot.got[-1]["Ticket"]) == ("qrscene_expo", made["ticket"])


def test_the_qr_picture_is_a_right_code() -> None:
    """Against the worked example of the standard (HELLO WORLD, 1-M) for the correction, and by its fixed marks."""
    from bot.simulator import qr

    data = bytes([32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17])
    assert list(qr._correction(data, 10)) == [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]
    grid = qr.modules("http://weixin.qq.com/q/abcdefghijklmnopqrst")
    assert len(grid) == 29
    assert "".join("#" if dark else "." for dark in grid[6]) == "#######" + ".#" * 7 + ".#######"


def test_short_keys_go_there_and_back(service: World) -> None:
    key = service.post("/cgi-bin/shorten/gen", {"long_data": "hello"})["short_key"]
    assert service.post("/cgi-bin/shorten/fetch", {"short_key": key})["long_data"] == "hello"
    assert service.post("/cgi-bin/shorten/gen", {"long_data": "x" * 4097})["errcode"] == 9410010
    assert service.post("/cgi-bin/shorten/gen", {"long_data": "x", "expire_seconds": 2_592_001})["errcode"] == 9410011
    assert service.post("/cgi-bin/shorten/fetch", {"short_key": "no"})["errcode"] == 9410012


def template(openid: str, **fields: object) -> dict:
    data = {"thing1": {"value": "a" * 30}, "thing2": {"value": "b"}, "time3": {"value": "2026-11-24"}}
    return {"touser": openid, "template_id": "SIM_TEMPLATE_NEWS", "data": data} | fields


SEND = "/cgi-bin/message/template/send"


def test_a_template_message_is_stripped_delivered_once_and_reported(safe: World) -> None:
    openid = safe.follower()
    safe.bot.reply = lambda nodes: "success"
    first = safe.post(SEND, template(openid, client_msg_id="job-1"))
    again = safe.post(SEND, template(openid, client_msg_id="job-1"))
    safe.settle()
    assert (first["errcode"], again["msgid"]) == (0, first["msgid"])
    shown = [entry for entry in safe.look(f"followers/{openid}/chat")["items"] if entry["via"] == "template"]
    assert [entry["fields"][0]["value"] for entry in shown] == ["a" * 20]
    reports = [nodes for nodes in safe.bot.got if nodes["Event"] == "TEMPLATESENDJOBFINISH"]
    assert [(nodes["MsgID"], nodes["Status"]) for nodes in reports] == [(str(first["msgid"]), "success")]
    safe.act("clock", {"move": 601})
    assert safe.post(SEND, template(openid, client_msg_id="job-1"))["msgid"] != first["msgid"]


def test_who_blocks_gets_no_template_message(safe: World) -> None:
    openid = safe.follower()
    safe.bot.reply = lambda nodes: "success"
    safe.act(f"followers/{openid}/flags", {"blocked": True})
    safe.post(SEND, template(openid))
    safe.settle()
    assert safe.bot.got[-1]["Status"] == "failed:user block"
    assert safe.look(f"followers/{openid}/chat")["items"] == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"template_id": "no"}, 40037),
        ({"template_id": ""}, 40036),
        ({"url": "https://e.com/" + "x" * 1024}, 40039),
        ({"data": {}}, 47003),
        ({"touser": "oNobody"}, 40003),
    ],
)
def test_template_messages_are_checked(service: World, fields: dict, code: int) -> None:
    answer = service.post(SEND, template(service.follower()) | fields)
    assert answer["errcode"] == code
    if code == 47003:
        assert "thing1" in answer["errmsg"]


def test_a_template_message_needs_a_follower(service: World) -> None:
    openid = service.act("followers", {})["openid"]
    assert service.post(SEND, template(openid))["errcode"] == 43004


def test_templates_are_added_listed_and_removed(service: World) -> None:
    add = "/cgi-bin/template/api_add_template"
    assert service.post(add, {"template_id_short": "TM001"})["errcode"] == 40247
    assert service.post(add, {"template_id_short": "47123"})["errcode"] == 40246
    made = service.post(add, {"template_id_short": "47123", "keyword_name_list": ["a", "b"]})["template_id"]
    listed = service.get("/cgi-bin/template/get_all_private_template")["template_list"]
    assert made in [one["template_id"] for one in listed]
    assert service.post("/cgi-bin/template/del_private_template", {"template_id": made})["errcode"] == 0


def test_a_notice_needs_a_yes_and_uses_it_up(safe: World) -> None:
    openid = safe.follower()
    safe.bot.reply = lambda nodes: "success"
    path = "/cgi-bin/message/subscribe/bizsend"
    body = {"touser": openid, "template_id": "PRI", "data": {"phrase3": {"value": "ok"}}}
    assert safe.post(path, body)["errcode"] == 43101
    said = {"List": [{"TemplateId": "PRI", "SubscribeStatusString": "accept", "PopupScene": 2}]}
    safe.act(f"followers/{openid}/event", {"event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": said})
    assert [safe.post(path, body)["errcode"] for _ in range(2)] == [0, 43101]
    safe.settle()
    assert safe.bot.got[-1]["Event"] == "subscribe_msg_sent_event"
    assert safe.post(path, body | {"data": {"phrase3": {}}})["errcode"] == 47003


def test_a_login_code_works_once_for_five_minutes(service: World) -> None:
    openid, account = service.follower(), service.sim.account

    def code() -> str:
        query = {
            "appid": account.app_id,
            "redirect_uri": "https://bot.example/cb",
            "scope": "snsapi_base",
            "state": "s",
        }
        answer = service.session.get(
            f"{service.base}/connect/oauth2/authorize", params=query | {"sim_openid": openid}, allow_redirects=False
        )
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def token(given: str) -> dict:
        query = {"appid": account.app_id, "secret": account.app_secret, "code": given}
        return service.session.get(f"{service.base}/sns/oauth2/access_token", params=query).json()

    given = code()
    granted = token(given)
    assert granted["openid"] == openid
    used = token(given)
    assert used["errcode"] == 40163
    assert ", rid: " in used["errmsg"]
    assert (token("no")["errcode"], token("")["errcode"]) == (40029, 41008)
    late = code()
    service.act("clock", {"move": 301})
    assert token(late)["errcode"] == 42003
    query = {"access_token": granted["access_token"], "openid": openid}
    assert service.session.get(f"{service.base}/sns/auth", params=query).json()["errcode"] == 0
    assert service.session.get(f"{service.base}/sns/userinfo", params=query).json()["errcode"] == 48001


def test_a_ticket_is_the_same_until_it_is_old(service: World) -> None:
    first = service.get("/cgi-bin/ticket/getticket", type="jsapi")
    assert (first["errcode"], first["ticket"]) == (0, service.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"])
    service.act("clock", {"move": 7000})
    assert service.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] != first["ticket"]


def test_the_callback_test_answers(service: World) -> None:
    assert "dns" in service.post("/cgi-bin/callback/check", {"action": "all"})
    assert service.post("/cgi-bin/callback/check", {"action": "x"})["errcode"] == 40202
