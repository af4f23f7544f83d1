"""The page: a phone, the staff group, the wire; and the pages behind its links."""

from __future__ import annotations

import html

from flask import Blueprint, Response, abort, render_template

from bot.simulator.media import Medium
from bot.simulator.server import simulator
from bot.simulator.shapes import Json

page = Blueprint("page", __name__)

POLICY = "default-src 'self'; img-src * data:; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
# Articles carry inline styles, as on the platform, but never scripts.
ARTICLE_POLICY = "default-src 'none'; img-src * data:; style-src 'self' 'unsafe-inline'; base-uri 'none'"


@page.get("/")
def phone() -> Response:
    account = simulator().account
    answer = Response(render_template("phone.html", account=account))
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@page.get("/s/<key>")
def article(key: str) -> Response:
    """An article that was sent or published."""
    sim = simulator()
    draft = sim.drafts.out.get(key)
    if draft is None:
        abort(404)
    index = draft.keys.index(key)
    shown = draft.articles[index] | {"content": _local_pictures(str(draft.articles[index]["content"]))}
    gone = index + 1 in draft.deleted
    answer = Response(render_template("article.html", article=shown, cover=_cover(shown), gone=gone))
    answer.headers["Content-Security-Policy"] = ARTICLE_POLICY
    return answer


def _local_pictures(content: str) -> str:
    """The platform's picture addresses lead nowhere from here: show our copies."""
    for url, medium in simulator().media.pictures.items():
        content = content.replace(html.escape(url), f"/picture/{medium.media_id}").replace(
            url, f"/picture/{medium.media_id}"
        )
    return content


def _cover(shown: Json) -> str:
    medium = simulator().media.pictures.get(str(shown.get("thumb_url")))
    return f"/picture/{medium.media_id}" if medium else ""


@page.get("/media/<media_id>")
def medium(media_id: str) -> Response:
    found = simulator().media.kept.get(media_id)
    if found is None:
        abort(404)
    return _file(found)


@page.get("/picture/<media_id>")
def picture(media_id: str) -> Response:
    found = next((each for each in simulator().media.pictures.values() if each.media_id == media_id), None)
    if found is None:
        abort(404)
    return _file(found)


def _file(found: Medium) -> Response:
    return Response(found.data, content_type=found.mime, headers={"X-Content-Type-Options": "nosniff"})
