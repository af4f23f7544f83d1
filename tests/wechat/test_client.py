"""The client against a small server: right bodies, one token renewal, careful repeats, no secret anywhere."""

from __future__ import annotations

import contextlib
import itertools
import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.wechat.client import DraftArticle, Platform, Tag
from bot.adapters.wechat.errors import (
    AlreadyDone,
    BadRequest,
    Busy,
    NeedsOperator,
    NoRight,
    PlatformError,
    QuotaUsed,
    RecipientLost,
    SomeFailed,
    TokenRefused,
    Unsure,
)
from bot.adapters.wechat.token import Fetched, TokenStore
from bot.dialogue.reply import Card

from .conftest import SECRET, Api, Asked
from .sender import APP_ID

SEND = "message/custom/send"
STALE = {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest rid: 6aac005a-01bf-1"}


def error(code: int, message: str = "some words rid: 6aac005a-01bfdbee-79769285", **more: Any) -> dict[str, Any]:
    return {"errcode": code, "errmsg": message, **more}


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_text_goes_out_as_utf8_and_not_escaped(api: Api, platform: Platform) -> None:
    platform.send_text("oSim", "厂房 🏭 <b>")
    asked = api.last(SEND)
    assert asked.method == "POST"
    assert "厂房 🏭".encode() in asked.body
    assert asked.json == {"touser": "oSim", "msgtype": "text", "text": {"content": "厂房 🏭 <b>"}}
    assert asked.token == "TOKEN-1"


def test_half_an_emoji_does_not_stop_a_send(api: Api, platform: Platform) -> None:
    platform.send_text("oSim", "a\ud83cb")
    assert api.last(SEND).json["text"]["content"] == "a?b"


def test_a_card_is_one_article_in_a_list(api: Api, platform: Platform) -> None:
    platform.send_card("oSim", Card("t", "d", "https://e.com/p.jpg", "https://e.com"))
    assert api.last(SEND).json["news"] == {
        "articles": [{"title": "t", "description": "d", "url": "https://e.com", "picurl": "https://e.com/p.jpg"}]
    }


def test_a_menu_of_taps(api: Api, platform: Platform) -> None:
    platform.send_menu("oSim", "满意吗?", {"101": "满意", "102": "不满意"}, "谢谢")
    assert api.last(SEND).json["msgmenu"] == {
        "head_content": "满意吗?",
        "list": [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}],
        "tail_content": "谢谢",
    }


@pytest.mark.parametrize("code", [45080, 45081])
def test_typing_is_not_worth_an_error(api: Api, platform: Platform, code: int) -> None:
    api.answers["message/custom/typing"] = [error(code)]
    platform.typing("oSim")
    assert api.last("message/custom/typing").json == {"touser": "oSim", "command": "Typing"}


def test_a_body_picture_is_uploaded_with_a_plain_name(api: Api, platform: Platform) -> None:
    api.answers["media/uploadimg"] = [{"url": "http://mmbiz.qpic.cn/x"}]
    assert platform.upload_image(b"\xff\xd8", '图"1.jpg') == "http://mmbiz.qpic.cn/x"
    assert b'name="media"; filename="__1.jpg"' in api.last("media/uploadimg").body


def test_material_is_uploaded(api: Api, platform: Platform) -> None:
    api.answers["material/add_material"] = [{"media_id": "M1", "url": "u"}]
    assert platform.add_material("thumb", b"x", "a.jpg") == "M1"
    assert api.last("material/add_material").query["type"] == "thumb"


def test_a_draft_keeps_what_it_was_given_and_no_more(api: Api, platform: Platform) -> None:
    api.answers["draft/add"] = [{"media_id": "D1"}]
    article = DraftArticle("题", "<p>文</p>", "T1", digest="摘要", content_source_url="https://e.com")
    assert platform.add_draft([article]) == "D1"
    assert api.last("draft/add").json == {
        "articles": [
            {
                "article_type": "news",
                "title": "题",
                "content": "<p>文</p>",
                "thumb_media_id": "T1",
                "digest": "摘要",
                "content_source_url": "https://e.com",
            }
        ]
    }


def test_publishing(api: Api, platform: Platform) -> None:
    api.answers["freepublish/submit"] = [{"errcode": 0, "errmsg": "ok", "publish_id": "2247600001"}]
    api.answers["freepublish/get"] = [
        {
            "publish_status": 0,
            "article_id": "A",
            "article_detail": {"count": 1, "item": [{"idx": 1, "article_url": "u"}]},
        },
        {"publish_status": 1},
    ]
    assert platform.publish("D1") == "2247600001"
    assert platform.published("2247600001").urls == ("u",)
    assert platform.published("2247600001").status == 1


