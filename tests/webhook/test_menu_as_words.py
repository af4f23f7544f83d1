"""Accounts that may have no menu offer its entries as words to tap, also as staff change them."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.dialogue.lookups import Entry
from bot.store import replies
from tests.webhook.conftest import Make, phone_of

MENU = tomllib.loads((Path(__file__).parents[2] / "config" / "menu.toml").read_text(encoding="utf-8"))
TAP = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=([^"&]+)&msgmenuid=1">([^<]+)</a>')


def offered(text: str) -> dict[str, str]:
    """What is said by tapping each word."""
    return {name: says for says, name in TAP.findall(text)}


@pytest.mark.parametrize("kind", ["subscription-unverified", "service-unverified"])
def test_every_entry_of_the_menu_can_be_tapped(make_front: Make, kind: str) -> None:
    phone = phone_of(make_front(WECHAT_ACCOUNT=kind), "oSim_no_menu_1")
    every = [one for top in MENU["button"] for one in (top.get("sub_button") or [top])]
    wanted = {one["name"]: MENU["says"][one["key"]] for one in every}
    assert offered(phone.event("subscribe").text).get("菜单") == "菜单"
    assert offered(phone.say("帮助").text).get("菜单") == "菜单"
    assert offered(phone.say("菜单").text) == wanted
    for says in wanted.values():
        assert phone.say(says).kind != "silence"


def test_who_has_a_menu_is_not_told_of_it_in_words(make_front: Make) -> None:
    phone = phone_of(make_front(WECHAT_ACCOUNT="subscription"), "oSim_menu_1")
    assert "菜单" not in offered(phone.event("subscribe").text)
    assert phone.say("菜单").text == phone.say("帮助").text


def test_what_staff_changed_is_offered(make_front: Make) -> None:
    front = make_front(WECHAT_ACCOUNT="subscription-unverified")
    own = {
        "button": [
            {"type": "click", "name": "看厂房", "key": "K1"},
            {"name": "园区", "sub_button": [{"type": "view", "name": "地图", "url": "https://site.example/map"}]},
            {"type": "scancode_push", "name": "扫一扫", "key": "SCAN"},
        ],
        "says": {"K1": "我要找厂房土地"},
    }
    with front.made.sessions.begin() as session:
        assert replies.keep(session, replies.MENU, 0, own, "wang", datetime.now(UTC))
    front.replies.refresh()
    assert front.replies.entries() == (
        Entry("看厂房", "我要找厂房土地"),
        Entry("地图", url="https://site.example/map", group=1),
    )
    text = phone_of(front, "oSim_no_menu_2").say("菜单").text
    assert offered(text) == {"看厂房": "我要找厂房土地"}
    assert '<a href="https://site.example/map">地图</a>' in text
