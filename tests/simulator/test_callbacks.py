"""Callbacks: signed, encrypted, repeated, and the answers judged."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from bot.simulator.callbacks import EVENTS, MESSAGES
from bot.simulator.crypto import Cipher, Unreadable, signature

from .conftest import World, echo, text_reply

KEY, APP = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "wx1234567890abcdef"
STAMP, NONCE, TOKEN = "1767225600", "918273645", "simtoken2026"


def test_the_signatures_of_the_reference_come_out() -> None:
    encrypted = Cipher(KEY, APP).encrypt(b"success", b"ABCDEFGHIJKLMNOP")
    assert signature(TOKEN, STAMP, NONCE) == "b03cd59a3d32f65d89cb5837ba04bd1589a51038"
    assert encrypted == "vyx3HuuV3UaeH6CffeASr9jbdMrs53YXHn8LnGUWdvZtorJEW9ieD5wDvxYjfzHopFkV06/ZUjFDq1oAo6vBBA=="
    assert signature(TOKEN, STAMP, NONCE, encrypted) == "b40ab9bbd9292d3840e69997c5fafcfdd945b4ee"


def test_the_long_vector_of_the_reference_comes_out_and_back() -> None:
    message = (
        b"<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName><FromUserName><![CDATA[oSim_user_0001]]>"
        b"</FromUserName><CreateTime>1767225600</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        b"<Content><![CDATA[hi]]></Content><MsgId>24000000000000001</MsgId></xml>"
    )
    encrypted = Cipher(KEY, APP).encrypt(message, b"0123456789abcdef")
    assert signature(TOKEN, STAMP, NONCE, encrypted) == "a77e0c2e4c10b88356f3d7ac8d132969cf9d4629"
    assert Cipher(KEY, APP).decrypt(encrypted) == message


def test_a_ciphertext_for_another_account_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        Cipher(KEY, "wxother").decrypt(Cipher(KEY, APP).encrypt(b"x"))


def test_the_bot_hears_the_follower_and_the_follower_hears_the_bot(talk: World) -> None:
    openid = talk.follower()
    outcome = talk.act(f"followers/{openid}/send", {"text": "光模块 👍 ]]>"})
    assert outcome["answered"], outcome
    assert (outcome["tries"], outcome["problems"]) == (1, [])
    assert talk.bot.got[0]["Content"] == "光模块 👍 ]]>"
    assert int(talk.bot.got[0]["MsgId"]) > 2**53
    chat = talk.look(f"followers/{openid}/chat")["items"]
    assert [(entry["by"], entry["via"]) for entry in chat] == [("follower", "chat"), ("account", "reply")]
    assert chat[1]["text"] == "echo: 光模块 👍 ]]>"


def test_query_and_headers_are_those_seen_on_the_live_platform(talk: World) -> None:
    talk.act(f"followers/{talk.follower()}/send", {"text": "hi"})
    query, headers = talk.bot.queries[0], talk.bot.headers[0]
    assert {"signature", "timestamp", "nonce", "openid"} <= set(query)
    assert ("encrypt_type" in query) == (talk.sim.account.mode != "plain")
    assert (headers["Content-Type"], headers["User-Agent"], headers["Pragma"]) == (
        "text/xml",
        "Mozilla/4.0",
        "no-cache",
    )


def test_safe_mode_hides_everything_but_the_receiver(safe: World) -> None:
    safe.act(f"followers/{safe.follower()}/send", {"text": "secret"})
    assert b"<Encrypt>" in safe.bot.raw[0]
    assert b"secret" not in safe.bot.raw[0]
    assert b"CreateTime" not in safe.bot.raw[0]


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_message_kind_arrives(safe: World, kind: str) -> None:
    outcome = safe.act(
        f"followers/{safe.follower()}/send", {"kind": kind, "text": "x"} if kind == "text" else {"kind": kind}
    )
    assert outcome["answered"]
    assert safe.bot.got[0]["MsgType"] == kind
    assert set(MESSAGES[kind]) <= set(safe.bot.got[0])


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_arrives(safe: World, event: str) -> None:
    safe.bot.reply = lambda nodes: "success"
    outcome = safe.act(f"followers/{safe.follower()}/event", {"event": event})
    assert outcome["answered"]
    assert safe.bot.got[0]["Event"] == event
    assert "MsgId" not in safe.bot.got[0]
    assert set(EVENTS[event]) <= set(safe.bot.got[0])


def test_the_url_check_is_passed_only_by_an_honest_echo(talk: World) -> None:
    assert talk.act("check-url")["right"] is True


def test_an_unanswered_message_is_sent_three_times_with_the_same_id(safe: World) -> None:
    safe.bot.reply = lambda nodes: time.sleep(0.8) or "success"
    started = time.monotonic()
    openid = safe.follower()
    outcome = safe.act(f"followers/{openid}/send", {"text": "hi"})
    assert time.monotonic() - started > 1.4
    assert (outcome["answered"], outcome["tries"]) == (False, 3)
    assert len({nodes["MsgId"] for nodes in safe.bot.got}) == 1
    assert len({nodes["CreateTime"] for nodes in safe.bot.got}) == 1
    assert len({query["nonce"] for query in safe.bot.queries}) == 3
    assert safe.look(f"followers/{openid}/chat")["items"][-1]["kind"] == "failure"


def test_an_answer_to_the_second_try_is_taken(safe: World) -> None:
    safe.bot.reply = lambda nodes: (time.sleep(0.8) or "success") if len(safe.bot.got) == 1 else echo(nodes)
    outcome = safe.act(f"followers/{safe.follower()}/send", {"text": "hi"})
    assert (outcome["answered"], outcome["tries"]) == (True, 2)
    assert outcome["reply"]["Content"] == "echo: hi"


def test_a_bot_that_is_down_is_tried_again_until_it_is_up(safe: World) -> None:
    safe.bot.reply = lambda nodes: ("", 500) if len(safe.bot.got) < 3 else echo(nodes)
    outcome = safe.act(f"followers/{safe.follower()}/send", {"text": "hi"})
    assert (outcome["tries"], outcome["statuses"]) == (3, [500, 500, 200])


def news(nodes: dict[str, str], count: int) -> str:
    item = "<item><Title>t</Title><Description>d</Description><PicUrl></PicUrl><Url>https://e.com/1</Url></item>"
    body = f"<MsgType>news</MsgType><ArticleCount>{count}</ArticleCount><Articles>{item * count}</Articles>"
    return text_reply(nodes, "").replace("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[]]></Content>", body)


WRONG = {
    "json": (lambda nodes: '{"a": 1}', True, "not well-formed"),
    "a broken tag": (lambda nodes: "<xml><a></xml>", True, "mismatched"),
    "an entity": (lambda nodes: "<!DOCTYPE x [<!ENTITY a 'b'>]><xml/>", True, "declarations"),
    "not swapped": (
        lambda nodes: text_reply({"FromUserName": nodes["ToUserName"], "ToUserName": nodes["FromUserName"]}, "x"),
        True,
        "not swapped",
    ),
    "an unknown kind": (lambda nodes: text_reply(nodes, "x").replace("[text]", "[poem]"), True, "unknown"),
    "two articles": (lambda nodes: news(nodes, 2), False, "all but 1 are dropped"),
    "a long text": (lambda nodes: text_reply(nodes, "汉" * 683), False, "is lost"),
    "an empty text": (lambda nodes: text_reply(nodes, ""), False, "empty text"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_seen(talk: World, name: str) -> None:
    reply, broken, problem = WRONG[name]
    talk.bot.reply = reply
    outcome = talk.act(f"followers/{talk.follower()}/send", {"text": "hi"})
    assert outcome["answered"] is not broken
    assert any(problem in said for said in outcome["problems"]), outcome["problems"]


def test_a_text_of_2048_bytes_and_one_article_are_right(talk: World) -> None:
    openid = talk.follower()
    talk.bot.reply = lambda nodes: text_reply(nodes, "汉" * 682 + "ab")
    assert talk.act(f"followers/{openid}/send", {"text": "hi"})["problems"] == []
    talk.bot.reply = lambda nodes: news(nodes, 1)
    assert talk.act(f"followers/{openid}/send", {"text": "hi"})["problems"] == []
    assert talk.look("received", prefix="article:")["received"] == {"article:https://e.com/1": {openid: 1}}


def test_an_event_may_be_answered_with_eight_articles(safe: World) -> None:
    safe.bot.reply = lambda nodes: news(nodes, 8)
    outcome = safe.act(f"followers/{safe.follower()}/event", {"event": "CLICK", "EventKey": "K"})
    assert outcome["problems"] == []


def test_safe_mode_refuses_an_open_reply_and_a_badly_signed_one(safe: World) -> None:
    openid = safe.follower()
    safe.bot.encrypts = False
    assert "not encrypted" in safe.act(f"followers/{openid}/send", {"text": "hi"})["problems"][0]
    safe.bot.encrypts = True
    safe.bot.sealed = lambda answer: (
        type(safe.bot).sealed(safe.bot, answer).replace("<Nonce><![CDATA[9", "<Nonce><![CDATA[8")
    )
    assert "signature" in safe.act(f"followers/{openid}/send", {"text": "hi"})["problems"][0]


def test_silence_is_a_good_answer(talk: World) -> None:
    for silent in ("success", ""):
        talk.bot.reply = lambda nodes, said=silent: said
        outcome = talk.act(f"followers/{talk.follower()}/send", {"text": "hi"})
        assert (outcome["answered"], outcome["reply"], outcome["problems"]) == (True, None, [])


def test_an_answer_to_a_view_event_is_not_shown(safe: World) -> None:
    openid = safe.follower()
    outcome = safe.act(f"followers/{openid}/event", {"event": "VIEW", "EventKey": "https://e.com"})
    assert "is not shown" in outcome["problems"][0]
    assert all(entry["by"] == "follower" for entry in safe.look(f"followers/{openid}/chat")["items"])


def test_a_push_can_be_doubled(safe: World) -> None:
    safe.act("knobs", {"duplicates": 2})
    outcome = safe.act(f"followers/{safe.follower()}/send", {"text": "hi"})
    assert len(outcome["copies"]) == 2
    assert len(safe.bot.got) == 3
    assert len({nodes["MsgId"] for nodes in safe.bot.got}) == 1


def test_a_burst_arrives_in_the_order_asked_for(safe: World) -> None:
    openid = safe.follower()
    messages = [{"text": str(number)} for number in range(4)]
    outcomes = safe.act(f"followers/{openid}/burst", {"messages": messages, "order": [3, 2, 1, 0]})["items"]
    assert [outcome["reply"]["Content"] for outcome in outcomes] == [f"echo: {number}" for number in range(4)]
    ids = [outcome["msg_id"] for outcome in outcomes]
    assert ids == sorted(ids)


def test_after_many_failures_the_platform_falls_silent_for_a_minute(safe: World) -> None:
    safe.act("knobs", {"mark_fail": True, "mark_fail_after": 2})
    safe.bot.reply = lambda nodes: "{}"
    openid = safe.follower()
    for _ in range(2):
        safe.act(f"followers/{openid}/send", {"text": "hi"})
    assert "not pushed" in safe.act(f"followers/{openid}/send", {"text": "hi"})["problems"][0]
    safe.act("clock", {"move": 61})
    safe.bot.reply = echo
    assert safe.act(f"followers/{openid}/send", {"text": "hi"})["answered"]


def test_following_by_a_scene_carries_it_and_scanning_again_has_no_prefix(safe: World) -> None:
    openid = safe.act("followers", {})["openid"]
    safe.act(f"followers/{openid}/scan", {"scene": "expo"})
    safe.act(f"followers/{openid}/scan", {"scene": "expo"})
    assert [(nodes["Event"], nodes["EventKey"]) for nodes in safe.bot.got] == [
        ("subscribe", "qrscene_expo"),
        ("SCAN", "expo"),
    ]


def test_a_tapped_answer_carries_its_menu_id(safe: World) -> None:
    safe.act(f"followers/{safe.follower()}/send", {"text": "满意", "menu_id": "101"})
    assert safe.bot.got[0]["bizmsgmenuid"] == "101"


def test_the_signature_keeps_the_real_time_when_the_clock_is_moved(safe: World) -> None:
    safe.act("clock", {"move": 86400})
    safe.act(f"followers/{safe.follower()}/send", {"text": "hi"})
    assert abs(int(safe.bot.queries[0]["timestamp"]) - time.time()) < 5
    assert int(safe.bot.got[0]["CreateTime"]) - time.time() > 86000


def test_control_characters_go_out_as_they_were_typed(safe: World) -> None:
    from bot.simulator import xml

    body = xml.document({"Content": "a\x08b\U0001f44d"})
    assert b"a\x08b\xf0\x9f\x91\x8d" in body


def test_a_chosen_place_follows_its_event(safe: World) -> None:
    safe.bot.reply = lambda nodes: "success"
    safe.act(f"followers/{safe.follower()}/event", {"event": "location_select", "EventKey": "K"})
    assert [nodes["MsgType"] for nodes in safe.bot.got] == ["event", "location"]


def test_the_page_knows_when_the_bot_has_gone(service: World) -> None:
    service.act(f"followers/{service.follower()}/send", {"text": "hi"})
    assert service.look("state")["url_check"].startswith("failed: no connection")


def test_the_process_starts_finds_the_bot_and_stops(safe: World) -> None:
    environ = os.environ | {"SIM_PORT": "0", "SIM_CALLBACK_URL": safe.sim.account.callback_url, "WECHAT_MODE": "safe"}
    command = [sys.executable, "-m", "bot.simulator"]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout
    base = process.stdout.readline().split()[-1].rstrip("/")
    for _ in range(50):
        if requests.get(f"{base}/sim/state").json()["url_check"] == "ok":
            break
        time.sleep(0.1)
    assert requests.get(f"{base}/sim/state").json()["url_check"] == "ok"
    process.terminate()
    assert process.wait(5) == 0
    process.stdout.close()


def test_a_wrong_kind_of_account_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    from bot.simulator.__main__ import main

    assert main({"WECHAT_ACCOUNT": "bank"}) == 2
    assert "'bank' is none of subscription-unverified" in capsys.readouterr().err


def test_the_same_nodes_can_be_pushed_again(safe: World) -> None:
    nodes = {"FromUserName": safe.follower(), "MsgType": "text", "Content": "x", "MsgId": 7, "CreateTime": 1767225600}
    for _ in range(2):
        safe.act("push", {"nodes": nodes})
    assert safe.bot.got[0] == safe.bot.got[1]
