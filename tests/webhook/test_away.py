"""Redis or the database away or frozen: something true is said in time, nothing is half done, and all goes on by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import wiring
from bot.adapters import asked
from bot.store.questions import Question
from jobs.asked import take_down
from tests.conftest import postgres_server
from tests.transcripts.phone import Phone
from tests.webhook.conftest import TITLES, Make, Redis, phone_of

PHONE = "400-000-0000"


def asks(phone: Phone, text: str) -> tuple[str, float]:
    before = time.monotonic()
    answer = phone.say(text)
    return answer.text + answer.title, time.monotonic() - before


def rows(front: wiring.Front, table: type[Question]) -> int:
    with front.made.sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@pytest.mark.parametrize("trouble", [signal.SIGSTOP, signal.SIGKILL])
def test_without_redis_a_follower_hears_the_truth_within_4_s(
    front: wiring.Front, phone: Phone, own_redis: Redis, trouble: signal.Signals
) -> None:
    assert "光模块" in asks(phone, "光模块")[0]
    own_redis.signal(trouble)
    xml = phone.xml(MsgType="text", MsgId="77", Content="光模块出海提速")
    before = time.monotonic()
    answer = phone.post(xml)
    assert time.monotonic() - before < 4
    assert PHONE in answer.text
    if trouble == signal.SIGSTOP:
        own_redis.signal(signal.SIGCONT)
    else:
        own_redis.start()
    # What was under way when Redis froze may hold the follower's lock for some seconds more.
    xml, until = phone.xml(MsgType="text", MsgId="78", Content="光模块"), time.monotonic() + 20
    while (response := phone.sent(xml)[0]).status_code != 200:
        assert time.monotonic() < until
    assert response.data.startswith(b"<xml>")
    take_down(front.made.sessions, front.made.vault, lambda: asked.waiting(front.made.redis, front.made.vault))
    assert rows(front, Question) >= 2


def test_while_the_database_is_blocked_articles_are_answered(front: wiring.Front, phone: Phone, tmp_path: Path) -> None:
    blocker = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for openid in ("oSim_webhook_test_1", "oSim_never_seen_before"):
        text, seconds = asks(phone_of(front, openid), TITLES[0])
        assert TITLES[0] in text
        assert seconds < 4
    blocker.execute("ROLLBACK")


def test_what_must_be_written_waits_for_the_database_and_is_told_later(
    front: wiring.Front, phone: Phone, tmp_path: Path
) -> None:
    follow = phone.xml(MsgType="event", Event="subscribe", EventKey="qrscene_expo")
    blocker = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    before = time.monotonic()
    response, _ = phone.sent(follow)
    assert response.status_code == 503  # the platform has hung up by now
    assert 5 < time.monotonic() - before < 8
    blocker.execute("ROLLBACK")
    assert "欢迎" in phone.post(follow, late=5).text


def test_the_last_try_hears_an_apology(front: wiring.Front, phone: Phone, tmp_path: Path) -> None:
    blocker = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    before = time.monotonic()
    answer = phone.post(phone.xml(MsgType="event", Event="subscribe"), late=10)
    assert PHONE in answer.text
    assert time.monotonic() - before < 5
    blocker.execute("ROLLBACK")


@pytest.mark.postgres
def test_while_postgresql_hangs_articles_are_answered(make_front: Make) -> None:
    with postgres_server() as (url, folder):
        front = make_front(DATABASE_URL=url)
        phone = phone_of(front, "oSim_pg_test_1")
        assert "光模块" in asks(phone, "光模块")[0]
        with _frozen(int((folder / "postmaster.pid").read_text().splitlines()[0])):
            for one in (phone, phone_of(front, "oSim_pg_test_2")):
                text, seconds = asks(one, TITLES[0])
                assert TITLES[0] in text
                assert seconds < 4
        assert "欢迎" in phone.event("subscribe").text
        front.made.sessions.kw["bind"].dispose()


@contextlib.contextmanager
def _frozen(parent: int) -> Iterator[None]:
    """This process and those it started stand still."""
    processes = _family(parent)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def _family(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *(one for child in children for one in _family(int(child)))]
