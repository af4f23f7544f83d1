"""What takes too long is cut; the answer reaches the follower with the repeat, by a message, or with the next reply."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.conversations import Conversations, Occupied
from bot.adapters.redis_scripts import connected
from bot.adapters.vault import Vault
from bot.answering import Answering
from bot.deadline import AT_ONCE, Cut, Deadline
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Asked
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message, Text
from bot.dialogue.reply import Card, Reply, Words
from bot.dialogue.turn import Turn
from tests.dialogue.conftest import lookups
from tests.waiting import eventually

__all__ = ["lookups"]
VAULT = Vault(b"k" * 32)
CUT = timedelta(seconds=0.4)


class Slow:
    """A router whose answers to 慢 wait until they are let go; counts what it was asked."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []

    def __call__(self, message: Message, before: Conversation, lookups: Lookups) -> tuple[str, Turn]:
        assert isinstance(message.content, Text)
        said = message.content.text
        self.asked.append(said)
        if said.startswith("慢"):
            assert self.go.wait(20)
        reply: Reply = Card("标题", "摘要", "", "https://site.example/1") if "卡片" in said else Words(f"答{said}")
        return "test", Turn(reply, before, (Asked(said, answered=True),))


@pytest.fixture
def slow() -> Slow:
    return Slow()


Start = Callable[..., Deadline]


@pytest.fixture
def start(slow: Slow, redis_url: str, lookups: Lookups) -> Start:
    """One process: start(send)."""

    def started(*send: Callable[[str, Reply], bool], lock: float = 7.0) -> Deadline:
        conversations = Conversations(connected(redis_url), VAULT, lock=timedelta(seconds=lock))
        answering = Answering(
            conversations,
            slow,
            lookups,
            profile=lambda _: Conversation(),
            commit=lambda *_: None,
            note=lambda *_: b"noted",
            wait=timedelta(seconds=0.3),
        )
        return Deadline(answering.answer, conversations, *send, cut=CUT, tries_over=timedelta(seconds=1.5))

    return started


def said(text: str, key: str = "k1", openid: str = "oSlow") -> Message:
    return Message(openid, "gh", datetime.now(UTC), key, Text(text))


def cut(deadline: Deadline, message: Message) -> None:
    before = time.monotonic()
    with pytest.raises((Cut, Occupied)):
        deadline.answer(message, None)
    assert time.monotonic() - before < CUT.total_seconds() + 2


def test_the_repeat_gets_what_came_too_late_on_any_machine(start: Start, slow: Slow) -> None:
    sent: list[Reply] = []
    here, there = start(lambda _, reply: bool(sent.append(reply)) or True), start()
    cut(here, said("慢"))
    cut(there, said("慢"))
    slow.go.set()
    assert eventually(lambda: not here._of_follower)
    assert there.answer(said("慢"), "n3") == Words("答慢")
    assert eventually(lambda: not here._late)
    assert sent == []
    assert slow.asked == ["慢"]
    assert there.answer(said("快", "k2"), "n4") == Words("答快")


def test_it_is_held_longer_than_a_killed_one_would_be(start: Start, slow: Slow) -> None:
    here, there = start(lock=1.2), start(lock=1.2)
    cut(here, said("慢"))
    time.sleep(2)
    cut(there, said("慢"))
    slow.go.set()
    assert eventually(lambda: not here._of_follower)
    assert there.answer(said("慢"), None) == Words("答慢")
    assert slow.asked == ["慢"]


def test_without_a_repeat_it_goes_by_a_message(start: Start, slow: Slow) -> None:
    sent: list[tuple[str, Reply]] = []
    here = start(lambda openid, reply: bool(sent.append((openid, reply))) or True)
    cut(here, said("慢"))
    slow.go.set()
    assert eventually(lambda: sent == [("oSlow", Words("答慢"))])
    assert eventually(lambda: not here._late)
    assert here.answer(said("快", "k2"), None) == Words("答快")


@pytest.mark.parametrize(("asked", "late"), [("慢", "答慢"), ("慢卡片", "https://site.example/1")])
def test_where_no_message_may_be_sent_it_goes_with_the_next_reply(
    start: Start, slow: Slow, asked: str, late: str
) -> None:
    here = start()
    cut(here, said(asked))
    slow.go.set()
    assert eventually(lambda: not here._late)
    reply = here.answer(said("快", "k2"), None)
    assert isinstance(reply, Words)
    assert late in reply.text
    assert reply.text.endswith("答快")
    assert here.answer(said("快", "k2"), None) == reply
    assert here.answer(said("又", "k3"), None) == Words("答又")


def test_one_follower_cannot_take_all_threads(start: Start, slow: Slow) -> None:
    here = start()

    def send(number: int) -> None:
        with contextlib.suppress(Cut, Occupied):
            here.answer(said("慢", f"k{number}"), None)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(AT_ONCE * 2)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    assert here._of_follower["oSlow"] <= AT_ONCE
    assert here.answer(said("快", "k1", "oOther"), None) == Words("答快")
    slow.go.set()
    for thread in threads:
        thread.join()


def test_what_the_handler_raises_reaches_the_caller(start: Start, slow: Slow) -> None:
    here = start()
    with pytest.raises(AssertionError):
        here.answer(Message("oSlow", "gh", datetime.now(UTC), "k", None), None)  # type: ignore[arg-type]
    assert here.answer(said("快"), None) == Words("答快")
