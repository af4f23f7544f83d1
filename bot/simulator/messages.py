"""Customer-service messages and the typing sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint, wanted
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json
from bot.simulator.users import Follower, known

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

TEXT_BYTES = 2048
TYPING_SECONDS = 15
Reader = Callable[["Simulator", Json], Json]


def send(sim: Simulator, call: Call) -> Json:
    follower = known(sim, call.body.get("touser"))
    kind = call.body.get("msgtype")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Fail(40008)
    content = reader(sim, wanted(call.body, str(kind), dict, 44004 if kind == "text" else 45162))
    _may_receive(sim, follower)
    follower.typing_until = 0
    shown = "news" if "articles" in content else str(kind)
    sim.show(follower, "kf", shown, content)
    return {}


def _may_receive(sim: Simulator, follower: Follower) -> None:
    closed = sim.knobs.settings.unfollowed_code
    for flag, code in (("blacklisted", 43019), ("blocked", 48002), ("minor", 70000)):
        if flag in follower.flags:
            raise Fail(code)
    if not follower.following:
        raise Fail(closed)
    follower.windows.take(sim.clock.now().timestamp())


def _text(_sim: Simulator, part: Json) -> Json:
    return {"text": checked_text(part.get("content"))}


def checked_text(text: object) -> str:
    if not isinstance(text, str) or not text:
        raise Fail(44004)
    if len(text.encode()) > TEXT_BYTES:
        raise Fail(45002)
    return text


def medium_shown(sim: Simulator, part: Json) -> Json:
    medium = sim.media.get(part.get("media_id"), sim.clock.stamp())
    return {"gist": medium.media_id, "src": f"/media/{medium.media_id}", "title": part.get("title", "")}


def _music(sim: Simulator, part: Json) -> Json:
    sim.media.get(part.get("thumb_media_id"), sim.clock.stamp())
    return {"gist": str(part.get("musicurl", "")), "title": str(part.get("title", "")), "url": part.get("musicurl", "")}


def _news(_sim: Simulator, part: Json) -> Json:
    articles = part.get("articles")
    if not isinstance(articles, list):
        raise Fail(45162)
    if len(articles) > 1:
        raise Fail(45008)
    if not articles:
        raise Fail(44003)
    return {"articles": [_article(articles[0])]}


def _article(item: object) -> Json:
    if not isinstance(item, dict):
        raise Fail(45162)
    if not item.get("title"):
        raise Fail(44003)
    if len(str(item.get("url", ""))) > 1024:
        raise Fail(45005)
    return {
        "title": str(item["title"]),
        "description": str(item.get("description", "")),
        "url": str(item.get("url", "")),
        "picture": str(item.get("picurl", "")),
    }


def _published(sim: Simulator, part: Json) -> Json:
    return {"articles": sim.drafts.published(part.get("article_id"))}


def drafted(sim: Simulator, part: Json) -> Json:
    """A message made of a draft, as its cards."""
    return {"articles": sim.drafts.get(part.get("media_id")).cards()}


def _menu(_sim: Simulator, part: Json) -> Json:
    options = wanted(part, "list", list, 45162)
    if not options:
        raise Fail(44004)
    shown = [{"id": str(wanted(each, "id", str, 45162)), "content": each.get("content", "")} for each in options]
    return {"head": part.get("head_content", ""), "options": shown, "tail": part.get("tail_content", "")}


def _mini_program(sim: Simulator, part: Json) -> Json:
    sim.media.get(part.get("thumb_media_id"), sim.clock.stamp())
    return {"gist": str(part.get("pagepath", "")), "title": str(part.get("title", ""))}


def _card(_sim: Simulator, part: Json) -> Json:
    return {"gist": str(part.get("card_id", ""))}


READERS: dict[str, Reader] = {
    "text": _text,
    "image": medium_shown,
    "voice": medium_shown,
    "video": medium_shown,
    "music": _music,
    "news": _news,
    "mpnewsarticle": _published,
    "mpnews": drafted,
    "msgmenu": _menu,
    "wxcard": _card,
    "miniprogrampage": _mini_program,
}


def typing(sim: Simulator, call: Call) -> Json:
    follower = known(sim, call.body.get("touser"))
    command = call.body.get("command")
    now = sim.clock.now().timestamp()
    if command not in ("Typing", "CancelTyping"):
        raise Fail(45072)
    if now - follower.exchanged > 30:
        raise Fail(45080)
    if command == "Typing" and follower.typing_until > now:
        raise Fail(45081)
    follower.typing_until = now + TYPING_SECONDS if command == "Typing" else 0
    sim.wire.touch()
    return {}


ENDPOINTS = (
    Endpoint("/cgi-bin/message/custom/send", "POST", send, "custom", 500_000),
    Endpoint("/cgi-bin/message/custom/typing", "POST", typing, "custom", 500_000),
)
