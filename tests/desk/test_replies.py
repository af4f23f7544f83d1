"""Replies changed at the desk: kept, tried at once, answering in every process without a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from bot import wiring
from bot.store import replies, staff
from bot.store.base import Sessions, reading
from bot.store.outbox import Outbox
from bot.store.questions import Question
from bot.store.replies import Shipped
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from tests.conftest import redis_server
from tests.desk.people import PASSWORD, Browser, Clock
from tests.form.conftest import environ
from tests.transcripts.conftest import AES_KEY, APP_ID, TOKEN
from tests.transcripts.phone import Phone

SHIPPED = Shipped([{"words": ["投稿"], "answer": "请联系我们"}], "欢迎", {"button": [], "says": {"A": "你好"}})


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("replies")
    with redis_server(folder) as url:
        yield environ(folder, url)


@pytest.fixture(scope="module")
def processes(environment: dict[str, str]) -> Iterator[list[wiring.Front]]:
    """Two web processes on the same rows."""
    settings = read(environment)
    wiring.migrate(settings)
    fronts = [wiring.front(settings, answer) for _ in range(2)]
    with fronts[0].made.sessions.begin() as session:
        staff.add(session, "wang", "manager", datetime.now(UTC))
        account = staff.by_name(session, "wang")
        assert account is not None
        staff.choose_password(session, account, PASSWORD, 0)
    with closing(fronts[0]), closing(fronts[1]):
        yield fronts


@pytest.fixture
def front(processes: list[wiring.Front]) -> wiring.Front:
    """The first of them, with nothing changed yet."""
    with processes[0].made.sessions.begin() as session:
        session.execute(sa.delete(replies.OwnReply))
        session.execute(sa.delete(staff.Audit))
    processes[0].made.redis.flushall()
    for each in processes:
        each.replies.refresh()
    return processes[0]


@pytest.fixture
def wang(front: wiring.Front) -> Browser:
    browser = Browser(make(front))
    assert browser.sign_in("wang").status_code == 303
    return browser


@pytest.fixture
def phone(processes: list[wiring.Front], front: wiring.Front) -> Phone:
    """A follower who talks to the other process."""
    return Phone(make(processes[1]).test_client(), TOKEN, AES_KEY, APP_ID, "oReplies_0000000000000000001")


def soon(found: Callable[[], bool], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found():
            return True
        time.sleep(0.1)
    return found()


def version(store: Sessions, name: str) -> int:
    with reading(store) as session:
        return replies.current(session, SHIPPED).versions.get(name, 0)


RULE: dict[str, Any] = {"id": 0, "words": "厂房验收，消防", "answer": "验收请找张工", "match": "contains", "on": "1"}


def test_a_new_rule_answers_in_another_process_without_a_restart(wang: Browser, phone: Phone) -> None:
    assert "张工" not in phone.say("厂房验收怎么走").text
    assert wang.post("/replies/rule", version=0, **RULE).status_code == 303
    assert "已保存" in wang.see("/replies")
    assert soon(lambda: "验收请找张工" in phone.say("厂房验收怎么走").text)


def test_a_sentence_is_tried_at_once_and_told_why(wang: Browser) -> None:
    wang.post("/replies/rule", version=0, **RULE)
    tried = wang.post("/replies/try", text="消防怎么走").text
    assert "关键词规则" in tried and "验收请找张工" in tried and "命中规则" in tried
    tried = wang.post("/replies/try", text="想在昆山租3000平厂房").text
    assert "登记厂房土地需求" in tried and "面积：3000㎡" in tried and "昆山" in tried


def test_trying_keeps_nothing(front: wiring.Front, wang: Browser) -> None:
    def kept() -> tuple[int, int]:
        with reading(front.made.sessions) as session:
            return session.query(Outbox).count(), session.query(Question).count()

    before = kept()
    wang.post("/replies/try", text="想在昆山租3000平厂房，王先生13800001234")
    wang.post("/replies/try", text="光模块")
    wang.post("/replies/try", text="转人工")
    assert kept() == before


def test_hours_and_priority_are_told(wang: Browser) -> None:
    wang.post("/replies/rule", version=0, **{**RULE, "begin": "09:00", "end": "18:00", "priority": "5"})
    wang.post("/replies/rule", version=1, **{**RULE, "answer": "下班了", "priority": "1"})
    day = wang.post("/replies/try", text="消防", at="10:00").text
    assert "验收请找张工" in day and "优先级不够高" in day
    night = wang.post("/replies/try", text="消防", at="22:00").text
    assert "下班了" in night and "不在它的时间段" in night


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"words": " ，"}, "至少写一个"),
        ({"answer": ""}, "请写回复"),
        ({"answer": "长" * 700}, "太长"),
        ({"begin": "09:00", "end": ""}, "两头都填"),
    ],
)
def test_what_cannot_be_used_is_said_and_what_was_typed_stays(wang: Browser, change: dict[str, str], said: str) -> None:
    answered = wang.post("/replies/rule", version=0, **{**RULE, **change})
    assert answered.status_code == 422
    assert said in answered.text
    assert "验收请找张工" in answered.text or "厂房验收" in answered.text
    assert "验收请找张工" not in wang.see("/replies")


def test_of_two_who_change_the_same_one_is_told(front: wiring.Front, wang: Browser) -> None:
    wang.post("/replies/rule", version=0, **RULE)
    wang.post("/replies/rule", version=0, **{**RULE, "answer": "另一个回答"})
    text = wang.see("/replies")
    assert "刚才有同事也改了" in text and "另一个回答" not in text
    assert version(front.made.sessions, "rules") == 1


def test_a_rule_is_switched_off_dropped_and_all_comes_back_as_shipped(front: wiring.Front, wang: Browser) -> None:
    before = wang.see("/replies")
    wang.post("/replies/rule", version=0, **{**RULE, "on": ""})
    assert "停用" in wang.post("/replies/try", text="消防").text
    number = max(rule.id for rule in replies_now(front).rules)
    wang.post(f"/replies/rule/{number}/drop", version=1)
    assert "厂房验收" not in wang.see("/replies")
    wang.post("/replies/rules/shipped", version=2)
    assert "营业时间" in wang.see("/replies") and "营业时间" in before
    assert replies_now(front).versions["rules"] == 3


def replies_now(front: wiring.Front) -> replies.Replies:
    with reading(front.made.sessions) as session:
        return replies.current(session, front.replies.shipped)


def test_the_welcome_is_said_to_new_followers_and_braces_are_checked(wang: Browser, phone: Phone) -> None:
    wrong = wang.post("/replies/welcome", version=0, text="您好 {nobody}")
    assert wrong.status_code == 422 and "nobody" in wrong.text
    for broken in ("{", "{0}", "{firm.__class__}"):
        assert wang.post("/replies/welcome", version=0, text=broken).status_code == 422
    wang.post("/replies/welcome", version=version_of(wang), text="来了就好，发「{contact_tap}」找人。")
    assert soon(lambda: "来了就好" in phone.event("subscribe").text)


def version_of(wang: Browser) -> int:
    import re

    page = wang.get("/replies").text
    found = re.search(r'replies/welcome">.*?name="version" value="(\d+)"', page, re.DOTALL)
    return int(found[1]) if found else 0


def test_a_menu_is_kept_its_keys_answer_and_old_keys_still_do(front: wiring.Front, wang: Browser, phone: Phone) -> None:
    typed = {
        "name.0": "找文章", "kind.0": "say", "value.0": "光模块有哪些企业",
        "name.1": "联系", "name.1.0": "顾问", "kind.1.0": "say", "value.1.0": "联系招商顾问",
        "name.1.1": "官网", "kind.1.1": "view", "value.1.1": "https://site.example/",
    }  # fmt: skip
    assert wang.post("/replies/menu", version=0, **typed).status_code == 303
    menu = replies_now(front).menu
    assert menu["button"][1]["sub_button"][0] == {"type": "click", "name": "顾问", "key": "CONTACT"}
    key = menu["button"][0]["key"]
    assert menu["says"][key] == "光模块有哪些企业" and menu["says"]["HELP"] == "帮助"
    assert "微信没有接受" in wang.see("/replies")  # there is no platform in this test
    assert soon(lambda: front.replies.says.get(key) == "光模块有哪些企业")
    assert "可以这样用" in phone.event("CLICK", EventKey="HELP").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "至少要有一个"),
        ({"name.0": "名字太长了的菜单", "value.0": "x"}, "名字不行"),
        ({"name.0": "找文章", "value.0": ""}, "还没有填"),
        ({"name.0": "找文章", "kind.0": "view", "value.0": "javascript:alert(1)"}, "开头"),
    ],
)
def test_a_menu_the_platform_would_refuse_is_refused_here(wang: Browser, typed: dict[str, str], said: str) -> None:
    answered = wang.post("/replies/menu", version=0, **typed)
    assert answered.status_code == 422 and said in answered.text


def test_every_change_is_in_the_log(front: wiring.Front, wang: Browser) -> None:
    wang.post("/replies/rule", version=0, **RULE)
    with reading(front.made.sessions) as session:
        rows = [row for row in session.query(staff.Audit) if row.act == "change replies"]
    assert [(row.who, row.target) for row in rows] == [("wang", "rules")]


@pytest.fixture(params=["store", "postgres_store"])
def rows(request: pytest.FixtureRequest) -> Sessions:
    found: Sessions = request.getfixturevalue(request.param)
    return found


def test_the_last_version_counts_and_an_old_one_is_not_overwritten_unseen(rows: Sessions, clock: Clock) -> None:
    with rows.begin() as session:
        assert replies.current(session, SHIPPED).rules[0].words == ("投稿",)
        assert replies.keep(session, "rules", 0, {"rules": []}, "wang", clock())
    with rows.begin() as session:
        assert not replies.keep(session, "rules", 0, {"rules": []}, "li", clock())
        assert replies.current(session, SHIPPED).rules == ()
        assert replies.keep(session, "rules", 1, {}, "li", clock())
        assert replies.current(session, SHIPPED).rules[0].words == ("投稿",)
