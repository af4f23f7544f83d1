"""From the notice on the phone to an answer that arrives there: the desk inside the whole product."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Running
from tests.browser.leaving import put_away
from tests.browser.test_phone import INQUIRY, last, new_follower, say

pytestmark = pytest.mark.browser

PASSWORD = "only for this test"
PHONE = "13800004321"
OWN = INQUIRY.replace("13800001234", PHONE)
"""The number of another test's prospect would make it that prospect's lead."""


@pytest.fixture
def page(browser: Browser, running: Running) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(running.phone)
    expect(page.locator("#check")).to_have_text("回调正常")  # by then the page shows who is there already
    yield page
    put_away(context)


def test_the_printed_account_opens_the_desk_and_an_answer_reaches_the_phone(page: Page, running: Running) -> None:
    new_follower(page)
    say(page, OWN)
    for _ in range(6):
        if "提交" in last(page) and "1" in last(page):
            break
        say(page, "跳过")
    say(page, "1")
    number = re.search(r"L\d{4}-\w{4}", last(page))
    assert number

    desk = page.context.new_page()
    desk.goto(f"{running.web}/staff/leads/{number[0]}")
    printed = re.search(r"one-time password (\S+)", (Path(running.data) / "log").read_text(errors="replace"))
    assert printed
    desk.get_by_label("账号").fill("admin")
    desk.get_by_label("密码").fill(printed[1])
    desk.get_by_role("button", name="登录").click()
    desk.get_by_label("临时密码").fill(printed[1])
    desk.get_by_label(re.compile("^新密码")).fill(PASSWORD)
    desk.get_by_label("再输一次").fill(PASSWORD)
    desk.get_by_role("button", name="保存").first.click()
    expect(desk.get_by_role("heading", name="线索")).to_be_visible()

    desk.goto(f"{running.web}/staff/leads/{number[0]}")
    expect(desk.locator(".facts")).to_contain_text("admin")
    expect(desk.locator(".talk")).to_contain_text("昆山")
    assert PHONE not in desk.content()
    words = f"您好，周五看房方便吗？{time.time_ns() % 1000}"
    desk.get_by_label(re.compile("^回复")).fill(words)
    desk.get_by_role("button", name="发送").click()
    expect(desk.locator(".talk .ours").last).to_contain_text("已发出")
    expect(page.get_by_test_id("chat")).to_contain_text(words, timeout=10_000)