def test_a_mass_send_names_the_tag_and_our_id(api: Api, platform: Platform) -> None:
    api.answers["message/mass/sendall"] = [{"errcode": 0, "errmsg": "ok", "msg_id": 900001}]
    assert platform.mass_to_tag(2, "D1", "b1-2") == "900001"
    assert api.last("message/mass/sendall").json == {
        "filter": {"is_to_all": False, "tag_id": 2},
        "msgtype": "mpnews",
        "mpnews": {"media_id": "D1"},
        "send_ignore_reprint": 1,
        "clientmsgid": "b1-2",
    }


def test_a_mass_send_to_followers_and_its_state(api: Api, platform: Platform) -> None:
    api.answers["message/mass/send"] = [{"errcode": 0, "msg_id": 3}]
    api.answers["message/mass/get"] = [{"msg_id": 3, "msg_status": "SEND_SUCCESS"}]
    assert platform.mass_to_followers(("o1", "o2"), "D1", "b1") == "3"
    assert api.last("message/mass/send").json["touser"] == ["o1", "o2"]
    assert platform.mass_status("3") == "SEND_SUCCESS"
    platform.mass_preview("D1", wechat_name="boss")
    assert api.last("message/mass/preview").json["towxname"] == "boss"


def test_a_template_message_carries_our_id(api: Api, platform: Platform) -> None:
    api.answers["message/template/send"] = [{"errcode": 0, "errmsg": "ok", "msgid": 300000001}]
    sent = platform.send_template("o", "TPL", {"thing1": "快递"}, url="https://e.com", client_msg_id="b1-o")
    assert sent == "300000001"
    assert api.last("message/template/send").json == {
        "touser": "o",
        "template_id": "TPL",
        "data": {"thing1": {"value": "快递"}},
        "url": "https://e.com",
        "client_msg_id": "b1-o",
    }


def test_a_subscription_notice(api: Api, platform: Platform) -> None:
    platform.send_notice("o", "PRI", {"phrase3": "审核通过"}, "https://e.com")
    assert api.last("message/subscribe/bizsend").json == {
        "touser": "o",
        "template_id": "PRI",
        "data": {"phrase3": {"value": "审核通过"}},
        "page": "https://e.com",
        "miniprogram_state": "formal",
        "lang": "zh_CN",
    }
    api.answers["message/subscribe/bizsend"] = [error(43101)]
    with pytest.raises(RecipientLost) as lost:
        platform.send_notice("o", "PRI", {})
    assert lost.value.why == "consent"


def test_tags(api: Api, platform: Platform) -> None:
    api.answers["tags/get"] = [{"tags": [{"id": 2, "name": "星标组", "count": 0}]}]
    api.answers["tags/create"] = [{"tag": {"id": 134, "name": "光通信"}}]
    assert platform.tags() == (Tag(2, "星标组"),)
    assert platform.create_tag("光通信") == Tag(134, "光通信")


def test_tagging_goes_in_portions_of_fifty(api: Api, platform: Platform) -> None:
    platform.tag([f"o{n}" for n in range(120)], 134)
    platform.untag(["o1"], 134)
    sizes = [len(asked.json["openid_list"]) for asked in api.asked if asked.path.endswith("batchtagging")]
    assert sizes == [50, 50, 20]
    assert api.last("tags/members/batchuntagging").json == {"openid_list": ["o1"], "tagid": 134}


def test_only_the_followers_that_failed_are_tagged_again(api: Api, platform: Platform) -> None:
    path = "tags/members/batchtagging"
    api.answers[path] = [error(45171, fail_openid_list=["o2"]), {"errcode": 0}]
    platform.tag(["o1", "o2"], 134)
    assert [asked.json["openid_list"] for asked in api.asked if asked.path == path] == [["o1", "o2"], ["o2"]]
    api.answers[path] = [error(45171, fail_openid_list=["o2"])]
    with pytest.raises(SomeFailed) as failed:
        platform.tag(["o1", "o2"], 134)
    assert failed.value.openids == ("o2",)


