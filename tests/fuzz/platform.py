"""What comes from the platform: callbacks, what is sealed inside of them, and answers of its API."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import cast

import requests
from hypothesis import strategies as st

from bot.adapters.wechat.callback import Refused
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.errors import PlatformError
from bot.adapters.wechat.token import TokenStore
from bot.dialogue.message import Message
from tests.fuzz.shapes import json_like, pieces
from tests.fuzz.target import Target
from tests.wechat.sender import NOW, callback, encrypt_raw, event_xml, safe, sealed, signed, text_xml

XML = (
    text_xml("想在昆山租3000平厂房，王总13800001234").encode(),
    event_xml("<Event>CLICK</Event><EventKey>TOPICS</EventKey>").encode(),
    event_xml("<Event>subscribe</Event><EventKey>qrscene_1</EventKey>").encode(),
    event_xml("<Event>MASSSENDJOBFINISH</Event><MsgID>1</MsgID><Status>sendsuccess</Status>").encode(),
    event_xml("<Event>TEMPLATESENDJOBFINISH</Event><MsgID>1</MsgID><Status>success</Status>").encode(),
    event_xml(
        "<Event>PUBLISHJOBFINISH</Event><PublishEventInfo><publish_id>1</publish_id></PublishEventInfo>"
    ).encode(),
    b"<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>location</MsgType>"
    b"<Location_X>31</Location_X><Location_Y>121</Location_Y><Label>x</Label><MsgId>1</MsgId></xml>",
)

NODES = (
    "<xml>", "</xml>", "<MsgType>text</MsgType>", "<MsgType>event</MsgType>", "<MsgType>location</MsgType>",
    "<MsgType>voice</MsgType>", "<MsgType>image</MsgType>", "<MsgType>link</MsgType>", "<Event>CLICK</Event>",
    "<Event>subscribe</Event>", "<Event>unsubscribe</Event>", "<Event>SCAN</Event>", "<Event>VIEW</Event>",
    "<Event>MASSSENDJOBFINISH</Event>", "<Event>TEMPLATESENDJOBFINISH</Event>", "<Event>PUBLISHJOBFINISH</Event>",
    "<Event>subscribe_msg_popup_event</Event>", "<Event>user_authorization_revoke</Event>", "<EventKey>qrscene_",
    "</EventKey>", "<EventKey/>", "<Ticket>t</Ticket>", "<Encrypt>", "</Encrypt>", "<![CDATA[", "]]>", "&#29;",
    "&#x1d;", "&#xd83d;", "&amp;", "&x;", "<a/>", "<CreateTime>1767225600</CreateTime>", "<CreateTime>-1</CreateTime>",
    "<CreateTime>99999999999999999999</CreateTime>", "<FromUserName>o</FromUserName>", "<ToUserName>g</ToUserName>",
    "<MsgId>1</MsgId>", "<MsgDataId>1</MsgDataId>", "<Idx>1</Idx>", "<Content>", "</Content>", "<Content><b/></Content>",
    "<!DOCTYPE x>", "<!--", "-->", "<?p ?>", "\x00", "\ud83d", "厂", "<Location_X>nan</Location_X>",
    "<Location_Y>1e999</Location_Y>", "<Recognition>买地</Recognition>", "<item>1</item>", "<Event><b/></Event>",
    "<bizmsgmenuid>x</bizmsgmenuid>", "<Status>", "</Status>", "<List><PopupScene>0</PopupScene></List>",
    "<PublishEventInfo><article_detail><item><idx>x</idx></item></article_detail></PublishEventInfo>",
)  # fmt: skip
MESSAGES = st.one_of(
    pieces(NODES), pieces(NODES).map(lambda inner: b"<xml>" + inner + b"</xml>"), st.binary(max_size=300)
)


def from_platform() -> list[Target]:
    return [*_callback(), _api()]


def _callback() -> list[Target]:
    doors = {mode: callback(mode) for mode in ("plain", "compatible", "safe")}
    names = tuple(signed())

    def raw(data: bytes) -> None:
        """The first bytes are the query, the rest is the body."""
        query = {name: data[at * 5 : at * 5 + 20].decode("latin-1") for at, name in enumerate(names)}
        for door in doors.values():
            for given in (query, signed(), {**signed(), "msg_signature": "0" * 40, "encrypt_type": "aes"}):
                with contextlib.suppress(Refused):
                    door.open(given, data, NOW)
            with contextlib.suppress(Refused):
                door.verify_url(query, NOW)

    def plain(data: bytes) -> None:
        with contextlib.suppress(Refused):
            opened = doors["plain"].open(signed(), data, NOW)
            assert isinstance(opened.message, Message)

    def deciphered(data: bytes) -> None:
        query, body = safe(data)
        with contextlib.suppress(Refused):
            doors["safe"].open(query, body, NOW)

    def blocks(data: bytes) -> None:
        framed = data[: len(data) // 16 * 16] or b"\x20" * 32
        query, body = sealed(encrypt_raw(framed))
        with contextlib.suppress(Refused):
            doors["safe"].open(query, body, NOW)

    _, good = safe(XML[0])
    frame = b"r" * 16 + b"\x00\x00\x00\x04<a/>wx1234567890abcdef" + b"\x08" * 8
    return [
        Target("callback: bytes and query", raw, (good, *XML), 100, MESSAGES, guided=True),
        Target("callback: signed XML", plain, XML, 160, MESSAGES, guided=True),
        Target("callback: decrypted payload", deciphered, XML, 150, MESSAGES, guided=True),
        Target("callback: decrypted blocks", blocks, (frame,), 120, st.binary(max_size=200), guided=True),
    ]


# Answers of the API

ANSWERS = json_like(
    "errcode", "errmsg", "access_token", "expires_in", "media_id", "msg_id", "msg_status", "publish_id", "publish_status",
    "article_detail", "item", "article_url", "tag", "tags", "id", "name", "count", "openid", "subscribe", "tagid_list",
    "data", "next_openid", "total", "quota", "daily_limit", "used", "remain", "ip_list", "menuid", "ticket", "url",
    "fail_openid_list", "subscribe_time", "article_id", "msgid",
)  # fmt: skip


class _Line:
    """Answers every request with the same bytes."""

    status, content = 200, b""

    def request(self, *_: object, **__: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer._content = self.status, self.content
        return answer


class _Tokens:
    def get(self, fetch: Callable[[bool], object]) -> str:
        return "token"

    def renew(self, token: str, fetch: Callable[[bool], object]) -> str:
        return "token"


def _api() -> Target:
    line = _Line()
    tokens, session = cast(TokenStore, _Tokens()), cast(requests.Session, line)
    platform = Platform("wx1", "secret", "http://platform.example", tokens, session, sleep=lambda _: None)
    calls: tuple[Callable[[], object], ...] = (
        lambda: platform.send_text("o", "好"),
        lambda: platform.add_draft(()),
        lambda: platform.published("1"),
        lambda: platform.mass_to_tag(1, "m", "c"),
        lambda: platform.mass_status("1"),
        lambda: platform.send_template("o", "t", {}),
        platform.tags,
        lambda: platform.create_tag("t"),
        lambda: platform.tag(["o", "p"], 1),
        lambda: platform.user("o"),
        platform.followers,
        platform.menu,
        lambda: platform.add_conditional_menu({}),
        lambda: platform.qr_code("s"),
        platform.callback_ips,
        lambda: platform.quota("/x"),
        lambda: platform._wire.fetch(False),
    )

    def answered(data: bytes) -> None:
        """The first byte says which call is answered."""
        line.status, line.content = (500 if len(data) % 7 == 0 else 200), data[1:]
        with contextlib.suppress(PlatformError):
            calls[data[0] % len(calls) if data else 0]()

    good = ({"errcode": 0, "errmsg": "ok", "msg_id": 1}, {"errcode": 40001, "errmsg": "rid: 1"},
            {"tags": [{"id": 1, "name": "n", "count": 0}]}, {"quota": {"daily_limit": 1, "used": 0, "remain": 1}},
            {"data": {"openid": ["o"]}, "next_openid": "o", "total": 1}, {"publish_status": 0, "article_detail": {"item": []}})  # fmt: skip
    seeds = tuple(bytes([at]) + json.dumps(one).encode() for one in good for at in range(len(calls)))
    shape = st.tuples(st.binary(min_size=1, max_size=1), ANSWERS).map(b"".join)
    return Target("platform: answers of its API", answered, seeds, 60, shape, guided=True)
