"""`python -m bot menu` with menus by tag, against the simulated platform over HTTP."""

from __future__ import annotations

import io
import tomllib
from typing import Any

import pytest

from bot.adapters.wechat.capabilities import Capabilities
from bot.adapters.wechat.client import Platform
from bot.commands import menu
from bot.commands.conditional import Tags
from bot.store.replies import Shipped, as_shipped

from .test_against_simulator import Sim, platform, sim

__all__ = ["platform", "sim"]

FILE = """
[[button]]
type = "click"
name = "帮助"
key = "HELP"

[[conditional]]
topic = "chips"
[[conditional.button]]
name = "芯片"
[[conditional.button.sub_button]]
type = "click"
name = "芯片厂房"
key = "CHIPS"
[[conditional.button.sub_button]]
type = "view"
name = "园区"
url = "https://a.example/1"

[[conditional]]
tag = "业主"
[[conditional.button]]
type = "click"
name = "顾问"
key = "OWNER"

[says]
HELP = "帮助"
CHIPS = "芯片厂房"
OWNER = "联系招商顾问"
"""


class Account:
    def __init__(self, platform: Platform, kind: str = "service") -> None:
        self.platform, self.rights = platform, Capabilities.of(kind)


def run(
    config: dict[str, Any], platform: Platform, action: str, tag_id: int | None = None, kind: str = "service"
) -> Any:
    out = io.StringIO()
    known = Tags({"chips"}, lambda platform, topic: tag_id or platform.create_tag(topic).id)
    code = menu.run(config, lambda: Account(platform, kind), action, out, known)
    return code, out.getvalue()


@pytest.fixture
def config() -> dict[str, Any]:
    return tomllib.loads(FILE)


def key_seen(sim: Sim, platform: Platform, openid: str) -> str:
    shown = platform._post("menu/trymatch", {"user_id": openid})["button"]
    return str((shown[0].get("sub_button") or shown)[0]["key"])


def test_followers_see_the_menu_of_their_tag_and_a_second_sync_changes_nothing(
    sim: Sim, platform: Platform, config: dict[str, Any]
) -> None:
    plain, chips, owner = sim.post("followers", count=3)["openids"]
    chip_tag, owner_tag = platform.create_tag("芯片"), platform.create_tag("业主")
    platform.tag([chips], chip_tag.id)
    platform.tag([owner], owner_tag.id)
    assert run(config, platform, "sync", chip_tag.id) == (
        0, "the menu is in force, with 2 more by tag; followers see it within five minutes\n",
    )  # fmt: skip
    assert [key_seen(sim, platform, one) for one in (plain, chips, owner)] == ["HELP", "CHIPS", "OWNER"]
    before = platform.menu()
    assert run(config, platform, "sync", chip_tag.id)[1].endswith("it was so before\n")
    assert platform.menu() == before
    assert f"only for {{'tag_id': '{chip_tag.id}'}}" in run(config, platform, "show")[1]


def test_a_menu_taken_out_of_the_file_goes_and_a_changed_one_changes(
    sim: Sim, platform: Platform, config: dict[str, Any]
) -> None:
    (openid,) = sim.post("followers", count=1)["openids"]
    tag = platform.create_tag("业主")
    platform.tag([openid], tag.id)
    config["conditional"] = config["conditional"][1:]
    run(config, platform, "sync")
    config["conditional"][0]["button"][0]["key"] = "HELP"
    run(config, platform, "sync")
    assert key_seen(sim, platform, openid) == "HELP"
    del config["conditional"]
    assert run(config, platform, "sync")[0] == 0
    assert "conditionalmenu" not in (platform.menu() or {})


def test_the_first_menu_of_the_file_that_fits_counts(sim: Sim, platform: Platform, config: dict[str, Any]) -> None:
    (openid,) = sim.post("followers", count=1)["openids"]
    platform.tag([openid], platform.create_tag("业主").id)
    owner = config["conditional"][1]
    config["conditional"] = [owner, {"tag": "业主", "button": config["button"]}]
    run(config, platform, "sync")
    assert key_seen(sim, platform, openid) == "OWNER"


def test_a_tag_that_is_not_there_is_found_before_anything_is_made(platform: Platform, config: dict[str, Any]) -> None:
    """A name of staff's own may be misspelt; the tag of a topic is made."""
    code, said = run(config, platform, "sync")
    assert code == 1
    assert "no tag called 业主" in said
    assert platform.menu() is None
    assert "chips" not in {tag.name for tag in platform.tags()}
    platform.create_tag("业主")
    assert run(config, platform, "sync")[0] == 0
    assert "chips" in {tag.name for tag in platform.tags()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"topic": ""}, "one of topic, tag, platform must say who sees it"),
        ({"topic": "ships"}, "there is no topic ships"),
        ({"platform": "symbian"}, "platform is one of ios, android, other, not symbian"),
        ({"sex": "1"}, "sex is no rule"),
        ({"tag": "业主"}, "a menu is for one of them"),
        ({"button": []}, "1 to 3 entries"),
        ({"button": [{"type": "click", "name": "很长很长的名字", "key": "HELP"}]}, "a name has 1 to 16 bytes"),
        ({"button": [{"type": "click", "name": "a", "key": "GONE"}]}, "[says] has no sentence for GONE"),
        ({"button": [{"type": "click", "name": "a", "key": "键" * 43}]}, "key or url is too long"),
        ({"button": [{"type": "view", "name": "a", "url": "https://a.example/" + "x" * 1024}]}, "key or url is too long"),
        (
            {"button": [{"name": "a", "sub_button": [
                {"type": "view", "name": "b", "url": f"https://{n}.example"} for n in range(4)]}]},
            "lead to 4 domains",
        ),
    ],
)  # fmt: skip
def test_what_the_platform_would_refuse_is_told_and_not_sent(
    platform: Platform, config: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    config["conditional"][0] |= change
    for action in ("check", "sync"):
        code, told = run(config, platform, action, 1)
        assert code == 1
        assert said in told
    assert platform.menu() is None


def test_an_account_without_menus_is_told_so_and_asked_nothing(platform: Platform, config: dict[str, Any]) -> None:
    code, said = run(config, platform, "sync", kind="subscription-unverified")
    assert code == 0
    assert "may not make menus" in said


def test_keys_of_menus_by_tag_speak_and_outlive_what_staff_made_of_the_menu(config: dict[str, Any]) -> None:
    now = as_shipped(Shipped((), "", config)).menu
    assert now["says"]["OWNER"] == "联系招商顾问"
    assert now["conditional"] == config["conditional"]