def test_a_user(api: Api, platform: Platform) -> None:
    api.answers["user/info"] = [
        {"subscribe": 1, "openid": "o1", "subscribe_time": 5, "tagid_list": [2], "qr_scene_str": "x"}
    ]
    user = platform.user("o1")
    assert (user.subscribed, user.subscribed_at, user.tags, user.scene) == (True, 5, (2,), "x")
    api.answers["user/info"] = [{"subscribe": 0, "openid": "o1"}]
    assert not platform.user("o1").subscribed


def test_the_list_of_followers_ends(api: Api, platform: Platform) -> None:
    api.answers["user/get"] = [
        {"total": 2, "count": 2, "data": {"openid": ["o1", "o2"]}, "next_openid": "o2"},
        {"total": 2, "count": 0, "next_openid": "o2"},
    ]
    first = platform.followers()
    assert first.openids == ("o1", "o2")
    second = platform.followers(first.next)
    assert api.last("user/get").query["next_openid"] == "o2"
    assert (second.openids, second.next) == ((), "")


def test_menus(api: Api, platform: Platform) -> None:
    platform.create_menu({"button": [{"type": "click", "name": "找厂房", "key": "K"}]})
    assert "找厂房".encode() in api.last("menu/create").body
    api.answers["menu/get"] = [error(46003, "menu no exist"), {"menu": {"button": []}}]
    assert platform.menu() is None
    assert platform.menu() == {"menu": {"button": []}}
    api.answers["menu/addconditional"] = [{"menuid": 430000001}]
    assert platform.add_conditional_menu({"button": [], "matchrule": {"tag_id": "2"}}) == "430000001"
    platform.delete_menu()
    platform.delete_conditional_menu("430000001")
    assert api.last("menu/delconditional").json == {"menuid": "430000001"}


@pytest.mark.parametrize(
    ("expires", "body"),
    [
        (None, {"action_name": "QR_LIMIT_STR_SCENE"}),
        (timedelta(days=7), {"action_name": "QR_STR_SCENE", "expire_seconds": 604800}),
    ],
)
def test_qr_codes(api: Api, platform: Platform, expires: timedelta | None, body: dict[str, Any]) -> None:
    api.answers["qrcode/create"] = [{"ticket": "gQH", "url": "http://weixin.qq.com/q/x"}]
    assert platform.qr_code("expo26", expires) == ("gQH", "http://weixin.qq.com/q/x")
    assert api.last("qrcode/create").json == {**body, "action_info": {"scene": {"scene_str": "expo26"}}}


def test_the_account_itself(api: Api, platform: Platform) -> None:
    api.answers["getcallbackip"] = [{"ip_list": ["1.2.3.4", "5.6.7.0/24"]}]
    api.answers["openapi/quota/get"] = [{"quota": {"daily_limit": 10, "used": 3, "remain": 7}}]
    assert platform.callback_ips() == ("1.2.3.4", "5.6.7.0/24")
    assert platform.quota("/cgi-bin/message/custom/send").left == 7
    platform.clear_quota()
    assert api.last("clear_quota").json == {"appid": APP_ID}
    platform.check_token()


# --- the token -------------------------------------------------------------------------------------------------------


def test_the_token_is_fetched_once_and_its_secret_stays_out_of_the_address(api: Api, platform: Platform) -> None:
    platform.send_text("o", "1")
    platform.send_text("o", "2")
    assert api.paths() == ["stable_token", SEND, SEND]
    assert api.asked[0].query == {}
    assert api.asked[0].json == {
        "grant_type": "client_credential",
        "appid": APP_ID,
        "secret": SECRET,
        "force_refresh": False,
    }


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_is_renewed_once(api: Api, platform: Platform, code: int) -> None:
    api.answers[SEND] = lambda asked: error(code) if asked.token == "TOKEN-1" else {"errcode": 0}
    platform.send_text("o", "x")
    assert api.paths() == ["stable_token", SEND, "stable_token", SEND]


def test_a_token_refused_again_and_again_ends(api: Api, platform: Platform) -> None:
    api.answers[SEND] = [STALE]
    with pytest.raises(TokenRefused):
        platform.send_text("o", "x")
    assert api.paths() == ["stable_token", SEND, "stable_token", SEND]


def test_a_wrong_secret_is_for_the_operator(api: Api, platform: Platform) -> None:
    api.answers["stable_token"] = [error(40125, "invalid appsecret"), STALE]
    for _ in range(2):
        with pytest.raises(NeedsOperator):
            platform.send_text("o", "x")
    assert api.paths() == ["stable_token", "stable_token"]


