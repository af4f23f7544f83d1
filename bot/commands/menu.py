"""`python -m bot menu`: check the menu of config/menu.toml against the platform's limits, show it, put it in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TextIO

from bot.adapters.wechat.errors import PlatformError
from bot.commands import conditional
from bot.commands.conditional import NoTag, Tags

TOP, SUBS = 3, 5
TOP_NAME, SUB_NAME, KEY, URL = 16, 60, 128, 1024
"""Bytes (reference §5)."""

NEEDS = {"click": ("key",), "view": ("url",), "miniprogram": ("url", "appid", "pagepath")}


class Account(Protocol):
    @property
    def platform(self) -> Any: ...
    @property
    def rights(self) -> Any: ...


def run(
    config: Mapping[str, Any], account: Callable[[], Account], action: str, out: TextIO, tags: Tags | None = None
) -> int:
    """`action` is check, show or sync. Returns 1 where a menu is wrong or the platform refuses it."""
    tags = tags or Tags()
    mistakes = list(mistakes_in(config, tags))
    for mistake in mistakes:
        print(f"config/menu.toml: {mistake}", file=out)
    if mistakes:
        return 1
    if action == "check":
        print("the menu is within the platform's limits", file=out)
        return 0
    return _show(account(), out) if action == "show" else _sync(config, account(), tags, out)


def mistakes_in(config: Mapping[str, Any], tags: Tags) -> Iterator[str]:
    """Of the default menu and of the conditional ones."""
    says = config.get("says", {})
    yield from wrong(config.get("button", ()), says)
    menus = config.get("conditional", ())
    for number, menu in enumerate(menus, 1):
        yield from (f"conditional menu {number}: {mistake}" for mistake in wrong(menu.get("button", ()), says))
    yield from conditional.wrong(menus, tags)


def wrong(buttons: Sequence[Mapping[str, Any]], says: Mapping[str, str]) -> Iterator[str]:
    """What the platform, or the bot behind a key, would not take."""
    if not 1 <= len(buttons) <= TOP:
        yield f"1 to {TOP} entries at the bottom, not {len(buttons)}"
    for button in buttons:
        yield from _wrong_button(button, TOP_NAME, says)
        subs = button.get("sub_button", [])
        if len(subs) > SUBS:
            yield f"{button['name']}: at most {SUBS} entries, not {len(subs)}"
        for sub in subs:
            yield from _wrong_button(sub, SUB_NAME, says)


def _wrong_button(button: Mapping[str, Any], longest: int, says: Mapping[str, str]) -> Iterator[str]:
    name = button.get("name", "")
    if not name or len(name.encode()) > longest:
        yield f"{name or '(no name)'}: a name has 1 to {longest} bytes, that is {longest // 3} Chinese characters"
    if button.get("sub_button"):
        return
    kind = button.get("type", "")
    for need in NEEDS.get(kind, ("type",)):
        if not button.get(need):
            yield f"{name}: {need} is missing"
    if len(button.get("key", "").encode()) > KEY or len(button.get("url", "").encode()) > URL:
        yield f"{name}: key or url is too long"
    if kind == "click" and button.get("key") not in says:
        yield f"{name}: [says] has no sentence for {button.get('key')}"


def _show(account: Account, out: TextIO) -> int:
    try:
        shown = account.platform.shown_menu()
        made = (account.platform.menu() or {}) if account.rights.menu else {}
    except PlatformError as error:
        print(f"the menu cannot be had: {error}", file=out)
        return 1
    print(shown, file=out)
    for menu in made.get("conditionalmenu", ()):
        print(f"only for {menu['matchrule']}: {menu['button']}", file=out)
    return 0


def _sync(config: Mapping[str, Any], account: Account, tags: Tags, out: TextIO) -> int:
    if not account.rights.menu:
        print("this account may not make menus; the bot offers the same entries as text to tap", file=out)
        return 0
    try:
        menus = conditional.resolved(config.get("conditional", ()), tags, account.platform)
        changed = conditional.bring_in_step(account.platform, config["button"], menus)
    except NoTag as missing:
        print(f"config/menu.toml: {missing}; nothing was changed", file=out)
        return 1
    except PlatformError as error:
        print(f"the platform refused the menu: {error}", file=out)
        return 1
    with_others = f", with {len(menus)} more by tag" if menus else ""
    told = "followers see it within five minutes" if changed else "it was so before"
    print(f"the menu is in force{with_others}; {told}", file=out)
    return 0
