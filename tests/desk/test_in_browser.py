"""The desk in a real browser, on a laptop and on a phone: in by a code, one winner, a whole life, a file that opens."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from openpyxl import load_workbook
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.serving import make_server

from bot.adapters.vault import Vault
from bot.dialogue.effects import HumanWanted
from bot.store import staff, talks
from bot.store.base import Sessions, reading
from bot.store.talks import Line
from handlers.web.staff import Desk, desk_door
from handlers.web.staff.routes import ROUTES
from tests.browser.leaving import put_away
from tests.conftest import free_port
from tests.desk.conftest import make_desk
from tests.desk.people import PASSWORD, Clock, Office

pytestmark = pytest.mark.browser

SIZES = {"laptop": (1280, 860), "phone": (360, 780)}


@pytest.fixture
def house(store: Sessions, secrets: Vault, redis_url: str) -> Iterator[tuple[str, Office]]:
    """The desk on a port of its own, with an agent, another one, and an admin."""
    clock = Clock(datetime.now(UTC))
    desk = replace(make_desk(store, secrets, redis_url, clock), still_open=lambda _: 4)
    desk = replace(desk, wake=sent(desk), now=lambda: datetime.now(UTC))
    app = Flask("test")
    desk_door(app, desk)
    office = Office(app, desk, clock)
    for name, role in (("li", "agent"), ("zhao", "agent"), ("root", "admin")):
        office.employ(name, role)
    port = free_port()
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/staff", office
    server.shutdown()
    thread.join()


def sent(desk: Desk) -> Callable[..., object]:
    """A worker that sends at once."""

    def wake(job: str = "notify") -> None:
        with desk.sessions.begin() as session:
            session.query(talks.Talk).filter_by(state="waiting").update({"state": "sent"})

    return wake


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def opened(browser: Chromium, size: str) -> Iterator[Callable[[], Page]]:
    """Opens a browser of its own, which goes to no other host; phones in the dark."""
    contexts: list[BrowserContext] = []

    def new() -> Page:
        width, height = SIZES[size]
        scheme = "dark" if size == "phone" else "light"
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", color_scheme=scheme, accept_downloads=True
        )
        context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        return page

    yield new
    for context in contexts:
        put_away(context)


def sign_in(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_coming_in_with_a_code(house: tuple[str, Office], opened: Callable[[], Page]) -> None:
    address, office = house
    page = opened()
    sign_in(page, address, "li")
    page.goto(f"{address}/me")
    page.get_by_role("button", name="开启两步验证").click()
    picture = page.get_by_alt_text("验证器二维码")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("picture => picture.naturalWidth") > 100
    totp = pyotp.TOTP(page.locator("code").inner_text())
    page.get_by_label("验证器里的 6 位数字").fill(totp.now())
    page.get_by_role("button", name="开启").click()
    expect(page.get_by_role("status")).to_contain_text("两步验证已开启")
    other = opened()
    sign_in(other, address, "li")
    with office.desk.sessions.begin() as session:  # the code of this half minute was used up above
        account = staff.by_name(session, "li")
        assert account
        account.totp_step = 0
    other.get_by_label("验证器里的 6 位数字").fill(totp.now())
    other.get_by_role("button", name="继续").click()
    expect(other.get_by_role("heading", name="线索")).to_be_visible()


def test_of_two_who_tap_the_same_lead_one_gets_it(house: tuple[str, Office], opened: Callable[[], Page]) -> None:
    address, office = house
    number = office.lead()
    li, zhao = opened(), opened()
    for page, name in ((li, "li"), (zhao, "zhao")):
        sign_in(page, f"{address}/leads/{number}", name)  # the link of a notice: first the door, then the lead
        expect(page.get_by_text(number).first).to_be_visible()
    li.get_by_role("button", name="认领这条线索").click()
    expect(li.get_by_role("status")).to_contain_text("认领成功")
    zhao.get_by_role("button", name="认领这条线索").click()
    expect(zhao.locator("main")).to_contain_text("没有找到")
    assert office.row(number).owner == "li"


def test_a_whole_life(house: tuple[str, Office], opened: Callable[[], Page], size: str) -> None:
    address, office = house
    number = office.lead(remarks=("想在昆山找厂房，最好有行车",))
    office.lead(company="苏州某某电子有限公司", tax={"min": 800, "max": None, "unit": "wan/yr"})
    with office.desk.sessions.begin() as session:
        openid = office.row(number).openid
        lines = [Line(openid, office.clock(), "follower", "text", "有没有三千平的厂房？")]
        lines.append(Line(openid, office.clock(), "bot", "text", "有的。请问在哪个区域？"))
        talks.keep(session, office.desk.secrets, lines)
    page = opened()
    sign_in(page, address, "li")
    expect(page.get_by_role("heading", name="线索")).to_be_visible()
    page.locator(f"a[href$='{number}']").click()
    page.get_by_role("button", name="认领这条线索").click()
    page.get_by_label(re.compile("^回复")).fill("您好，周五下午看房方便吗？")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".talk .ours").last).to_contain_text("已发出")
    page.get_by_role("button", name="查看完整号码").click()
    expect(page.locator("a[href^='tel:']")).to_have_attribute("href", "tel:+8613800000001")
    for step in ("已联系上", "带看过了", "开始洽谈", "成交"):
        page.goto(f"{address}/leads/{number}")
        page.get_by_role("button", name=step, exact=True).click()
    expect(page.locator(".facts")).to_contain_text("已成交")
    assert office.row(number).state == "won"
    page.goto(f"{address}/board")


def test_a_file_that_opens(house: tuple[str, Office], opened: Callable[[], Page], tmp_path: Path) -> None:
    address, office = house
    number = office.lead(company="=1+1")
    page = opened()
    sign_in(page, address, "root")
    page.wait_for_load_state()
    page.get_by_text("筛选和导出").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="导出（打码）").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    sheet = load_workbook(file).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][0] == number
    assert "'=1+1" in rows[1]
    assert not any("13800000001" in str(cell) for cell in rows[1])


def test_every_page_can_be_read_by_everybody(house: tuple[str, Office], opened: Callable[[], Page], size: str) -> None:
    """axe finds nothing serious, nothing is wider than the screen, and the browser refuses nothing of ours."""
    address, office = house
    number = office.lead(remarks=("想找厂房",))
    office.say("oCaller", "call", HumanWanted("转人工"))
    page, complaints = opened(), []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    found = [f"/in {one}" for one in serious(page, f"{address}/in")]
    sign_in(page, address, "root")
    page.goto(f"{address}/callers")
    caller = page.locator("main a[href*='/callers/']").first.get_attribute("href") or ""
    named = [
        route.path for route in ROUTES if route.method == "GET" and "<" not in route.path and ".svg" not in route.path
    ]
    for path in (*named, f"/leads/{number}", caller.removeprefix("/staff"), "/leads/none"):
        found += [f"{path} {one}" for one in serious(page, f"{address}{path}")]
        if not fits(page):
            found.append(f"{path} is wider than the screen")
    assert found == []
    assert [text for text in complaints if "404" not in text] == []


def serious(page: Page, address: str) -> list[str]:
    page.goto(address)
    broken = Axe().run(page).response["violations"]
    return [
        f"{one['id']} {one['nodes'][0]['html'][:120]}" for one in broken if one["impact"] in ("serious", "critical")
    ]


def test_what_was_shown_is_in_the_log(house: tuple[str, Office], opened: Callable[[], Page]) -> None:
    address, office = house
    number = office.lead()
    page = opened()
    sign_in(page, address, "root")
    page.goto(f"{address}/leads/{number}")
    page.get_by_role("button", name="认领这条线索").click()
    page.get_by_role("button", name="查看完整号码").click()
    page.goto(f"{address}/log?target={number}")
    expect(page.locator(".log")).to_contain_text("查看号码")
    with reading(office.desk.sessions) as session:
        assert {row.act for row in staff.audit_page(session, 0, 50, target=number)} == {"open", "claim", "reveal"}
