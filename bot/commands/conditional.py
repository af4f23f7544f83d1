"""Menus for followers with a certain tag: what is wrong with them, and how the platform is brought in step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Menu = Mapping[str, Any]

DOMAINS = 3
"""To how many of them all conditional menus together may lead (reference §5)."""
PLATFORMS = {"ios": "1", "android": "2", "other": "3"}
RULES = ("topic", "tag", "platform")


@dataclass(frozen=True, slots=True)
class Tags:
    """topics: keys of the topics there are. of_topic: a topic's tag, which is made where there is none; the platform is
    handed in, and its errors come out."""

    topics: Collection[str] = ()
    of_topic: Callable[[Any, str], int] = lambda *_: 0


class NoTag(Exception):
    """A menu is for a tag called `name`, and the platform has none of that name."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


def wrong(menus: Sequence[Menu], tags: Tags) -> Iterator[str]:
    """What the platform would not take, but for the buttons themselves."""
    for number, menu in enumerate(menus, 1):
        yield from (f"conditional menu {number}: {mistake}" for mistake in _wrong_rule(menu, tags))
    domains = {_domain(button) for menu in menus for button in flat(menu.get("button", ())) if button.get("url")}
    if len(domains) > DOMAINS:
        yield f"conditional menus lead to {len(domains)} domains, not to {DOMAINS} at most: {', '.join(sorted(domains))}"


def _wrong_rule(menu: Menu, tags: Tags) -> Iterator[str]:
    if not any(menu.get(rule) for rule in RULES):
        yield f"one of {', '.join(RULES)} must say who sees it"
    if unknown := sorted(set(menu) - {"button", *RULES}):
        yield f"{', '.join(unknown)} is no rule; the platform knows tags and platforms only"
    if menu.get("topic") and menu.get("tag"):
        yield "topic and tag: a menu is for one of them"
    if menu.get("topic", "") not in {"", *tags.topics}:
        yield f"there is no topic {menu['topic']}"
    if menu.get("platform", "") not in {"", *PLATFORMS}:
        yield f"platform is one of {', '.join(PLATFORMS)}, not {menu['platform']}"


def flat(buttons: Sequence[Menu]) -> list[Menu]:
    """Every button that does something."""
    return [each for button in buttons for each in (button.get("sub_button") or [button])]


def _domain(button: Menu) -> str:
    return urlsplit(str(button["url"])).hostname or ""


def resolved(menus: Sequence[Menu], tags: Tags, platform: Any) -> list[dict[str, Any]]:
    """As the platform takes them: {"button": […], "matchrule": {…}}. Tags of topics are made where there are none.
    Raises NoTag, PlatformError before anything is made."""
    there = {tag.name: tag.id for tag in platform.tags()} if any(menu.get("tag") for menu in menus) else {}
    for menu in menus:
        if (name := menu.get("tag")) and name not in there:
            raise NoTag(f"the platform has no tag called {name}", name)
    return [{"button": list(menu["button"]), "matchrule": _rule(menu, tags, platform, there)} for menu in menus]


def _rule(menu: Menu, tags: Tags, platform: Any, there: Mapping[str, int]) -> dict[str, str]:
    rule = {}
    if topic := menu.get("topic"):
        rule["tag_id"] = str(tags.of_topic(platform, topic))
    if name := menu.get("tag"):
        rule["tag_id"] = str(there[name])
    if system := menu.get("platform"):
        rule["client_platform_type"] = PLATFORMS[system]
    return rule


def bring_in_step(platform: Any, buttons: Sequence[Menu], wanted: Sequence[Menu]) -> bool:
    """First the default menu, then the conditional ones. False: all of it was in force. Raises PlatformError.

    The platform shows the newest menu that fits; of ours the first one in the file counts, so it is made last.
    """
    now = platform.menu() or {}
    changed = plain(now.get("menu", {}).get("button", ())) != plain(buttons)
    if changed:
        platform.create_menu({"button": list(buttons)})
    there = sorted(now.get("conditionalmenu", ()), key=lambda menu: int(menu["menuid"]))
    making = list(reversed(wanted))
    if [_compared(menu) for menu in there] == [_compared(menu) for menu in making]:
        return changed
    for menu in there:  # all at first: old and new ones together might lead to too many domains
        platform.delete_conditional_menu(str(menu["menuid"]))
    for menu in making:
        platform.add_conditional_menu(menu)
    return True


def _compared(menu: Menu) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """What makes a menu the same; the platform gives tag_id back as group_id, and adds rules that are empty."""
    names = {"group_id": "tag_id"}
    rule = {names.get(name, name): str(value) for name, value in menu["matchrule"].items() if value not in ("", None)}
    return plain(menu["button"]), rule


def plain(buttons: Sequence[Menu]) -> list[dict[str, Any]]:
    """Buttons without what the platform adds: empty lists of further buttons and empty fields."""
    return [
        {
            name: plain(value) if name == "sub_button" else value
            for name, value in button.items()
            if value not in ([], "", None)
        }
        for button in buttons
    ]