@pytest.mark.parametrize(
    "message",
    [
        "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 6aac005a-01bfdbee-79769285",
        "invalid ip 203.0.113.7, not in whitelist",
    ],
)
def test_an_address_not_on_the_whitelist_is_shown(api: Api, platform: Platform, message: str) -> None:
    api.answers["stable_token"] = [error(40164, message)]
    with pytest.raises(NeedsOperator) as refused:
        platform.check_token()
    assert refused.value.ip == "203.0.113.7"


def test_a_token_without_a_token_is_an_error_of_ours(api: Api, platform: Platform) -> None:
    api.answers["stable_token"] = [{"expires_in": 7200}]
    with pytest.raises(PlatformError):
        platform.send_text("o", "x")


# --- what to do next -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1, Busy),
        (45009, QuotaUsed),
        (45011, Busy),
        (45015, RecipientLost),
        (45047, RecipientLost),
        (43004, RecipientLost),
        (48001, NoRight),
        (48002, RecipientLost),
        (45002, BadRequest),
        (50007, NeedsOperator),
        (89503, NeedsOperator),
        (123456, NeedsOperator),
    ],
)
def test_every_error_says_what_to_do_next(api: Api, platform: Platform, code: int, kind: type[PlatformError]) -> None:
    api.answers[SEND] = [error(code)]
    with pytest.raises(kind) as raised:
        platform.send_text("o", "x")
    assert type(raised.value) is kind
    assert raised.value.code == code
    assert raised.value.rid == "6aac005a-01bfdbee-79769285"
    assert raised.value.message == "some words"
    assert str(raised.value) == f"{SEND} {code} some words (rid 6aac005a-01bfdbee-79769285)"


def test_a_job_accepted_before_is_done(api: Api, platform: Platform) -> None:
    api.answers["message/mass/sendall"] = [error(45065, msg_id=900001)]
    with pytest.raises(AlreadyDone) as done:
        platform.mass_to_tag(2, "D1", "b1")
    assert done.value.msg_id == "900001"


def test_quotas_say_when_they_turn(api: Api, platform: Platform) -> None:
    api.answers["message/mass/sendall"] = [error(45028), error(45009)]
    turns = []
    for _ in range(2):
        with pytest.raises(QuotaUsed) as used:
            platform.mass_to_tag(2, "D1", "b1")
        turns.append(used.value.turn)
    assert turns == ["period", "day"]


Call = Callable[[Platform], object]
READS: list[Call] = [lambda p: p.menu(), lambda p: p.typing("o"), lambda p: p.tag(["o"], 1), lambda p: p.callback_ips()]
SENDS: list[Call] = [
    lambda p: p.send_text("o", "x"),
    lambda p: p.mass_to_tag(1, "m", "c"),
    lambda p: p.mass_to_followers(["o", "p"], "m", "c"),
    lambda p: p.send_template("o", "t", {}, client_msg_id="c"),
    lambda p: p.add_draft([]),
    lambda p: p.publish("m"),
    lambda p: p.add_material("image", b"", "x"),
    lambda p: p.qr_code("x"),
]
GOOD = {"errcode": 0, "menu": {}, "ip_list": [], "msg_id": 1, "msgid": 1, "media_id": "m", "publish_id": 1}


def everywhere(api: Api, *answers: Any) -> list[Asked]:
    """The same answers on every path but the token's, the last one for ever."""
    left = list(answers)
    asked: list[Asked] = []

    def answer(request: Asked) -> Any:
        asked.append(request)
        return left.pop(0) if len(left) > 1 else left[0]

    paths = (SEND, "menu/get", "message/custom/typing", "tags/members/batchtagging", "getcallbackip", "draft/add")
    more = ("message/mass/sendall", "message/mass/send", "message/template/send", "freepublish/submit")
    for path in (*paths, *more, "material/add_material", "qrcode/create"):
        api.answers[path] = answer
    return asked


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("trouble", [error(-1), error(268487001), 502, b"<html>", None])
def test_what_may_be_repeated_is_tried_again_quickly(api: Api, platform: Platform, call: Call, trouble: Any) -> None:
    asked = everywhere(api, trouble, trouble, GOOD)
    call(platform)
    assert len(asked) == 3


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("trouble", [error(-1), 502, b"[]", None])
def test_three_tries_are_enough(api: Api, platform: Platform, call: Call, trouble: Any) -> None:
    asked = everywhere(api, trouble)
    with pytest.raises(Busy):
        call(platform)
    assert len(asked) == 3


SLOW = 1.3
"""Longer than the client of these tests waits."""


