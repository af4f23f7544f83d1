"""Judges the bot's answer to a callback as the platform would."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.simulator import xml
from bot.simulator.crypto import Cipher, Unreadable, signature
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.account import Account
    from bot.simulator.media import MediaStore

TEXT_BYTES = 2048
KINDS = {"text", "image", "voice", "video", "music", "news", "transfer_customer_service", "transfer_biz_ai_ivr"}
# Events whose answer the platform shows; the answer to any other event is dropped.
ANSWERED_EVENTS = {"subscribe", "SCAN", "CLICK", "scancode_waitmsg"}
EVENT_ARTICLES = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """broken: the platform could not use the answer at all and tells the follower so. shown: what the follower sees."""

    reply: Json | None = None
    shown: tuple[str, Json] | None = None
    problems: tuple[str, ...] = ()
    broken: bool = False


@dataclass(slots=True)
class _Found:
    """The reply while it is looked at."""

    reply: Json
    problems: list[str] = field(default_factory=list)


def judge(account: Account, cipher: Cipher, media: MediaStore, pushed: Json, body: bytes) -> Verdict:
    """`pushed` are the nodes of the callback this answers."""
    if body.strip() in (b"", b"success"):
        return Verdict()
    try:
        reply, problems = _opened(account, cipher, body)
    except (xml.Malformed, Unreadable) as error:
        return Verdict(problems=(str(error),), broken=True)
    broken = _addressed(pushed, reply)
    if broken:
        return Verdict(reply, problems=(*problems, *broken), broken=True)
    found = _Found(reply, list(problems))
    shown = _shown(found, media, pushed)
    if shown and pushed.get("MsgType") == "event" and pushed.get("Event") not in ANSWERED_EVENTS:
        found.problems.append(f"an answer to the event {pushed.get('Event')} is not shown")
        shown = None
    return Verdict(reply, shown, tuple(found.problems))


def _opened(account: Account, cipher: Cipher, body: bytes) -> tuple[Json, list[str]]:
    nodes = xml.read(body)
    if "Encrypt" not in nodes:
        if account.mode == "safe":
            raise Unreadable("the reply is not encrypted")
        return nodes, []
    if account.mode == "plain":
        raise Unreadable("an encrypted reply in plain mode")
    signed = signature(account.token, str(nodes.get("TimeStamp")), str(nodes.get("Nonce")), str(nodes["Encrypt"]))
    if signed != nodes.get("MsgSignature"):
        raise Unreadable("the signature of the reply is wrong")
    return xml.read(cipher.decrypt(str(nodes["Encrypt"]))), []


def _addressed(pushed: Json, reply: Json) -> list[str]:
    """What makes a reply undeliverable."""
    wrong = []
    if reply.get("ToUserName") != pushed["FromUserName"] or reply.get("FromUserName") != pushed["ToUserName"]:
        wrong.append("ToUserName and FromUserName are not swapped")
    if not str(reply.get("CreateTime", "")).isdigit():
        wrong.append("CreateTime is no number")
    if reply.get("MsgType") not in KINDS:
        wrong.append(f"MsgType {reply.get('MsgType')!r} is unknown")
    return wrong


def _shown(found: _Found, media: MediaStore, pushed: Json) -> tuple[str, Json] | None:
    kind = str(found.reply["MsgType"])
    if kind == "text":
        return _text(found)
    if kind == "news":
        return _news(found, pushed)
    if kind in ("transfer_customer_service", "transfer_biz_ai_ivr"):
        return kind, {"gist": kind}
    return _medium(found, media, kind)


def _text(found: _Found) -> tuple[str, Json] | None:
    text = str(found.reply.get("Content", ""))
    size = len(text.encode())
    if not text:
        found.problems.append("an empty text")
        return None
    if size > TEXT_BYTES:
        # The live platform loses such a reply without a word.
        found.problems.append(f"a text of {size} bytes; more than {TEXT_BYTES} is lost")
        return None
    return "text", {"text": text}


def _news(found: _Found, pushed: Json) -> tuple[str, Json] | None:
    listed = found.reply.get("Articles")
    items = listed.get("item", []) if isinstance(listed, dict) else []
    articles = items if isinstance(items, list) else [items]
    most = EVENT_ARTICLES if pushed.get("MsgType") == "event" else 1
    if found.reply.get("ArticleCount") != str(len(articles)):
        found.problems.append("ArticleCount is not the number of articles")
    if len(articles) > most:
        found.problems.append(f"{len(articles)} articles; all but {most} are dropped")
    cards = [_card(article) for article in articles[:most] if isinstance(article, dict)]
    if not cards:
        found.problems.append("no article")
        return None
    return "news", {"articles": cards}


def _card(article: Json) -> Json:
    names = {"title": "Title", "description": "Description", "url": "Url", "picture": "PicUrl"}
    return {name: str(article.get(node, "")) for name, node in names.items()}


def _medium(found: _Found, media: MediaStore, kind: str) -> tuple[str, Json] | None:
    node = found.reply.get({"image": "Image", "voice": "Voice", "video": "Video", "music": "Music"}[kind])
    inside = node if isinstance(node, dict) else {}
    media_id = inside.get("ThumbMediaId" if kind == "music" else "MediaId")
    if media_id not in media.kept:
        found.problems.append(f"the media_id {media_id!r} is unknown")
        return None
    return kind, {"gist": media_id, "src": f"/media/{media_id}", "title": inside.get("Title", "")}
