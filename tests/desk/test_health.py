"""What managers see of the machinery: notices that did not arrive, and how the account and its limits stand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
import redis
from flask import Flask

from bot.adapters.wechat.capabilities import RIGHTS, Capabilities, Refusal
from bot.adapters.wechat.quota import Ledger
from bot.store import outbox
from bot.store.base import reading
from bot.store.outbox import Notice, Outbox
from bot.vitals import Vital
from handlers.web.staff import Desk, desk_door
from tests.desk.people import Browser, Clock, Office

APP = "wx00000000000000"


@dataclass
class Woken:
    jobs: list[str] = field(default_factory=list)

    def __call__(self, job: str = "notify") -> None:
        self.jobs.append(job)


def at_another_desk(office: Office, desk: Desk) -> Office:
    app = Flask("test")
    desk_door(app, desk)
    return replace(office, app=app, desk=desk)


# Notices


def dead(office: Office, count: int = 2, channel: str = "wecom") -> None:
    """Notices the robot did not take, and one that still waits."""
    with office.desk.sessions.begin() as session:
        for number in range(count):
            notice = Notice("erased", f"erased:L{number}", note=f"L1124-D{number:03}")
            outbox.add(session, notice, (channel,) if channel else (), office.clock())
        session.query(Outbox).update({"state": "dead", "attempts": 9, "error": "HTTP 404 of wecom" if channel else "x"})
        outbox.add(session, Notice("erased", "erased:waiting", note="L1124-WAIT"), ("wecom",), office.clock())


def states(office: Office) -> dict[str, str]:
    with reading(office.desk.sessions) as session:
        return {row.note: row.state for row in session.query(Outbox)}


def test_what_did_not_arrive_is_shown_first_with_why(office: Office, wang: Browser) -> None:
    dead(office)
    page = wang.see("/outbox")
    assert page.index("L1124-D000") < page.index("L1124-WAIT")
    assert "HTTP 404 of wecom" in page and "试了 9 次" in page and "企业微信" in page
    assert "未送达 2" in page and "等待发送 1" in page
    assert "2 条要处理" in wang.see("/leads"), "whoever can do something about it sees it on every page"


def test_one_tap_sends_them_again_and_wakes_a_worker(office: Office) -> None:
    woken = Woken()
    here = at_another_desk(office, replace(office.desk, wake=woken))
    dead(office)
    office.clock.forward(hours=3)
    wang = here.browser("wang")
    assert wang.post("/outbox").headers["Location"] == "/staff/outbox"
    assert "已重新排队 2 条" in wang.see("/outbox")
    assert set(states(office).values()) == {"waiting"}
    assert woken.jobs == ["notify"]
    assert [(row.who, row.detail) for row in office.log("retry notices")] == [("wang", "2")]
    with reading(office.desk.sessions) as session:
        again = session.query(Outbox).filter(Outbox.note == "L1124-D000").one()
        assert (again.attempts, again.due_at, again.settled_at) == (0, office.clock(), None)
    assert "要处理" not in wang.see("/leads")


def test_an_agent_sends_nothing_again(office: Office, li: Browser) -> None:
    dead(office)
    assert li.post("/outbox").status_code == 403
    assert list(states(office).values()).count("dead") == 2


def test_notices_from_before_there_was_a_channel_go_to_the_first_one(office: Office) -> None:
    dead(office, channel="")
    nowhere = at_another_desk(office, replace(office.desk, channels=())).browser("wang")
    assert "没有设置渠道" in nowhere.see("/outbox")
    nowhere.post("/outbox")
    assert "还没有设置通知渠道" in nowhere.see("/outbox")
    wang = office.browser("wang")
    wang.post("/outbox")
    assert "已重新排队 2 条" in wang.see("/outbox")
    with reading(office.desk.sessions) as session:
        rows = session.query(Outbox).filter(Outbox.note.startswith("L1124-D")).all()
        assert {(row.channel, row.key, row.state) for row in rows} == {
            ("wecom", f"erased:L{n}:wecom", "waiting") for n in range(2)
        }


def test_where_all_arrived_there_is_no_button(wang: Browser) -> None:
    page = wang.get("/outbox").text
    assert "所有通知都已送达" in page and "再发一遍" not in page


# The account


@pytest.mark.parametrize(
    ("kind", "may_not"),
    [
        ("subscription-unverified", {"menu": "认证的账号才有", "templates": "认证的服务号才有"}),
        ("subscription", {"templates": "认证的服务号才有", "web_sign_in": "认证的服务号才有"}),
        ("service", {}),
    ],
)
def test_the_account_page_says_in_chinese_what_the_account_may_and_why_not(
    office: Office, kind: str, may_not: dict[str, str]
) -> None:
    here = at_another_desk(office, replace(office.desk, account=Capabilities.of(kind).table))
    page = here.browser("wang").see("/account")
    names = office.desk.texts["rights"]
    for right in RIGHTS:
        allowed = Capabilities.of(kind).may(right.name)
        assert f"{'✓ 可以' if allowed else '✕ 不可以'} {names[right.name]}" in page
    for name, why in may_not.items():
        assert f"{names[name]} {why}" in page
    assert "only for" not in page


def test_what_the_platform_refused_is_told_with_its_time(office: Office, clock: Clock) -> None:
    refused = Refusal("menu/create", datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "api unauthorized")
    table = Capabilities.of("service").reduced_by((refused,)).table
    page = at_another_desk(office, replace(office.desk, account=table)).browser("wang").see("/account")
    assert "✕ 不可以 自定义菜单 微信在11-24 09:30拒绝了这个接口" in page


def test_the_quotas_of_today_are_counted_down(office: Office, redis_url: str, clock: Clock) -> None:
    client = redis.Redis.from_url(redis_url)
    ledger = Ledger(client, APP, True)
    for _ in range(3):
        assert ledger.take_call("menu/create", clock())
    ledger.limited("menu/create", 1000, 997, clock())
    here = at_another_desk(office, replace(office.desk, usage=lambda: ledger.usage(clock())))
    assert "menu/create 997 3" in here.browser("wang").see("/account")
    client.close()


@pytest.mark.parametrize(
    ("vital", "said"),
    [
        (Vital("last_callback", 90.0), "最近一次收到微信消息 90 秒前"),
        (Vital("last_callback", None), "最近一次收到微信消息 还没有收到过"),
        (Vital("token_left", 7000.0), "接口凭证还有效 117 分钟"),
        (Vital("queue", 340.0, True), "后台任务排队 ⚠ 要留意： 340 个"),
        (Vital("clock_leads", 0.0, True), "定时任务在跑 ⚠ 要留意： 没有，定时任务停了"),
        (Vital("clock_leads", 1.0), "定时任务在跑 有"),
        (Vital("oldest_notice", 7300.0, True), "等得最久的通知 ⚠ 要留意： 2 小时"),
        (Vital("dead_notices", 2.0, True), "没送到的通知 ⚠ 要留意： 2"),
        (Vital("index_behind", 4.0, True), "文章索引落后 ⚠ 要留意： 4 处改动"),
        (Vital("index_age", 3 * 86400.0), "文章索引更新 3 天前"),
    ],
)
def test_each_vital_sign_is_told_as_people_say_it(office: Office, vital: Vital, said: str) -> None:
    here = at_another_desk(office, replace(office.desk, vitals=lambda: (vital,)))
    assert said in here.browser("wang").see("/account")


def test_an_agent_has_no_look_at_the_machinery(li: Browser) -> None:
    assert [li.get(path).status_code for path in ("/account", "/outbox", "/log")] == [403] * 3
