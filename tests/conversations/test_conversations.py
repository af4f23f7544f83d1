"""One follower's messages one at a time, each answered once, nothing readable in Redis and nothing left after erasing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.connection import AbstractConnection

from bot.adapters.conversations import Conversations, Held, Lost, Occupied, Replayed, Unavailable
from bot.adapters.redis_scripts import Client, connected
from bot.adapters.vault import Vault
from bot.adapters.wechat.windows import MESSAGE, Window, window_key
from bot.dialogue.conversation import Conversation, Listing
from bot.dialogue.reply import SILENCE, Card, HandOver, Picture, Reply, Words
from tests.intake.talking import follower

from .conftest import VAULT

OPENID = "oSim_user_0001"
SOON = timedelta(seconds=3)
NO_WAIT = timedelta(0)
OK = Words("好的")
TALKS = Path(__file__).parents[1] / "intake" / "talks"
TALK = Conversation(topics=("optics",), listing=Listing("光模块", (1, 2, 3), 2), misses=1)


def say(conversations: Conversations, key: str, reply: Reply = OK, **kept: Any) -> None:
    with conversations.hold(OPENID, key, None, SOON) as held:
        held.keep(kept.pop("conversation", TALK), reply, **kept)


def test_a_stranger_has_no_conversation(conversations: Conversations) -> None:
    with conversations.hold(OPENID, "1", None, SOON) as held:
        assert held.conversation is None
        assert held.answered is None


@pytest.mark.parametrize(
    "reply", [Words("好的\n🏭 \ud83c"), Card("t", "d", "p", "u"), Picture("M"), HandOver(), SILENCE], ids=repr
)
def test_conversation_and_reply_come_back_as_they_were(conversations: Conversations, reply: Reply) -> None:
    say(conversations, "1", reply)
    with conversations.hold(OPENID, "1", None, SOON) as held:
        assert held.conversation == TALK
        assert held.answered == reply


def test_the_last_eight_answers_are_kept(conversations: Conversations) -> None:
    for number in range(10):
        say(conversations, str(number), Words(f"answer {number}"))
    answers = []
    for number in range(10):
        with conversations.hold(OPENID, str(number), None, SOON) as held:
            answers.append(held.answered)
    assert answers == [None, None, *(Words(f"answer {number}") for number in range(2, 10))]


def test_leaving_without_keeping_changes_nothing_and_lets_the_next_one_in(conversations: Conversations) -> None:
    say(conversations, "1")
    with pytest.raises(ZeroDivisionError), conversations.hold(OPENID, "2", None, SOON):
        raise ZeroDivisionError
    with conversations.hold(OPENID, "2", None, NO_WAIT) as held:
        assert held.answered is None
        assert held.conversation == TALK


def test_followers_do_not_wait_for_each_other(conversations: Conversations) -> None:
    with conversations.hold("oOne", "1", None, NO_WAIT), conversations.hold("oTwo", "1", None, NO_WAIT):
        pass


def test_whoever_waits_too_long_is_told(conversations: Conversations) -> None:
    with conversations.hold(OPENID, "1", None, SOON), pytest.raises(Occupied):
        conversations.hold(OPENID, "2", None, timedelta(milliseconds=100))


def test_a_repeat_waits_for_the_first_and_gets_its_answer(conversations: Conversations) -> None:
    answers: list[Reply | None] = []

    def repeat() -> None:
        with conversations.hold(OPENID, "1", "nonce 2", SOON) as held:
            answers.append(held.answered)

    with conversations.hold(OPENID, "1", "nonce 1", SOON) as held:
        thread = threading.Thread(target=repeat)
        thread.start()
        time.sleep(0.2)
        assert answers == []
        held.keep(TALK, Words("once"))
    thread.join()
    assert answers == [Words("once")]


def test_a_lost_lock_cannot_overwrite(client: Client) -> None:
    conversations = Conversations(client, VAULT, lock=timedelta(milliseconds=100))
    slow = conversations.hold(OPENID, "1", None, SOON)
    with conversations.hold(OPENID, "2", None, SOON) as quick:
        quick.keep(TALK, Words("quick"))
    with pytest.raises(Lost):
        slow.keep(Conversation(), Words("slow"))
    with conversations.hold(OPENID, "1", None, SOON) as held:
        assert held.answered is None
        assert held.conversation == TALK


def test_no_error_names_the_follower(client: Client) -> None:
    conversations = Conversations(client, VAULT, lock=timedelta(milliseconds=100))
    slow = conversations.hold(OPENID, "1", None, SOON)
    with conversations.hold(OPENID, "2", "nonce", SOON) as quick:
        with pytest.raises(Lost) as lost:
            slow.keep(Conversation(), Words("slow"))
        with pytest.raises(Lost) as unsettled:
            slow.settle(Conversation())
        with pytest.raises(Occupied) as occupied:
            Conversations(client, VAULT).hold(OPENID, "3", None, NO_WAIT)
        quick.keep(TALK, Words("quick"))
    with pytest.raises(Replayed) as replayed:
        conversations.hold(OPENID, "4", "nonce", SOON)
    for error in (lost, unsettled, occupied, replayed):
        assert OPENID not in str(error.value)


def test_a_lock_lost_to_somebody_still_working_cannot_overwrite_or_release(client: Client) -> None:
    conversations = Conversations(client, VAULT, lock=timedelta(milliseconds=100))
    slow = conversations.hold(OPENID, "1", None, SOON)
    patient = Conversations(client, VAULT)
    with patient.hold(OPENID, "2", None, SOON) as other:
        with pytest.raises(Lost):
            slow.keep(Conversation(), Words("slow"))
        slow.release()
        with pytest.raises(Occupied):
            patient.hold(OPENID, "3", None, NO_WAIT)
        other.keep(TALK, Words("x"))


def test_whoever_lost_the_lock_releases_nothing_of_the_other(client: Client) -> None:
    slow = Conversations(client, VAULT, lock=timedelta(milliseconds=100)).hold(OPENID, "1", None, SOON)
    patient = Conversations(client, VAULT)
    with patient.hold(OPENID, "2", None, SOON):
        slow.release()
        with pytest.raises(Occupied):
            patient.hold(OPENID, "3", None, NO_WAIT)


def test_keeping_twice_is_noticed_as_done(conversations: Conversations) -> None:
    """A cut connection may hide that keep arrived; the client then sends the same script again."""
    with conversations.hold(OPENID, "1", None, SOON) as held:
        held.keep(TALK, Words("x"))
        held.keep(TALK, Words("x"))


# --- nonces ----------------------------------------------------------------------------------------------------------


def test_a_replayed_request_is_refused(conversations: Conversations) -> None:
    with conversations.hold(OPENID, "1", "n1", SOON) as held:
        held.keep(TALK, Words("x"))
    with pytest.raises(Replayed):
        conversations.hold(OPENID, "2", "n1", SOON)
    with conversations.hold(OPENID, "3", "n3", NO_WAIT):
        pass


def test_a_replay_of_a_message_long_answered_is_refused(conversations: Conversations) -> None:
    for number in range(9):
        with conversations.hold(OPENID, str(number), f"n{number}", SOON) as held:
            held.keep(TALK, Words("x"))
    with pytest.raises(Replayed):
        conversations.hold(OPENID, "0", "n0", SOON)


@pytest.mark.parametrize("nonce", ["n1", "n2"])
def test_the_platforms_own_repeat_passes(conversations: Conversations, nonce: str) -> None:
    with conversations.hold(OPENID, "1", "n1", SOON) as held:
        held.keep(TALK, Words("once"))
    with conversations.hold(OPENID, "1", nonce, SOON) as held:
        assert held.answered == Words("once")


def test_a_message_that_failed_may_come_again_with_the_same_nonce(conversations: Conversations) -> None:
    with conversations.hold(OPENID, "1", "n1", SOON):
        pass
    with conversations.hold(OPENID, "1", "n1", SOON) as held:
        assert held.answered is None


def test_a_stolen_signature_is_no_good_for_another_follower(redis_url: str) -> None:
    conversations = Conversations(connected(redis_url), VAULT)
    with conversations.hold(OPENID, "1", "n1", SOON) as held:
        held.keep(TALK, Words("x"))
    with pytest.raises(Replayed):
        conversations.hold("oSomebody_else", "2", "n1", SOON)


# --- erasing ---------------------------------------------------------------------------------------------------------


def test_erasing_leaves_nothing(client: Client, conversations: Conversations) -> None:
    say(conversations, "1", window=Window(MESSAGE, datetime.now(UTC)))
    assert [key for key in client.keys("*") if OPENID.encode() in key]
    conversations.erase(OPENID)
    assert [key for key in client.keys("*") if OPENID.encode() in key] == []


def test_nothing_comes_back_when_erased_in_the_middle(client: Client, conversations: Conversations) -> None:
    with conversations.hold(OPENID, "1", None, SOON) as held:
        conversations.erase(OPENID)
        with pytest.raises(Lost):
            held.keep(TALK, Words("x"))
    assert client.keys("*") == []


def test_forgetting_instead_of_keeping(client: Client, conversations: Conversations) -> None:
    say(conversations, "1")
    with conversations.hold(OPENID, "2", None, SOON) as held:
        held.forget()
    assert client.keys("*") == []


def test_nothing_a_follower_said_can_be_read_in_redis(client: Client, conversations: Conversations) -> None:
    say(conversations, "1", Words("13800001234"), conversation=Conversation(rest="13800001234"))
    state = client.get(f"c:{{{OPENID}}}")
    assert isinstance(state, bytes)
    assert b"13800001234" not in state
    with pytest.raises(Exception, match="no key"):
        Vault(b"x" * 32).open(state, "conversation")


# --- Redis in trouble ------------------------------------------------------------------------------------------------


def test_an_emptied_redis_is_a_fresh_start(client: Client, conversations: Conversations) -> None:
    say(conversations, "1")
    client.flushall()
    client.script_flush()
    with conversations.hold(OPENID, "1", "n", SOON) as held:
        assert held.conversation is None
        client.flushall()
        client.script_flush()
        with pytest.raises(Lost):
            held.keep(TALK, Words("x"))
    say(conversations, "2")


def test_a_key_that_is_gone_means_a_fresh_start(client: Client, conversations: Conversations) -> None:
    say(conversations, "1")
    with Conversations(client, Vault(b"x" * 32)).hold(OPENID, "1", None, SOON) as held:
        assert held.conversation is None


@pytest.mark.parametrize(
    "rubbish", [b"", b"x", VAULT.seal(b"x", "conversation"), VAULT.seal(b"", "conversation")], ids=range(4)
)
def test_rubbish_means_a_fresh_start(client: Client, conversations: Conversations, rubbish: bytes) -> None:
    client.set(f"c:{{{OPENID}}}", rubbish)
    with conversations.hold(OPENID, "1", None, SOON) as held:
        assert held.conversation is None


def test_no_redis_is_told_by_name() -> None:
    conversations = Conversations(connected("redis://127.0.0.1:1/0"), VAULT)
    with pytest.raises(Unavailable):
        conversations.hold(OPENID, "1", None, SOON)
    with pytest.raises(Unavailable):
        conversations.erase(OPENID)


def test_a_redis_that_hangs_is_told_by_name_in_time(redis_url: str) -> None:
    pool = connected(redis_url)
    conversations = Conversations(pool, VAULT)
    say(conversations, "1")
    server = int(pool.info("server")["process_id"])
    os.kill(server, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            conversations.hold(OPENID, "2", None, SOON)
        waited = time.monotonic() - started
    finally:
        os.kill(server, signal.SIGCONT)
    assert 1.5 < waited < 3.5


def test_connections_cut_while_idle_are_made_anew(redis_url: str) -> None:
    conversations = Conversations(connected(redis_url), VAULT)
    say(conversations, "1")
    with conversations.hold(OPENID, "2", None, SOON) as held:
        redis.Redis.from_url(redis_url).client_kill_filter(_type="normal", skipme=True)
        held.keep(TALK, Words("x"))
    with conversations.hold(OPENID, "2", None, SOON) as held:
        assert held.answered == Words("x")


# --- windows for our own messages ------------------------------------------------------------------------------------


def test_the_follower_s_last_word_is_noted_with_the_conversation(client: Client, conversations: Conversations) -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    say(conversations, "1", window=Window(MESSAGE, at))
    say(conversations, "2", window=Window(MESSAGE, at - timedelta(hours=1)))
    assert client.hgetall(window_key(OPENID)) == {b"m": str(int(at.timestamp())).encode(), b"mu": b"0"}
    assert 0 < client.ttl(window_key(OPENID)) <= 48 * 3600


# --- figures ---------------------------------------------------------------------------------------------------------


@contextmanager
def _counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    sent: list[object] = []
    plain = AbstractConnection.send_packed_command

    def counting(self: AbstractConnection, command: Any, check_health: bool = True) -> Any:
        sent.append(command)
        return plain(self, command, check_health)

    with monkeypatch.context() as patch:
        patch.setattr(AbstractConnection, "send_packed_command", counting)
        yield sent


def test_a_message_costs_two_round_trips(conversations: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    say(conversations, "1")
    with _counted(monkeypatch) as sent, conversations.hold(OPENID, "2", "nonce", SOON) as held:
        held.keep(TALK, Words("x"), Window(MESSAGE, datetime.now(UTC)))
    assert len(sent) == 2


def _lively(conversations: Conversations) -> None:
    """Search, card, subscription and half an inquiry: what eight turns with the bot look like."""
    titles = [
        "探索赋能产业链发展新路径",
        "光模块产业链投资图谱",
        "长三角标准厂房租金走势",
        "小米智能工厂落地观察",
        "园区招商政策解读",
    ]
    listing = "\n".join(
        f'{n}. <a href="https://www.example.com/post/{400 + n}.html">{title}</a>' for n, title in enumerate(titles, 1)
    )
    replies: list[Reply] = [
        Words(f"找到 23 篇与“光模块”有关的文章：\n{listing}\n回复数字看一篇，回复“更多”看下一页。"),
        Card("光模块产业链投资图谱", "从芯片到模块，哪些环节还有空间", "https://www.example.com/p/1.jpg", "https://www.example.com/post/402.html"),
        Words("已订阅“光通信”，有新文章会告诉您。"),
        Words("您想租还是买？"),
        Words("大概需要多大面积？例如：3000平、5亩"),
        Words("想落在哪个城市或区域？例如：苏州工业园区"),
        Words("公司名称是？"),
        Words("请核对：\n需求：求租\n类型：厂房\n面积：3000平方米\n区域：江苏省苏州市\n用途：光模块封装\n公司：示例光电有限公司\n电话：138****1234\n回复“确认”提交，或直接说要改哪一项。"),
    ]  # fmt: skip
    from bot.dialogue.inquiry import Inquiry

    answers = {
        "deal": "rent", "asset": "factory", "area": {"min": 3000, "max": 3000, "unit": "m2"}, "use": "光模块封装",
        "region": [{"province": "江苏省", "city": "苏州市"}], "company": "示例光电有限公司", "contact": "王先生",
        "phone": "+8613800001234",
    }  # fmt: skip
    talk = Conversation(
        topics=("optics", "semiconductor"),
        scene="expo26",
        inquiry=Inquiry.from_dict({"answers": answers}),
        listing=Listing("光模块", tuple(range(401, 424)), 5),
        shown=tuple(range(402, 412)),
    )
    for number, reply in enumerate(replies):
        say(conversations, f"2400000000000{number:04}:1796{number:06}:{OPENID}", reply, conversation=talk)


def test_a_conversation_at_rest_is_small(redis_url: str) -> None:
    client = connected(redis_url)
    _lively(Conversations(client, VAULT))
    used = client.memory_usage(f"c:{{{OPENID}}}")
    assert used is not None
    assert used <= 1536


@pytest.mark.parametrize("talk", sorted(TALKS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_talk_of_an_inquiry_stays_small(redis_url: str, talk: Path) -> None:
    client = connected(redis_url)
    conversations = Conversations(client, VAULT)
    person = follower()
    said = [line[2:] for line in talk.read_text(encoding="utf-8").splitlines() if line.startswith("> ")]
    for number, text in enumerate(said):
        with conversations.hold(OPENID, f"2400000000000{number:04}:1796{number:06}:{OPENID}", None, SOON) as held:
            reply = person.say(text)
            held.keep(person.conversation, Words(reply))
        used = client.memory_usage(f"c:{{{OPENID}}}")
        assert used is not None
        assert used <= 1536


def test_held_is_a_context_manager_that_may_be_left_twice(conversations: Conversations) -> None:
    held: Held = conversations.hold(OPENID, "1", None, SOON)
    held.release()
    held.release()
    with conversations.hold(OPENID, "1", None, NO_WAIT):
        pass
