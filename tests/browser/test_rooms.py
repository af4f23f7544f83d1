"""Follower and staff in real browsers: the inquiry as a page, a rule that answers, a push that is approved and arrives,
a desk with invented data; each on a laptop and on a phone of 360 px."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from handlers.web.staff.routes import ROUTES
from tests.browser.conftest import ROOT, Running, product
from tests.browser.leaving import put_away
from tests.browser.test_phone import last, new_follower, say

pytestmark = pytest.mark.browser

PASSWORD = "a password of the browser tests"
DOCS = ROOT / "docs"
SIZES = [(1280, 860), (360, 740)]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MOST_BYTES = 300_000
LOADED = """() => {
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return [
    all.reduce((sum, one) => sum + one.decodedBodySize, 0),
    all.map((one) => one.name).filter((name) => !name.startsWith(location.origin)),
  ];
}"""
"""How many bytes the page is made of, and what of it came from another host."""


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Broadcasts wait here until staff have looked at them; the desk is filled with invented people."""
    with product(tmp_path_factory.mktemp("desk"), PREVIEW_MINUTES="600") as there:
        subprocess.run(
            [sys.executable, "-m", "bot", "demo"], env={**os.environ, "DATA_DIR": str(there.data)}, cwd=ROOT, check=True,
            stdout=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        yield there


@pytest.fixture(params=SIZES, ids=["laptop", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, looked_at: Running) -> Iterator[Page]:
    """A browser whose console has nothing to complain about, such as something the policy forbids."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(15_000)
    told: list[str] = []
    context.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    yield page
    put_away(context)
    assert [text for text in told if "favicon" not in text and "status of 4" not in text] == []


@pytest.fixture(scope="module")
def password(looked_at: Running) -> str:
    """The one that `make run` shows at its first start."""
    found = re.search(r"one-time password (\S+)", (looked_at.data / "log").read_text(encoding="utf-8"))
    assert found
    return found[1]


@pytest.fixture
def staff(page: Page, looked_at: Running, password: str) -> Page:
    """The desk, signed in; at the very first time a password of one's own is chosen."""
    desk = page.context.new_page()
    desk.set_default_timeout(15_000)
    for tried in (PASSWORD, password):
        desk.goto(f"{looked_at.web}/staff/in")
        desk.locator("input[name=name]").fill("admin")
        desk.locator("input[name=password]").fill(tried)
        desk.locator("main form button").click()
        desk.wait_for_load_state()
        if "/staff/in" not in desk.url:
            break
    if desk.url.endswith("/me"):
        for name, value in (("password", password), ("new", PASSWORD), ("again", PASSWORD)):
            desk.locator(f"input[name={name}]").first.fill(value)
        desk.locator("form[action$='/me/password'] button").click()
        desk.wait_for_load_state()
    assert "/staff/in" not in desk.url
    return desk


def follow(page: Page, there: Running) -> None:
    """A new follower on the phone, once those that are there have appeared."""
    page.goto(there.phone)
    expect(page.locator("[data-testid^=follower-]").first).to_be_attached()
    new_follower(page)


def fits(page: Page) -> bool:
    """Nothing is to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def take(page: Page, name: str) -> None:
    """A picture for the docs, as much as fits the screen."""
    if os.environ.get("SCREENSHOTS"):
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=DOCS / f"{name}.png")


def shot(page: Page, name: str) -> None:
    if os.environ.get("SCREENSHOTS") and page.viewport_size:
        size = "phone" if page.viewport_size["width"] < 500 else "laptop"
        page.screenshot(path=DOCS / f"{name}-{size}.png", full_page=True)


def test_an_inquiry_goes_from_chat_to_page_and_back(page: Page, looked_at: Running) -> None:
    follow(page, looked_at)
    say(page, "想在昆山租厂房")
    link = page.get_by_test_id("message").last.locator("a[href*='/form/']").get_attribute("href")
    assert link
    form = page.context.new_page()
    form.set_default_timeout(15_000)
    form.goto(link)
    assert form.locator("input[name=deal][value='1']").is_checked()
    assert "昆山" in form.locator("#f-region").input_value()
    assert fits(form)
    form.locator("#f-area").fill("三五千平")
    form.locator("#f-use").fill("精密注塑")
    expect(form.locator("#note-area")).to_have_text("已记：3000–5000㎡")
    form.locator("#f-phone").fill("1380000123")
    form.locator("#f-contact").fill("王先生")
    expect(form.locator("#note-phone")).to_contain_text("少了")
    # Another one for each size: the same phone once more would be a revision of the same lead.
    ending = str(page.viewport_size["width"] if page.viewport_size else 0).zfill(4)
    form.locator("#f-phone").fill(f"1380000{ending}")
    form.locator("#f-contact").click()
    expect(form.locator("#note-phone")).to_contain_text("已记")
    if page.viewport_size == {"width": 360, "height": 740}:
        take(form, "form")
    form.reload()
    assert form.locator("#f-area").input_value() == "3000–5000㎡"
    assert f"138****{ending}" in (form.locator("#f-phone").get_attribute("placeholder") or "")
    form.get_by_role("button", name="提交").click()
    expect(form.get_by_role("alert")).to_contain_text("勾选同意")
    form.locator("input[name=agree]").check()
    form.locator("input[name=share]").check()
    form.get_by_role("button", name="提交").click()
    expect(form.get_by_role("heading", name="已提交")).to_be_visible()
    number = re.search(r"L\d{4}-\w{4}", form.locator("main").inner_text())
    assert number
    say(page, "查看")
    assert number[0] in last(page) and "也同意转给园区业主" in last(page)
    expect(page.get_by_test_id("staff-message").filter(has_text=number[0]).first).to_be_attached(timeout=10_000)


def test_a_rule_is_edited_tried_and_answers(page: Page, staff: Page, looked_at: Running) -> None:
    word = f"验收{time.time_ns() % 100_000}"
    staff.goto(f"{looked_at.web}/staff/replies")
    assert fits(staff)
    adding = staff.locator("details", has_text="加一条规则").last
    if adding.get_attribute("open") is None:
        adding.locator("summary").click()
    adding.locator("[name=words]").fill(word)
    adding.locator("[name=answer]").fill("验收请找张工，周一到周五都在。")
    adding.get_by_role("button", name="保存规则").click()
    expect(staff.get_by_role("status").first).to_contain_text("已保存")
    staff.locator("#try input[name=text]").fill(f"请问{word}怎么走")
    staff.locator("#try button").click()
    expect(staff.locator(".tried")).to_contain_text("验收请找张工")
    expect(staff.locator(".tried")).to_contain_text("命中规则")
    shot(staff, "replies")
    follow(page, looked_at)
    time.sleep(1.5)  # every process looks for changes twice a second
    say(page, f"请问{word}怎么走")
    assert "验收请找张工" in last(page)


def test_a_push_waits_is_retitled_approved_and_arrives(page: Page, staff: Page, looked_at: Running) -> None:
    follow(page, looked_at)
    say(page, "订阅光模块")
    title = f"光模块封装新进展{time.time_ns()}"
    site = page.context.new_page()
    site.goto(f"{looked_at.site}/publish")
    site.get_by_test_id("title").fill(title)
    mark = f"第{time.time_ns()}篇"
    wide = page.viewport_size is not None and page.viewport_size["width"] > 500
    told = (
        "耦合改由设备完成，园区里的封装车间正在重新排线。" if wide else "几家企业把老化测试搬进新厂房，说是离机房更近。"
    )
    site.get_by_test_id("body").fill(f"{mark}：{told}")  # two that are much alike would count as one story
    site.get_by_test_id("publish").click()
    expect(site.locator("h2.post-title")).to_contain_text(title)
    waiting = staff.locator("article", has=staff.get_by_role("button", name="批准，发出"), has_text=title)
    for _ in range(60):
        staff.goto(f"{looked_at.web}/staff/pushes")
        if waiting.count():
            break
        time.sleep(0.5)
    assert fits(staff)
    assert mark not in page.get_by_test_id("chat").inner_text()
    waiting.locator("summary").click()
    waiting.locator("[name=title]").fill("本周光模块要闻")
    waiting.get_by_role("button", name="改标题").click()
    expect(staff.get_by_role("status").first).to_contain_text("标题已改")
    shot(staff, "pushes")
    waiting.get_by_role("button", name="批准，发出").click()
    expect(staff.get_by_role("status").first).to_contain_text("马上就发")
    # Who wrote lately gets it as a message of its own; of a single article the title is the one that staff gave.
    expect(page.get_by_test_id("chat")).to_contain_text(mark, timeout=60_000)
    chat = page.get_by_test_id("chat").inner_text()
    assert chat.count(mark) == 1 and "本周光模块要闻" in chat


def test_figures_are_drawn_and_taken_home(page: Page, staff: Page, looked_at: Running, tmp_path: Path) -> None:
    staff.goto(f"{looked_at.web}/staff/figures?days=90")
    expect(staff.locator(".chart canvas")).to_be_visible()
    assert fits(staff)
    assert staff.locator(".funnel b").first.inner_text().isdigit()
    shot(staff, "figures")
    with staff.expect_download() as taken:
        staff.get_by_role("button", name="导出 Excel").click()
    from openpyxl import load_workbook

    taken.value.save_as(tmp_path / "figures.xlsx")
    assert "按来源" in load_workbook(tmp_path / "figures.xlsx").sheetnames


def test_every_page_of_a_living_desk_is_for_everybody(page: Page, staff: Page, looked_at: Running) -> None:
    """All pages there are, full of people: readable, no wider than the screen, light, and from this host alone."""
    desk = f"{looked_at.web}/staff"
    plain = [one.path for one in ROUTES if one.method == "GET" and "<" not in one.path and "." not in one.path]
    assert {"/articles", "/pushes", "/replies", "/figures", "/account", "/board", "/callers"} <= set(plain)
    found = [flaw for path in (*plain, "/leads/none") for flaw in flaws(staff, f"{desk}{path}")]
    for path in ("leads", "callers"):
        staff.goto(f"{desk}/{path}")
        one = staff.locator(f"main a[href*='/{path}/']").first
        if path == "leads" or one.count():
            found += flaws(staff, f"{looked_at.web}{one.get_attribute('href')}")
    staff.context.clear_cookies()
    found += flaws(staff, f"{desk}/in")
    assert found == []


def test_the_form_page_is_for_everybody(page: Page, looked_at: Running) -> None:
    follow(page, looked_at)
    say(page, "想在昆山租3000平厂房")
    link = page.get_by_test_id("message").last.locator("a[href*='/form/']").get_attribute("href")
    assert link
    form = page.context.new_page()
    form.set_default_timeout(15_000)
    found = flaws(form, link)
    form.get_by_role("button", name="提交").click()
    expect(form.get_by_role("alert").first).to_be_visible()
    found += flaws(form) + flaws(form, f"{looked_at.web}/form/made-up")
    assert found == []


def flaws(page: Page, address: str = "") -> list[str]:
    """What is wrong with a page, with everything on it unfolded, by day and by night."""
    if address:
        page.goto(address)
        assert page.url.rstrip("/") == address.rstrip("/") or address.endswith("/staff/"), "led elsewhere"
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        broken = Axe().run(page).response["violations"]
        grave = [one for one in broken if one["impact"] in ("serious", "critical")]
        found += [f"{scheme} {one['id']} {one['nodes'][0]['html'][:120]}" for one in grave]
    if not fits(page):
        found.append("wider than the screen")
    weight, elsewhere = page.evaluate(LOADED)
    if elsewhere:
        found.append(f"loads {elsewhere}")
    if weight > MOST_BYTES:
        found.append(f"weighs {weight} bytes")
    return [f"{page.url.partition('?')[0]}: {one}" for one in found]


@pytest.mark.skipif(not os.environ.get("SCREENSHOTS"), reason="SCREENSHOTS=1 takes the pictures of the docs")
def test_pictures_of_the_desk(page: Page, staff: Page, looked_at: Running) -> None:
    phone = bool(page.viewport_size and page.viewport_size["width"] < 500)
    staff.goto(f"{looked_at.web}/staff/{'leads' if phone else 'board'}")
    if not phone:
        staff.locator("main a[href*='/leads/L']").filter(has_text=re.compile("演示.*demo-", re.DOTALL)).last.click()
        staff.wait_for_load_state()
    take(staff, "desk-phone" if phone else "desk-lead")
