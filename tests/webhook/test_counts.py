"""How often a message goes to Redis and to the database: counted, not guessed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from redis.connection import AbstractConnection

from bot import wiring
from tests.transcripts.phone import Phone
from tests.webhook.conftest import TITLES, phone_of


@pytest.fixture(autouse=True)
def warm(front: wiring.Front) -> None:
    """Connections are open and Redis knows the scripts."""
    phone = phone_of(front, "oSim_warm_up_1")
    again(phone)()


BEHIND = ("library", "talk log")
"""Threads that keep the index fresh and write talk down, whenever that is; no answer waits for them."""


@contextmanager
def counted(front: wiring.Front, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Round trips to Redis and SQL statements of the answering threads (see BEHIND)."""
    counts = {"redis": 0, "sql": 0}
    sent = AbstractConnection.send_packed_command

    def send(self: AbstractConnection, command: object, check_health: bool = True) -> None:
        counts["redis"] += 1
        sent(self, command, check_health)

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.current_thread().name not in BEHIND:
            counts["sql"] += 1

    engine = front.made.sessions.kw["bind"]
    with monkeypatch.context() as patch:
        patch.setattr(AbstractConnection, "send_packed_command", send)
        sa.event.listen(engine, "before_cursor_execute", executed)
        try:
            yield counts
        finally:
            sa.event.remove(engine, "before_cursor_execute", executed)


def ask(text: str) -> Callable[[Phone], object]:
    return lambda phone: phone.say(text)


def again(phone: Phone) -> Callable[[], object]:
    xml = phone.xml(MsgType="text", MsgId="4711", Content="光模块")
    phone.post(xml)
    return lambda: phone.post(xml, late=5)


KINDS = {
    "a card": (ask(TITLES[0]), 0),
    "a list": (ask("光模块"), 0),
    "nothing found": (ask("量子纠缠态制备"), 0),
    "more": (ask("更多"), 0),
    "help": (ask("帮助"), 0),
    "an intake turn": (ask("想在苏州租3000平厂房"), 0),
    "a menu tap": (lambda phone: phone.event("CLICK", EventKey="CONTACT"), 0),
    "a page opened": (lambda phone: phone.event("VIEW", EventKey="https://site.example"), 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_goes_to_redis_twice_and_an_article_answer_needs_no_database(
    kind: str, front: wiring.Front, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.say("你好")
    phone.say("光模块")
    with counted(front, monkeypatch) as counts:
        KINDS[kind][0](phone)
    assert counts["redis"] <= 2
    assert counts["sql"] == KINDS[kind][1]


def test_a_repeat_goes_to_redis_twice_and_to_no_database(
    front: wiring.Front, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeat = again(phone)
    with counted(front, monkeypatch) as counts:
        repeat()
    assert counts == {"redis": 2, "sql": 0}


def test_who_is_new_costs_one_look_into_the_database(
    front: wiring.Front, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(phone, openid="oSim_before_them").say("你好")  # a fresh Redis learns the scripts once
    with counted(front, monkeypatch) as counts:
        phone.say("光模块")
    assert counts["redis"] <= 2
    assert counts["sql"] <= 2  # BEGIN, and one statement


def test_a_follow_is_one_transaction(front: wiring.Front, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    phone.say("你好")
    with counted(front, monkeypatch) as counts:
        phone.event("subscribe", EventKey="qrscene_expo")
    assert counts["redis"] <= 2
    assert counts["sql"] <= 6
