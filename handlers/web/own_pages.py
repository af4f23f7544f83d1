"""Articles that staff wrote here and that stand on no site: each has a page at /a/…."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src https: http:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What such a page shows; `published` has a zone."""

    title: str
    category: str
    picture: str
    paragraphs: tuple[str, ...]
    published: datetime


@dataclass(frozen=True, slots=True)
class OwnPages:
    """find: the article whose address ends so, or None. firm: its name, under the text."""

    find: Callable[[str], Shown | None]
    firm: str


def own_pages_door(pages: OwnPages) -> Blueprint:
    door = Blueprint("own_pages", __name__, template_folder="templates")

    @door.get("/a/<token>")
    def show(token: str) -> ResponseReturnValue:
        found = pages.find(f"/a/{token}") if token.isalnum() else None
        article = found or abort(404)
        day = article.published.astimezone(SHANGHAI).strftime("%Y-%m-%d")
        page = render_template("own_article.html", article=article, day=day, firm=pages.firm)
        return Response(page, headers=HEADERS, mimetype="text/html")

    return door
