"""The page in a real browser: what a person taps is what the bot hears."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.browser.leaving import put_away
from tests.waiting import eventually

from .conftest import World, text_reply

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]


@pytest.fixture(params=[(1400, 900), (390, 844)], ids=["laptop", "phone"])
def page(browser, safe: World, request: pytest.FixtureRequest) -> Iterator[object]:
    width, height = request.param
    shown = browser.new_page(viewport={"width": width, "height": height})
    shown.set_default_timeout(15_000)
    complaints: list[str] = []
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    shown.goto(safe.base)
    yield shown
    put_away(shown.context)
    assert complaints == []


def see(page, name: str):
    return page.get_by_test_id(name)


def test_follow_chat_tap_and_unfollow(page, safe: World) -> None:
    link = '<a href="weixin://bizmsgmenu?msgmenucontent=光模块&msgmenuid=7">热门</a> <a href="https://e.com/">官网</a>'
    safe.bot.reply = lambda nodes: text_reply(nodes, link)
    see(page, "follow").click()
    see(page, "say").first.click()
    page.locator("[data-testid=message][data-by=follower]").get_by_text("光模块").wait_for()
    assert eventually(
        lambda: (safe.bot.got[-1].get("Content"), safe.bot.got[-1].get("bizmsgmenuid")) == ("光模块", "7")
    )
    assert see(page, "link").first.get_attribute("href") == "https://e.com/"
    see(page, "input").fill("我要厂房")
    see(page, "send").click()
    page.locator("[data-testid=message][data-by=follower]").get_by_text("我要厂房").wait_for()
    see(page, "more").click()
    see(page, "sample-location").click()
    see(page, "message").get_by_text("星湖街").wait_for()
    see(page, "unfollow").click()
    see(page, "follow").wait_for()
    kinds = ["subscribe", "text", "text", "location", "unsubscribe"]
    assert eventually(lambda: [nodes.get("Event") or nodes["MsgType"] for nodes in safe.bot.got] == kinds)


def test_menus_pushes_staff_and_the_wire_show_up(page, safe: World) -> None:
    safe.bot.reply = lambda nodes: "success"
    see(page, "follow").click()
    see(page, "input").wait_for()
    subs = [{"type": "click", "name": "热门", "key": "HOT"}]
    menu = {"button": [{"name": "文章", "sub_button": subs}, {"type": "click", "name": "留需求", "key": "ASK"}]}
    safe.post("/cgi-bin/menu/create", menu)
    for key, taps in (("ASK", ("menu-1",)), ("HOT", ("menu-0", "menu-0-0"))):
        for one in taps:
            see(page, one).click()
        see(page, "event").get_by_text(key).wait_for()
    assert eventually(lambda: [nodes.get("EventKey") for nodes in safe.bot.got[1:]] == ["ASK", "HOT"])
    openid = safe.look("followers")["items"][-1]["openid"]
    card = {"title": "<b>标题</b>", "description": "d", "url": "https://e.com/1", "picurl": ""}
    body = {"touser": openid, "msgtype": "news", "news": {"articles": [card]}}
    assert safe.post("/cgi-bin/message/custom/send", body)["errcode"] == 0
    see(page, "card").get_by_text("<b>标题</b>").wait_for()
    said = {"msgtype": "markdown", "markdown": {"content": "**新线索**\n>面积：3000㎡"}}
    safe.session.post(f"{safe.base}/robot/wecom?key=k", json=said)
    if page.viewport_size["width"] < 900:
        see(page, "tab-staff").click()
    see(page, "staff-message").get_by_text("3000㎡").wait_for()
    if page.viewport_size["width"] < 900:
        see(page, "tab-wire").click()
    row = page.locator('[data-testid=wire-row][data-path="/cgi-bin/menu/create"]')
    row.click()
    row.get_by_text("热门").wait_for()


def test_a_fault_is_set_by_hand_and_a_code_is_scanned(page, safe: World) -> None:
    safe.bot.reply = lambda nodes: "success"
    scene = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "park-a"}}}
    safe.post("/cgi-bin/qrcode/create", scene)
    see(page, "scan-profile").click()
    see(page, "code").click()
    see(page, "event").get_by_text("park-a").wait_for()
    assert eventually(lambda: [nodes.get("EventKey") for nodes in safe.bot.got[:1]] == ["qrscene_park-a"])
    see(page, "open-knobs").click()
    see(page, "fault-code").fill("45011")
    see(page, "fault-error").click()
    see(page, "fault").wait_for()
    assert safe.get("/cgi-bin/getcallbackip")["errcode"] == 45011
    see(page, "close-knobs").click()


def test_a_broken_bot_is_told_as_the_platform_tells_it(page, safe: World) -> None:
    safe.bot.reply = lambda nodes: json.dumps({"a": 1})
    see(page, "follow").click()
    see(page, "notice").get_by_text("服务出现故障").wait_for()


def test_a_tap_before_the_page_knows_whose_phone_it_is_waits(browser, safe: World) -> None:
    safe.bot.reply = lambda nodes: "success"
    shown = browser.new_page()
    shown.set_default_timeout(15_000)
    held = []

    def hold(route) -> None:
        held.append(route)

    shown.route("**/sim/updates", hold)
    shown.goto(safe.base)
    see(shown, "follow").click()
    assert eventually(lambda: shown.evaluate("1") and held)
    held[0].continue_()
    see(shown, "input").wait_for()
    put_away(shown.context)
