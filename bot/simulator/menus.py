"""The menu under the chat, and the ones for followers with a certain tag."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.simulator.api import Call, Endpoint, wanted
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json
from bot.simulator.users import Follower

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

KEYED = frozenset(
    (
        "click",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    )
)
RULES = {"tag_id", "group_id", "client_platform_type"}
WITHDRAWN = {"sex", "country", "province", "city", "language"}
DOMAINS = 3


class Menus:
    """The default menu and the conditional ones, newest last."""

    def __init__(self) -> None:
        self.buttons: list[Json] = []
        self.menuid = 0
        self.conditional: list[Json] = []

    def uses(self, media_id: str) -> bool:
        return any(button.get("media_id") == media_id for button in flat(self.buttons))

    def seen_by(self, follower: Follower | None) -> list[Json]:
        """The newest conditional menu that fits, else the default one."""
        tag = str(follower.tags[-1]) if follower and follower.tags else ""
        for menu in reversed(self.conditional):
            rule = menu["matchrule"]
            wanted_tag = str(rule.get("tag_id") or rule.get("group_id") or "")
            if wanted_tag == tag and "client_platform_type" not in rule:
                return list(menu["button"])
        return self.buttons


def flat(buttons: list[Json]) -> list[Json]:
    """Every button that does something."""
    return [each for button in buttons for each in (button.get("sub_button") or [button])]


def checked(sim: Simulator, body: Json) -> list[Json]:
    """The buttons, or the refusal of the first thing that is wrong with them."""
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise Fail(40016)
    for button in buttons:
        _check_top(sim, button)
    return buttons


def _check_top(sim: Simulator, button: object) -> None:
    if not isinstance(button, dict):
        raise Fail(40017)
    if not 1 <= len(str(button.get("name", "")).encode()) <= 16:
        raise Fail(40018)
    subs = button.get("sub_button")
    if not subs:
        _check_action(sim, button, (40015, 40019, 40020, 40055))
        return
    if not isinstance(subs, list) or len(subs) > 5:
        raise Fail(40023)
    for sub in subs:
        _check_sub(sim, sub)


def _check_sub(sim: Simulator, button: object) -> None:
    if not isinstance(button, dict) or button.get("sub_button"):
        raise Fail(40024)
    if not 1 <= len(str(button.get("name", "")).encode()) <= 60:
        raise Fail(40025)
    _check_action(sim, button, (40024, 40019, 40027, 40054))


def _check_action(sim: Simulator, button: Json, codes: tuple[int, int, int, int]) -> None:
    bad_type, bad_key, bad_size, bad_domain = codes
    kind = button.get("type")
    if kind in KEYED:
        if not 1 <= len(str(button.get("key", "")).encode()) <= 128:
            raise Fail(bad_key)
    elif kind in ("view", "miniprogram"):
        _check_url(button, bad_size, bad_domain)
        if kind == "miniprogram" and not (button.get("appid") and button.get("pagepath")):
            raise Fail(45064)
    elif kind in ("media_id", "view_limited"):
        sim.media.permanent(button.get("media_id"))
    elif kind in ("article_id", "article_view_limited"):
        sim.drafts.published(button.get("article_id"))
    else:
        raise Fail(bad_type)


def _check_url(button: Json, bad_size: int, bad_domain: int) -> None:
    url = str(button.get("url", ""))
    if not 1 <= len(url.encode()) <= 1024:
        raise Fail(bad_size)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Fail(bad_domain)


def create(sim: Simulator, call: Call) -> Json:
    body = call.body
    if call.has_escapes:
        raise Fail(40033)
    sim.menus.buttons = checked(sim, body)
    sim.menus.menuid = next(sim.ids.menus)
    sim.wire.touch()
    return {}


def get(sim: Simulator, _call: Call) -> Json:
    if not sim.menus.buttons:
        raise Fail(46003)
    found: Json = {"menu": {"button": sim.menus.buttons, "menuid": sim.menus.menuid}}
    return found | ({"conditionalmenu": sim.menus.conditional} if sim.menus.conditional else {})


def delete(sim: Simulator, _call: Call) -> Json:
    sim.menus.buttons = []
    sim.menus.conditional = []
    sim.wire.touch()
    return {}


def add_conditional(sim: Simulator, call: Call) -> Json:
    body = call.body
    if call.has_escapes:
        raise Fail(40033)
    if not sim.menus.buttons:
        raise Fail(65303)
    rule = _rule(sim, body)
    buttons = checked(sim, body)
    if len(_domains(sim, buttons)) > DOMAINS:
        raise Fail(65316)
    menuid = str(next(sim.ids.menus))
    sim.menus.conditional.append({"button": buttons, "matchrule": rule, "menuid": menuid})
    sim.wire.touch()
    return {"menuid": menuid}


def _rule(sim: Simulator, body: Json) -> Json:
    rule = wanted(body, "matchrule", dict, 40035)
    if any(rule.get(name) for name in WITHDRAWN):
        raise Fail(65320)
    used = {name: value for name, value in rule.items() if name in RULES and value}
    if not used:
        raise Fail(40035)
    if "tag_id" in used:
        sim.tags.get(str(used["tag_id"]), 40152)
    return used


def _domains(sim: Simulator, buttons: list[Json]) -> set[str | None]:
    every = [*buttons, *(button for menu in sim.menus.conditional for button in menu["button"])]
    return {urlsplit(str(button["url"])).hostname for button in flat(every) if button.get("url")}


def delete_conditional(sim: Simulator, call: Call) -> Json:
    menuid = str(call.body.get("menuid"))
    kept = [menu for menu in sim.menus.conditional if menu["menuid"] != menuid]
    if len(kept) == len(sim.menus.conditional):
        raise Fail(65301)
    sim.menus.conditional = kept
    sim.wire.touch()
    return {}


def try_match(sim: Simulator, call: Call) -> Json:
    user = call.field("user_id", str)
    follower = sim.followers.get(user) or sim.followers.named(user)
    if follower is None:
        raise Fail(46004)
    return {"button": sim.menus.seen_by(follower)}


def self_menu(sim: Simulator, _call: Call) -> Json:
    shown = [
        {"name": button["name"], "sub_button": {"list": button["sub_button"]}} if button.get("sub_button") else button
        for button in sim.menus.buttons
    ]
    return {"is_menu_open": int(bool(shown)), "selfmenu_info": {"button": shown}}


ENDPOINTS = (
    Endpoint("/cgi-bin/menu/create", "POST", create, "menu", 1000),
    Endpoint("/cgi-bin/menu/get", "GET", get, "menu", 10_000),
    Endpoint("/cgi-bin/menu/delete", "GET", delete, "menu", 1000),
    Endpoint("/cgi-bin/menu/addconditional", "POST", add_conditional, "menu", 2000),
    Endpoint("/cgi-bin/menu/delconditional", "POST", delete_conditional, "menu", 2000),
    Endpoint("/cgi-bin/menu/trymatch", "POST", try_match, "menu", 20_000),
    Endpoint("/cgi-bin/get_current_selfmenu_info", "GET", self_menu, "basic", 10_000),
)
