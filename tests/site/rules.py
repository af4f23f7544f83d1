"""The shipped rules and a reader of a test site."""

from __future__ import annotations

import tomllib
from functools import cache

from bot.adapters.site.http import Fetcher
from bot.adapters.site.pages import Rules
from bot.adapters.site.site import Site
from config.texts import HERE


@cache
def rules() -> Rules:
    return Rules.from_toml(tomllib.loads((HERE / "site.toml").read_text(encoding="utf-8")))


def fetcher(root: str, **more: object) -> Fetcher:
    settings: dict[str, object] = {
        "agent": "ParkBot test",
        "private": True,
        "pause": 0.0,
        "sleep": lambda _: None,
        **more,
    }
    return Fetcher(root, **settings)  # type: ignore[arg-type]


def site(root: str, **more: object) -> Site:
    return Site(fetcher(root, **more), rules())
