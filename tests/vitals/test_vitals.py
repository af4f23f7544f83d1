"""How the whole is doing: on the desk's page, in /metrics, and in log lines that belong together."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from bot import wiring
from bot.adapters.redis_scripts import connected
from bot.commands import tracing
from bot.commands.logs import Lines
from bot.store import outbox, staff
from bot.store.outbox import Notice, Outbox
from bot.vitals import LEADER, NOTED_EVERY, Pulse
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from tests.conftest import redis_server
from tests.desk.people import PASSWORD, Browser
from tests.form.conftest import environ
from tests.transcripts.conftest import AES_KEY, APP_ID, TOKEN
from tests.transcripts.phone import Phone


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[wiring.Front]:
    folder = tmp_path_factory.mktemp("vitals")
    with redis_server(folder) as url:
        settings = read(environ(folder, url))
        wiring.migrate(settings)
        made = wiring.front(settings, answer)
        with made.made.sessions.begin() as session:
            staff.add(session, "wang", "manager", datetime.now(UTC))
            account = staff.by_name(session, "wang")
            assert account is not None
            staff.choose_password(session, account, PASSWORD, 0)
        with closing(made):
            yield made


@pytest.fixture
def client(front: wiring.Front) -> FlaskClient:
    front.made.redis.flushall()
    with front.made.sessions.begin() as session:
        session.execute(sa.delete(Outbox))
    return make(front).test_client()


@pytest.fixture
def phone(client: FlaskClient) -> Phone:
    return Phone(client, TOKEN, AES_KEY, APP_ID, "oVitals_0000000000000000001")


def vitals(front: wiring.Front) -> dict[str, tuple[float | None, bool]]:
    return {one.name: (one.value, one.bad) for one in wiring.vitals_of(front)()}


def test_a_callback_is_noted_for_all_processes(front: wiring.Front, phone: Phone) -> None:
    assert vitals(front)["last_callback"] == (None, False)
    phone.say("你好")
    value, bad = vitals(front)["last_callback"]
    assert value is not None and 0 <= value < 30 and not bad


def test_a_busy_process_notes_it_only_now_and_then(front: wiring.Front, client: FlaskClient) -> None:
    moments = iter([100.0, 101.0, 100.0 + NOTED_EVERY])
    pulse = Pulse(front.made.redis, lambda: next(moments))
    noted = []
    for _ in range(3):
        pulse.beat()
        noted.append(front.made.redis.get("pulse:callback"))
    assert noted == [b"100", b"100", b"105"]


def test_what_somebody_should_look_at_is_marked(front: wiring.Front, client: FlaskClient) -> None:
    assert vitals(front)["clock_leads"] == (0.0, True)
    front.made.redis.set(LEADER, "somebody")
    assert vitals(front)["clock_leads"] == (1.0, False)
    old = datetime.now(UTC) - timedelta(minutes=30)
    with front.made.sessions.begin() as session:
        outbox.add(session, Notice("human", "a", openid="o"), ("wecom",), old)
        outbox.add(session, Notice("human", "b", openid="o"), (), old)
    found = vitals(front)
    assert found["dead_notices"] == (1.0, True)
    value, bad = found["oldest_notice"]
    assert value is not None and value > 1700 and bad


def test_the_desk_tells_it_in_words(front: wiring.Front, phone: Phone) -> None:
    phone.say("你好")
    browser = Browser(make(front))
    browser.sign_in("wang")
    words = browser.see("/account")
    assert "最近一次收到微信消息" in words and "秒前" in words
    assert "没有，定时任务停了" in words and "要留意" in words


def test_prometheus_gets_it_with_the_counters_of_all_processes(client: FlaskClient, phone: Phone) -> None:
    phone.say("你好")
    told = client.get("/metrics").text
    for name in ("wechat_callbacks_total", "bot_queue_length", "bot_last_callback_age_seconds", "bot_clock_leads"):
        assert re.search(rf"^{name}(\{{[^}}]*\}})? [0-9.e+]+$", told, re.MULTILINE), name
    assert "oVitals" not in told


def test_without_redis_the_rest_is_still_told(front: wiring.Front, client: FlaskClient) -> None:
    away = connected("redis://127.0.0.1:9/0")
    from dataclasses import replace

    found = {one.name for one in replace(wiring.vitals_of(front), redis=away)()}
    assert "dead_notices" in found and "queue" not in found


def test_a_request_has_one_number_in_all_its_lines(client: FlaskClient, phone: Phone) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.addHandler(handler)
    before = root.level
    root.setLevel(logging.INFO)
    try:
        phone.say("你好")
        phone.say("光模块")
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    numbers = {line["request"] for line in lines if line["event"] == "answering"}
    assert len(numbers) == 2
    assert "oVitals" not in out.getvalue()


def test_a_number_of_the_proxy_is_kept_and_a_strange_one_is_not(client: FlaskClient) -> None:
    given = client.get("/healthz", headers={"X-Request-Id": "proxy-12345678"})
    assert given.headers["X-Request-Id"] == "proxy-12345678"
    made = client.get("/healthz", headers={"X-Request-Id": "a b{}"}).headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{16}", made)
    assert tracing.request_id.get() == ""


@pytest.mark.parametrize("said", ["call 13800001234 now", "+8613800001234", "x=8613800001234,"])
def test_a_phone_in_a_line_is_covered(said: str) -> None:
    line = Lines().format(logging.LogRecord("x", logging.INFO, "", 0, said, (), None))
    assert "13800001234" not in line and "138****1234" in line


def test_numbers_that_are_no_phones_stay() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "msg 24000000000000001 id 0013800001234567", (), None)
    assert "24000000000000001" in Lines().format(record) and "0013800001234567" in Lines().format(record)
