"""Whatever bytes arrive, the door either lets a Message in or refuses by name."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.wechat.callback import Refused
from bot.dialogue.message import Message, Text
from bot.dialogue.reply import Words

from .sender import NOW, callback, encrypt_raw, event_xml, read_reply, safe, sealed, signed, text_xml

MODES = st.sampled_from(["plain", "compatible", "safe"])
PARTS = st.sampled_from(
    [
        "<xml>", "</xml>", "<MsgType>text</MsgType>", "<MsgType>event</MsgType>", "<Event>CLICK</Event>",
        "<Encrypt>", "</Encrypt>", "<![CDATA[", "]]>", "&#29;", "&#x1d;", "&#xd83d;", "&amp;", "&x;", "<a/>",
        "<CreateTime>1767225600</CreateTime>", "<FromUserName>o</FromUserName>", "<ToUserName>g</ToUserName>",
        "<MsgId>1</MsgId>", "<Content>", "</Content>", "<!DOCTYPE x>", "<!--", "-->", "<?p ?>", "\x00", "\ud83d", "厂",
        "<Location_X>nan</Location_X>", "<MsgType>location</MsgType>", "<item>1</item>", "<Event><b/></Event>",
    ]
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=400),
    st.lists(PARTS, max_size=25).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass")),
    st.lists(PARTS, max_size=25).map(
        lambda parts: ("<xml>" + "".join(parts) + "</xml>").encode("utf-8", "surrogatepass")
    ),
)
QUERY = st.dictionaries(
    st.sampled_from(["signature", "msg_signature", "timestamp", "nonce", "encrypt_type", "echostr"]),
    st.one_of(st.text(max_size=60), st.sampled_from(list(signed().values()))),
)


@settings(max_examples=400, deadline=None)
@given(MODES, QUERY, BODIES)
def test_any_request_is_refused_by_name(mode: str, query: dict[str, str], body: bytes) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(callback(mode).open(query, body, NOW).message, Message)
    with contextlib.suppress(Refused):
        callback(mode).verify_url(query, NOW)


@settings(max_examples=400, deadline=None)
@given(BODIES)
def test_any_signed_content_is_read_or_refused_by_name(inner: bytes) -> None:
    for mode, query, body in (("safe", *safe(inner)), ("plain", signed(), inner), ("compatible", signed(), inner)):
        with contextlib.suppress(Refused):
            assert isinstance(callback(mode).open(query, body, NOW).message, Message)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 8), st.data())
def test_any_signed_blocks_are_read_or_refused_by_name(blocks: int, data: st.DataObject) -> None:
    framed = data.draw(st.binary(min_size=blocks * 16, max_size=blocks * 16))
    with contextlib.suppress(Refused):
        callback().open(*sealed(encrypt_raw(framed)), NOW)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_signed_ciphertext_is_read_or_refused_by_name(text: str) -> None:
    with contextlib.suppress(Refused, UnicodeEncodeError):
        callback().open(*sealed(text), NOW)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(), max_size=60).filter(lambda text: "]]>" not in text))
def test_whatever_a_follower_types_gets_an_answer(typed: str) -> None:
    opened = callback().open(*safe(text_xml(typed)), NOW)
    assert isinstance(opened.message.content, Text)
    assert read_reply(opened.seal(Words("echo " + typed))).findtext("Content", "").startswith("echo")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.from_regex(r"[A-Za-z_]{1,12}", fullmatch=True), st.text(max_size=20), max_size=8))
def test_any_event_is_read(nodes: dict[str, str]) -> None:
    from xml.sax.saxutils import escape

    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in nodes.items())
    with contextlib.suppress(Refused):
        callback().open(*safe(event_xml("<Event>e</Event>" + inner)), NOW)
