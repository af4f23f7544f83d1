"""Menus as they are edited: lines of a form on one side, buttons as the platform takes them on the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import request

TOP, SUBS = 3, 5
NAME_BYTES = (16, 60)
"""The platform's limits of a menu: entries, and bytes of a name at the bottom and above (reference §5)."""

URL_BYTES, LONGEST_VALUE = 1024, 1200
DOMAINS = 3
"""To how many of them all menus for some followers together may lead (reference §5)."""

PLATFORMS = ("ios", "android", "other")
_APP_ID = re.compile(r"wx[0-9a-zA-Z]{4,32}")

Button = Mapping[str, Any]


class Wrong(Exception):
    """What staff typed cannot be used. said: one of the texts `said`."""

    def __init__(self, said: str, **facts: object) -> None:
        super().__init__(said)
        self.said, self.facts = said, facts


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu as it is edited.

    kind: say (as if the follower had said value), view (opens it), mini (a mini program: its id, page, and the address
    for phones that cannot), keep (what is not edited here).
    """

    name: str = ""
    kind: str = "say"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    top: Entry
    subs: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who sees a menu: followers of a topic or with a tag, on a phone system; empty = it does not matter."""

    topic: str = ""
    tag: str = ""
    platform: str = ""

    @classmethod
    def of(cls, menu: Mapping[str, Any]) -> Audience:
        return cls(menu.get("topic", ""), menu.get("tag", ""), menu.get("platform", ""))

    @property
    def rules(self) -> dict[str, str]:
        named = {"topic": self.topic, "tag": self.tag, "platform": self.platform}
        return {name: value for name, value in named.items() if value}


# From buttons to lines


def columns(buttons: Sequence[Button], says: Mapping[str, str]) -> list[Column]:
    """Always all that fit, for there is nothing to add lines with but the form itself."""
    found = [
        Column(_entry(one, says), tuple(_entry(sub, says) for sub in one.get("sub_button", ()))) for one in buttons
    ]
    filled = [Column(column.top, column.subs + (Entry(),) * (SUBS - len(column.subs))) for column in found]
    return filled + [Column(Entry(), (Entry(),) * SUBS)] * (TOP - len(filled))


def _entry(button: Button, says: Mapping[str, str]) -> Entry:
    match button.get("type", ""):
        case "click":
            return Entry(button["name"], "say", says.get(button["key"], ""))
        case "view":
            return Entry(button["name"], "view", button["url"])
        case "miniprogram":
            return Entry(button["name"], "mini", f"{button['appid']} {button['pagepath']} {button['url']}")
        case "":
            return Entry(button["name"])
        case _:
            return Entry(button["name"], "keep")


# From lines to buttons


def typed_columns() -> list[Column]:
    """What the form that was sent holds."""
    return [Column(_typed(f"{place}"), tuple(_typed(f"{place}.{sub}") for sub in range(SUBS))) for place in range(TOP)]


def _typed(where: str) -> Entry:
    given = {
        part: request.form.get(f"{part}.{where}", "").strip()[:LONGEST_VALUE] for part in ("name", "kind", "value")
    }
    return Entry(given["name"], given["kind"] if given["kind"] in (*_LEAVES, "keep") else "say", given["value"])


def typed_audience(topics: Mapping[str, str]) -> Audience:
    """Raises Wrong where it names nobody, or two kinds at once."""
    given = {name: request.form.get(name, "").strip()[:30] for name in ("topic", "tag", "platform")}
    if given["topic"] not in {"", *topics} or given["platform"] not in {"", *PLATFORMS}:
        raise Wrong("menu_nobody")
    if not any(given.values()):
        raise Wrong("menu_nobody")
    if given["topic"] and given["tag"]:
        raise Wrong("menu_topic_and_tag")
    return Audience(**given)


