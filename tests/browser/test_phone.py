"""The whole road in a real browser: follow, read, inquire, staff learn of it, a new article arrives."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Running
from tests.browser.leaving import put_away

pytestmark = pytest.mark.browser

INQUIRY = "想在昆山租3000平厂房做注塑，年税收200万，昆山某某塑胶有限公司，王先生 13800001234"
STORIES = {
    1280: (
        "光模块封装车间观察",
        "耦合对准正从手工台走向自动化设备，园区里的光模块厂开始为防震和洁净单独划出一层厂房。",
    ),
    390: ("光模块测试环节走访", "高速眼图和老化试验占去一半工时，几家光模块企业把测试线搬到了离客户机房更近的地方。"),
}
"""By width: two that are so much alike would count as one story."""
DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(params=[(1280, 860), (390, 844)], ids=["laptop", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, running: Running) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(running.phone)
    expect(page.locator("#check")).to_have_text("回调正常")  # by then the page shows who is there already
    yield page
    put_away(context)


def say(page: Page, text: str) -> None:
    before = page.get_by_test_id("message").count()
    page.get_by_test_id("input").fill(text)
    page.get_by_test_id("send").click()
    # Our own words and the answer to them.
    expect(page.get_by_test_id("message")).to_have_count(before + 2, timeout=8000)


def last(page: Page) -> str:
    return page.get_by_test_id("message").last.inner_text()


def new_follower(page: Page) -> None:
    people = page.locator("[data-testid^=follower-]")
    known = people.count()
    page.get_by_test_id("add-follower").click()
    expect(people).to_have_count(known + 1)
    expect(people.last).to_have_class(re.compile(r"\bon\b"))
    page.get_by_test_id("follow").click()
    expect(page.get_by_test_id("message").last).to_contain_text("欢迎关注")


def test_a_follower_reads_inquires_and_hears_of_a_new_article(page: Page, running: Running) -> None:
    new_follower(page)
    say(page, "光模块")
    with page.context.expect_page() as opened:
        page.get_by_test_id("message").last.locator("[data-testid=link], [data-testid=card]").first.click()
    expect(opened.value.locator("h2.post-title")).to_contain_text("光")

    staff_before = page.get_by_test_id("staff-message").count()
    say(page, INQUIRY)
    assert "昆山" in last(page)
    for _ in range(6):
        if "提交" in last(page) and "1" in last(page):
            break
        say(page, "跳过")
    say(page, "1")
    assert "已提交" in last(page)
    expect(page.get_by_test_id("staff-message")).to_have_count(staff_before + 1, timeout=8000)
    notice = page.get_by_test_id("staff-message").first.text_content() or ""
    notice += page.get_by_test_id("staff-message").last.text_content() or ""
    assert "138****1234" in notice
    assert "13800001234" not in notice
    if os.environ.get("SCREENSHOTS") and page.viewport_size == {"width": 1280, "height": 860}:
        page.screenshot(path=DOCS / "phone.png")

    say(page, "订阅光模块")
    subject, body = STORIES[page.viewport_size["width"] if page.viewport_size else 0]
    title = f"{subject}{time.time_ns()}"
    desk = page.context.new_page()
    desk.goto(f"{running.site}/publish")
    desk.get_by_test_id("title").fill(title)
    desk.get_by_test_id("body").fill(body)
    desk.get_by_test_id("publish").click()
    expect(desk.locator("h2.post-title")).to_contain_text(title)
    expect(page.get_by_test_id("chat")).to_contain_text(title, timeout=60_000)
    assert (page.get_by_test_id("chat").inner_text()).count(title) == 1
