"""`python -m bot menu`: check the menu of config/menu.toml against the platform's limits, show it, put it in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TextIO

from bot.adapters.wechat.errors import PlatformError

TOP, SUBS = 3, 5
TOP_NAME, SUB_NAME, KEY, URL = 16, 60, 128, 1024
"""Bytes (reference §5)."""

NEEDS = {"click": ("key",), "view": ("url",), "miniprogram": ("url", "appid", "pagepath")}


class Account(Protocol):
    @property
    def platform(self) -> Any: ...
    @property
    def rights(self) -> Any: ...


def run(config: Mapping[str, Any], account: Callable[[], Account], action: str, out: TextIO) -> int:
    """`action` is check, show or sync. Returns 1 where the menu is wrong or the platform refuses it."""
    mistakes = list(wrong(config["button"], config.get("says", {})))
    for mistake in mistakes:
        print(f"config/menu.toml: {mistake}", file=out)
    if mistakes:
        return 1
    if action == "check":
        print("the menu is within the platform's limits", file=out)
        return 0
    return _show(account(), out) if action == "show" else _sync(config["button"], account(), out)


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
    except PlatformError as error:
        print(f"the menu cannot be had: {error}", file=out)
        return 1
    print(shown, file=out)
    return 0


def _sync(buttons: Sequence[Mapping[str, Any]], account: Account, out: TextIO) -> int:
    if not account.rights.menu:
        print("this account may not make menus; the bot offers the same entries as text to tap", file=out)
        return 0
    try:
        account.platform.create_menu({"button": list(buttons)})
    except PlatformError as error:
        print(f"the platform refused the menu: {error}", file=out)
        return 1
    print("the menu is in force; followers see it within five minutes", file=out)
    return 0