def buttons_of(typed: Sequence[Column], before: Sequence[Button], says: dict[str, str]) -> list[dict[str, Any]]:
    """As the platform takes them. says: takes in keys for new sentences. before: for kinds that are not edited here.

    Raises Wrong.
    """
    if lost := [sub.name for column in typed if not column.top.name for sub in column.subs if sub.name]:
        raise Wrong("menu_no_top", name=lost[0])
    made = [_button(column, before, place, says) for place, column in enumerate(typed) if column.top.name]
    if not made:
        raise Wrong("menu_none")
    return made


def check_domains(menus: Sequence[Mapping[str, Any]]) -> None:
    """Raises Wrong where menus for some followers lead to more sites than the platform takes."""
    leaves = [leaf for menu in menus for one in menu["button"] for leaf in one.get("sub_button") or [one]]
    found = {_host(leaf["url"]) for leaf in leaves if leaf.get("url")}
    if len(found) > DOMAINS:
        raise Wrong("menu_domains", count=DOMAINS)


def _button(column: Column, before: Sequence[Button], place: int, says: dict[str, str]) -> dict[str, Any]:
    subs = [(number, entry) for number, entry in enumerate(column.subs) if entry.name]
    if not subs:
        return _leaf(column.top, NAME_BYTES[0], before, (place,), says)
    _check_name(column.top, NAME_BYTES[0])
    leaves = [_leaf(entry, NAME_BYTES[1], before, (place, number), says) for number, entry in subs]
    return {"name": column.top.name, "sub_button": leaves}


def _leaf(
    entry: Entry, longest: int, before: Sequence[Button], where: tuple[int, ...], says: dict[str, str]
) -> dict[str, Any]:
    _check_name(entry, longest)
    if entry.kind == "keep":
        return {**_at(before, where), "name": entry.name}
    if not entry.value:
        raise Wrong("menu_value", name=entry.name)
    return _LEAVES[entry.kind](entry, says)


def _say(entry: Entry, says: dict[str, str]) -> dict[str, Any]:
    return {"type": "click", "name": entry.name, "key": _key(entry.value, says)}


def _view(entry: Entry, _says: dict[str, str]) -> dict[str, Any]:
    _check_url(entry, entry.value)
    return {"type": "view", "name": entry.name, "url": entry.value}


def _mini(entry: Entry, _says: dict[str, str]) -> dict[str, Any]:
    parts = entry.value.split()
    if len(parts) != 3 or not _APP_ID.fullmatch(parts[0]):
        raise Wrong("menu_mini", name=entry.name)
    app_id, page, url = parts
    _check_url(entry, url)
    return {"type": "miniprogram", "name": entry.name, "url": url, "appid": app_id, "pagepath": page}


_LEAVES: Mapping[str, Callable[[Entry, dict[str, str]], dict[str, Any]]] = {"say": _say, "view": _view, "mini": _mini}


def _check_name(entry: Entry, longest: int) -> None:
    if not entry.name or len(entry.name.encode()) > longest:
        raise Wrong("menu_name", name=entry.name)


def _check_url(entry: Entry, url: str) -> None:
    if not url.startswith(("https://", "http://")) or len(url.encode()) > URL_BYTES or not _host(url):
        raise Wrong("menu_url", name=entry.name)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _key(sentence: str, says: dict[str, str]) -> str:
    """The key that says this sentence; a new one for a new sentence, for old keys keep what they said."""
    known = next((key for key, said in says.items() if said == sentence), "")
    key = known or f"SAY_{hashlib.sha256(sentence.encode()).hexdigest()[:10]}"
    says[key] = sentence
    return key


def _at(buttons: Sequence[Button], where: tuple[int, ...]) -> dict[str, Any]:
    """What stands at this place now, for kinds that are not edited here."""
    try:
        button = buttons[where[0]]
        return dict(button["sub_button"][where[1]] if len(where) > 1 else button)
    except (IndexError, KeyError):
        raise Wrong("menu_value", name="") from None
