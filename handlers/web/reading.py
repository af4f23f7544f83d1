"""Articles by way of /r/…: notes who opened which, so that staff see what a lead has read, and sends them on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

log = logging.getLogger(__name__)

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True)
class ReadingRoom:
    """opened: whose link a token is and to which article, None for a made-up one. address: where the article stands
    now, "" where it is gone. note: keeps who read what; must not raise. firm, site: for whoever finds nothing here.
    """

    opened: Callable[[str], tuple[str, int] | None]
    address: Callable[[int], str]
    note: Callable[[str, int], None]
    firm: str
    site: str


def reading_door(room: ReadingRoom) -> Blueprint:
    door = Blueprint("reading", __name__, template_folder="templates")

    @door.get("/r/<token>")
    def read(token: str) -> ResponseReturnValue:
        given = room.opened(token)
        if given is None:
            log.warning("reading refused", extra={"reason": "link"})
            return _nothing_here(room)
        openid, article = given
        address = room.address(article)
        if not address.startswith(("https://", "http://")):
            return _nothing_here(room)
        if request.method == "GET":  # HEAD is a machine that only looks whether the link works
            room.note(openid, article)
        return _with_headers(Response(status=302, headers={"Location": address}))

    return door


def _nothing_here(room: ReadingRoom) -> Response:
    return _with_headers(Response(render_template("no_article.html", firm=room.firm, site=room.site), 404))


def _with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
