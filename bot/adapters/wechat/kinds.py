"""Which of our own contents each message and event of the platform becomes (reference §1.7-1.8)."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot.adapters.wechat.xml import Malformed, Node
from bot.dialogue.message import (
    Cancelled,
    Click,
    Content,
    Follow,
    Image,
    Link,
    Location,
    Message,
    Other,
    Receipt,
    Scan,
    Text,
    Unfollow,
    Video,
    View,
    Voice,
)

_HEAD = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "MsgId", "Encrypt"})
_QR_PREFIX = "qrscene_"
_LONGEST_PART = 64


def message_from(fields: Mapping[str, Node]) -> Message:
    """Raises Malformed where a node is missing or holds something else than it should."""
    content = _content(fields)
    openid, created = _needed(fields, "FromUserName"), _needed(fields, "CreateTime")
    return Message(
        openid=openid,
        account=_needed(fields, "ToUserName"),
        at=_instant(created),
        key=":".join([*_name_of(fields, content), created, openid]),
        content=content,
    )


def _content(fields: Mapping[str, Node]) -> Content:
    kind = _needed(fields, "MsgType")
    if kind == "event":
        return _event(_needed(fields, "Event"), fields)
    read = _MESSAGES.get(kind)
    if read is None:
        return Other(kind, _rest(fields))
    _needed(fields, "MsgId")
    return read(fields)


def _event(name: str, fields: Mapping[str, Node]) -> Content:
    # The platform itself spells some events in capitals in one place and not in another.
    lower = name.lower()
    if lower in _EVENTS:
        return _EVENTS[lower](fields)
    if lower in _RECEIPTS:
        return Receipt(_RECEIPTS[lower], _rest(fields))
    return Other(name, _rest(fields))


def _name_of(fields: Mapping[str, Node], content: Content) -> list[str]:
    """What tells this callback from others of the same follower in the same second (reference §1.6)."""
    if msg_id := _text(fields, "MsgId").strip():
        return [_short(msg_id)]
    parts = [_text(fields, "Event") or _text(fields, "MsgType"), _text(fields, "EventKey"), _text(fields, "MsgID")]
    if isinstance(content, Receipt | Other):
        parts.append(_digest(_rest(fields)))  # several notices of one kind may come in the same second
    return [_short(part) for part in parts if part]


def _short(part: str) -> str:
    return part if len(part) <= _LONGEST_PART else hashlib.sha256(part.encode()).hexdigest()[:32]


def _digest(rest: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:12]


def _rest(fields: Mapping[str, Node]) -> dict[str, object]:
    return {name: node for name, node in fields.items() if name not in _HEAD}


def _text(fields: Mapping[str, Node], name: str) -> str:
    node = fields.get(name, "")
    return node if isinstance(node, str) else ""


def _needed(fields: Mapping[str, Node], name: str) -> str:
    value = _text(fields, name).strip()
    if not value:
        raise Malformed(f"{name} is missing")
    return value


def _instant(seconds: str) -> datetime:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        raise Malformed("CreateTime is no time")
    return datetime.fromtimestamp(int(seconds), UTC)


def _number(fields: Mapping[str, Node], name: str) -> float:
    try:
        number = float(_text(fields, name))
    except ValueError:
        raise Malformed(f"{name} is no number") from None
    if not math.isfinite(number):
        raise Malformed(f"{name} is no number")
    return number


def _words(fields: Mapping[str, Node]) -> Text:
    if not isinstance(fields.get("Content"), str):
        raise Malformed("Content is missing")
    return Text(_text(fields, "Content"), _text(fields, "bizmsgmenuid").strip() or None)


def _video(fields: Mapping[str, Node]) -> Video:
    return Video(_text(fields, "MediaId"))


def _place(fields: Mapping[str, Node]) -> Location:
    return Location(_number(fields, "Location_X"), _number(fields, "Location_Y"), _text(fields, "Label"))


def _link(fields: Mapping[str, Node]) -> Link:
    return Link(_text(fields, "Title"), _text(fields, "Description"), _text(fields, "Url"))


def _follow(fields: Mapping[str, Node]) -> Follow:
    return Follow(_text(fields, "EventKey").removeprefix(_QR_PREFIX))


def _scan(fields: Mapping[str, Node]) -> Scan:
    return Scan(_text(fields, "EventKey").removeprefix(_QR_PREFIX))


def _click(fields: Mapping[str, Node]) -> Click:
    return Click(_text(fields, "EventKey"))


def _view(fields: Mapping[str, Node]) -> View:
    return View(_text(fields, "EventKey"))


_Read = Callable[[Mapping[str, Node]], Content]

_MESSAGES: Mapping[str, _Read] = {
    "text": _words,
    "image": lambda fields: Image(_text(fields, "PicUrl"), _text(fields, "MediaId")),
    "voice": lambda fields: Voice(_text(fields, "MediaId"), _text(fields, "Recognition")),
    "video": _video,
    "shortvideo": _video,
    "location": _place,
    "link": _link,
}

# pic_* and location_select are not here: the picture or place they announce follows as a message of its own,
# and that is what gets the answer.
_EVENTS: Mapping[str, _Read] = {
    "subscribe": _follow,
    "unsubscribe": lambda _fields: Unfollow(),
    "user_authorization_cancellation": lambda _fields: Cancelled(),
    "scan": _scan,
    "click": _click,
    "scancode_push": _click,
    "scancode_waitmsg": _click,
    "view": _view,
    "view_miniprogram": _view,
}

_RECEIPTS: Mapping[str, str] = {
    name.lower(): name
    for name in (
        "MASSSENDJOBFINISH",
        "TEMPLATESENDJOBFINISH",
        "PUBLISHJOBFINISH",
        "subscribe_msg_popup_event",
        "subscribe_msg_change_event",
        "subscribe_msg_sent_event",
    )
}