@pytest.mark.parametrize(
    ("call", "trouble"),
    [*itertools.product(SENDS, [502, b"<html>", None]), *itertools.product(SENDS[:3], [SLOW])],
)
def test_a_send_without_an_answer_is_unsure_and_not_repeated(
    api: Api, platform: Platform, call: Call, trouble: Any
) -> None:
    asked = everywhere(api, trouble)
    with pytest.raises(Unsure):
        call(platform)
    assert len(asked) == 1


@pytest.mark.parametrize(("call", "tries"), [(SENDS[0], 1), (SENDS[1], 3), (SENDS[2], 3), (SENDS[3], 3), (SENDS[4], 1)])
def test_a_busy_platform_is_asked_again_only_where_our_id_protects(
    api: Api, platform: Platform, call: Call, tries: int
) -> None:
    asked = everywhere(api, error(-1))
    with pytest.raises(Busy):
        call(platform)
    assert len(asked) == tries


def test_a_minute_limit_is_not_hammered(api: Api, platform: Platform) -> None:
    asked = everywhere(api, error(45011))
    with pytest.raises(Busy) as busy:
        platform.menu()
    assert busy.value.wait == timedelta(minutes=1)
    assert len(asked) == 1


def test_a_platform_that_is_away_was_surely_not_reached(tokens: TokenStore) -> None:
    away = Platform(APP_ID, SECRET, "http://127.0.0.1:1", tokens, timeout=0.5, sleep=lambda _: None)
    tokens.get(lambda _force: Fetched("T", 7200))
    with pytest.raises(Busy):
        away.send_text("o", "x")


def test_a_redirect_does_not_carry_the_token_away(api: Api, platform: Platform) -> None:
    api.answers["menu/get"] = [302]
    with pytest.raises(Busy):
        platform.menu()
    assert "elsewhere" not in api.paths()


def test_success_without_its_fields_is_an_error_by_name(api: Api, platform: Platform) -> None:
    api.answers["draft/add"] = [{"errcode": 0}]
    with pytest.raises(Unsure, match="media_id"):
        platform.add_draft([])


def test_success_with_something_else_in_its_fields_is_an_error_by_name(api: Api, platform: Platform) -> None:
    api.answers |= {
        "tags/get": [{"tags": 7}],
        "user/get": [{"data": []}],
        "freepublish/get": [{"publish_status": "soon"}],
        "openapi/quota/get": [{"quota": {"daily_limit": None}}],
    }
    for ask in (platform.tags, platform.followers, lambda: platform.published("1"), lambda: platform.quota("/x")):
        with pytest.raises(Busy, match="makes no sense"):
            ask()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=40), st.dictionaries(st.sampled_from(["errcode", "errmsg", "ip_list"]), st.text(max_size=9))
    )
)
def test_whatever_comes_back_is_an_answer_or_an_error_of_ours(api: Api, platform: Platform, answer: Any) -> None:
    api.answers["getcallbackip"] = [answer]
    with contextlib.suppress(PlatformError):
        platform.callback_ips()


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answers",
    [
        {"stable_token": [None]},
        {"stable_token": [error(40125, f"invalid appsecret {SECRET}")]},
        {"stable_token": [502]},
        {SEND: [None]},
        {SEND: [error(47001, "access_token=TOKEN-1 is odd")]},
        {SEND: [502]},
        {SEND: [STALE]},
    ],
)
def test_no_secret_in_errors_or_logs(
    api: Api, platform: Platform, caplog: pytest.LogCaptureFixture, answers: dict[str, Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    api.answers |= answers
    with pytest.raises(PlatformError) as raised:
        platform.send_text("o", "x")
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + str(raised.value.args) + caplog.text
    assert raised.value.__context__ is None or isinstance(raised.value.__context__, PlatformError)
    assert "access_token=***" in caplog.text or SEND not in api.paths() or answers == {SEND: [None]}
    for secret in (SECRET, "TOKEN-1", "TOKEN-2"):
        assert secret not in told


def test_the_watcher_hears_of_every_call(api: Api, tokens: TokenStore) -> None:
    heard: list[tuple[str, int | None]] = []
    platform = Platform(
        APP_ID, SECRET, api.url, tokens, watch=lambda call, error, _s: heard.append((call, error.code if error else 0))
    )
    api.answers[SEND] = [error(48001)]
    with pytest.raises(NoRight):
        platform.send_text("o", "x")
    assert heard == [("stable_token", 0), (SEND, 48001)]
