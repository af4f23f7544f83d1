"""The door to the platform: genuine callbacks in three modes come in, everything else is refused by name."""

from __future__ import annotations

import struct
from datetime import timedelta

import pytest

from bot.adapters.wechat.callback import LARGEST_BODY, Callback, Refused
from bot.adapters.wechat.crypto import Cipher, signature
from bot.dialogue.message import Text
from bot.dialogue.reply import SILENCE, Card, HandOver, Picture, Words

from .sender import (
    AES_KEY,
    APP_ID,
    NONCE,
    NOW,
    STAMP,
    TOKEN,
    callback,
    encrypt,
    encrypt_raw,
    event_xml,
    read_reply,
    safe,
    sealed,
    sha1,
    signed,
    text_xml,
    xml,
)

# --- Appendix A of the reference -------------------------------------------------------------------------------------

SUCCESS_VECTOR = "vyx3HuuV3UaeH6CffeASr9jbdMrs53YXHn8LnGUWdvZtorJEW9ieD5wDvxYjfzHopFkV06/ZUjFDq1oAo6vBBA=="
HI_VECTOR = (
    "4j/AuRx71kQlxVlzbpsMWAWxirRA/k3RIufb1pCFAnAVAbzJoDVZ2VCWAo6xgw8vYHo4DXkUTaXF6Ss2xitojwmB1U3MkE1YDWE9B9j/C3775WgU"
    "GO+L2ajMXK0k1t6Qw8ntHKqqArMphnlASK33MKmQNHEHkiXcXwO/8i2vgZoBNDhSS6+0+PILVm5zO5olDDIE5bAhtTCIk6JwuZ7eb+nyfOhBiuUE"
    "dK92rCoARKlOAiTqVMkECwqzMNVuxPlv7usCcLSC6lWksPPYKCkjkGtFP6YpP1RhT9hRNtgNEch8mIEk5/vxpmXwKP1vG9WIoqODGU1UK/fUzOPr"
    "MxeMJIR9LyY2XMwtqBMSd2XJeA+uG+9ENT+wc7ME6vE6P+3rkgprfwHDcQSr60uretMg9BwF8+EMSJF9TKdoHm78V8s="
)


def test_the_signatures_of_the_reference() -> None:
    assert signature(TOKEN, STAMP, NONCE) == "b03cd59a3d32f65d89cb5837ba04bd1589a51038"
    assert signature(TOKEN, STAMP, NONCE, SUCCESS_VECTOR) == "b40ab9bbd9292d3840e69997c5fafcfdd945b4ee"
    assert signature(TOKEN, STAMP, NONCE, HI_VECTOR) == "a77e0c2e4c10b88356f3d7ac8d132969cf9d4629"


def test_the_ciphertexts_of_the_reference() -> None:
    cipher = Cipher(AES_KEY, APP_ID)
    assert cipher.encrypted(b"success", b"ABCDEFGHIJKLMNOP") == SUCCESS_VECTOR
    assert cipher.encrypted(text_xml("hi").encode(), b"0123456789abcdef") == HI_VECTOR
    assert cipher.decrypted(SUCCESS_VECTOR) == b"success"


def test_the_message_of_the_reference_opens() -> None:
    query = {"timestamp": STAMP, "nonce": NONCE, "msg_signature": "a77e0c2e4c10b88356f3d7ac8d132969cf9d4629"}
    body = f"<xml><ToUserName/><Encrypt><![CDATA[{HI_VECTOR}]]></Encrypt></xml>".encode()
    opened = callback().open(query, body, NOW)
    assert opened.message.content == Text("hi")
    assert opened.message.openid == "oSim_user_0001"
    assert opened.message.account == "gh_0123456789ab"
    assert opened.message.at == NOW
    assert opened.message.key == "24000000000000001:1767225600:oSim_user_0001"
    assert opened.nonce == NONCE


# --- the check of the address ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_the_address_is_confirmed_in_every_mode(mode: str) -> None:
    assert callback(mode).verify_url({**signed(), "echostr": "8236482<>"}, NOW) == "8236482<>"
    assert callback(mode).verify_url({**signed(), "echostr": "8236482<>"}, NOW) == "8236482<>"


@pytest.mark.parametrize("missing", ["signature", "timestamp", "nonce", "echostr"])
def test_an_incomplete_check_of_the_address_is_refused(missing: str) -> None:
    query = {**signed(), "echostr": "1"}
    del query[missing]
    with pytest.raises(Refused):
        callback().verify_url(query, NOW)


# --- modes -----------------------------------------------------------------------------------------------------------


def test_plain_mode_reads_and_answers_in_the_clear() -> None:
    opened = callback("plain").open(signed(), text_xml("hi").encode(), NOW)
    assert opened.message.content == Text("hi")
    assert b"<Content><![CDATA[ok]]></Content>" in opened.seal(Words("ok"))


def test_plain_mode_needs_no_aes_key() -> None:
    bare = Callback(TOKEN, APP_ID, "", "plain", timedelta(minutes=5))
    assert bare.open(signed(), text_xml("hi").encode(), NOW).message.content == Text("hi")


def test_compatible_mode_believes_the_encrypted_part_only() -> None:
    query, _ = sealed(encrypted := encrypt(text_xml("true").encode()))
    body = text_xml("forged").replace("</xml>", f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>")
    opened = callback("compatible").open(query, body.encode(), NOW)
    assert opened.message.content == Text("true")
    assert read_reply(opened.seal(Words("ok"))).findtext("Content") == "ok"


@pytest.mark.parametrize("left_out", [["msg_signature"], ["encrypt_type"], ["msg_signature", "encrypt_type"]])
def test_compatible_mode_wants_an_encrypted_part_signed(left_out: list[str]) -> None:
    query, _ = sealed(encrypted := encrypt(text_xml("true").encode()))
    query["msg_signature"] = sha1(TOKEN, "something", "else")
    for name in left_out:
        del query[name]
    body = text_xml("forged").replace("</xml>", f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>")
    with pytest.raises(Refused):
        callback("compatible").open(query, body.encode(), NOW)


def test_compatible_mode_still_reads_a_signed_message_in_the_clear() -> None:
    opened = callback("compatible").open(signed(), text_xml("what is <Encrypt>?").encode(), NOW)
    assert opened.message.content == Text("what is <Encrypt>?")
    assert b"<Content>" in opened.seal(Words("ok"))


SAFE_QUERY, SAFE_BODY = safe(text_xml("hi"))


@pytest.mark.parametrize(
    ("query", "body"),
    [
        pytest.param(signed(), text_xml("hi").encode(), id="in the clear with the short signature"),
        pytest.param({}, text_xml("hi").encode(), id="in the clear without anything"),
        pytest.param({**signed(), "encrypt_type": "raw"}, text_xml("hi").encode(), id="says it is raw"),
        pytest.param({**SAFE_QUERY, "encrypt_type": "raw"}, text_xml("hi").encode(), id="a stolen query"),
        pytest.param(signed(), SAFE_BODY, id="encrypted with the short signature only"),
        pytest.param({k: v for k, v in SAFE_QUERY.items() if k != "timestamp"}, SAFE_BODY, id="no timestamp"),
        pytest.param({k: v for k, v in SAFE_QUERY.items() if k != "nonce"}, SAFE_BODY, id="no nonce"),
        pytest.param({k: v for k, v in SAFE_QUERY.items() if k != "msg_signature"}, SAFE_BODY, id="no signature"),
        pytest.param({**SAFE_QUERY, "msg_signature": ""}, SAFE_BODY, id="an empty signature"),
        pytest.param({**SAFE_QUERY, "msg_signature": "é" * 40}, SAFE_BODY, id="a foreign signature"),
        pytest.param({**SAFE_QUERY, "msg_signature": "0" * 40}, SAFE_BODY, id="a wrong signature"),
        pytest.param({**SAFE_QUERY, "msg_signature": SAFE_QUERY["msg_signature"].upper()}, SAFE_BODY, id="capitals"),
        pytest.param({**SAFE_QUERY, "nonce": "1"}, SAFE_BODY, id="another nonce"),
        pytest.param({**SAFE_QUERY, "timestamp": "1767225601"}, SAFE_BODY, id="another timestamp"),
        pytest.param({**SAFE_QUERY, "timestamp": "١٧٦٧٢٢٥٦٠٠"}, SAFE_BODY, id="other digits"),
        pytest.param({**SAFE_QUERY, "timestamp": "9" * 5000}, SAFE_BODY, id="a time without end"),
        pytest.param(SAFE_QUERY, b"<xml><Encrypt></Encrypt></xml>", id="nothing encrypted"),
        pytest.param(SAFE_QUERY, b"<xml><Encrypt><a/></Encrypt></xml>", id="a node for a text"),
        pytest.param(SAFE_QUERY, b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>", id="two of them"),
    ],
)
def test_safe_mode_refuses_what_is_unencrypted_or_unsigned(query: dict[str, str], body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        callback("safe").open(query, body, NOW)
    assert refused.value.status == 403


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_callback_outside_the_window_is_refused(seconds: int) -> None:
    with pytest.raises(Refused, match="window"):
        callback().open(*safe(text_xml("hi")), NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-299, 299])
def test_a_callback_inside_the_window_comes_in(seconds: int) -> None:
    assert callback().open(*safe(text_xml("hi")), NOW + timedelta(seconds=seconds))


# --- malformed bodies ------------------------------------------------------------------------------------------------

BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>' + text_xml(
    "x"
).replace("<![CDATA[x]]>", "&b;")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(safe("")[1], 400, id="nothing inside"),
        pytest.param(safe("<xml>")[1], 400, id="cut XML inside"),
        pytest.param(safe("not xml at all")[1], 400, id="no XML inside"),
        pytest.param(safe(b"\xff\xfe\x00\x01")[1], 400, id="no text inside"),
        pytest.param(safe("<html/>")[1], 400, id="another root"),
        pytest.param(safe(BOMB)[1], 400, id="entities inside"),
        pytest.param(
            safe('<!DOCTYPE xml SYSTEM "file:///etc/passwd">' + text_xml("x"))[1], 400, id="outer document type"
        ),
        pytest.param(safe(text_xml("x").replace("<![CDATA[x]]>", "&nbsp;"))[1], 400, id="an unknown entity"),
        pytest.param(
            safe(text_xml("x").replace("<Msg", "<a>" * 200 + "</a>" * 200 + "<Msg", 1))[1], 400, id="too deep"
        ),
        pytest.param(safe(text_xml("x").replace("<Msg", "<a/>" * 30_000 + "<Msg", 1))[1], 400, id="too many nodes"),
        pytest.param(safe(text_xml("x", msg_id=""))[1], 400, id="no MsgId"),
        pytest.param(safe(event_xml(""))[1], 400, id="no Event"),
        pytest.param(safe(xml("<MsgType>text</MsgType><MsgId>1</MsgId>"))[1], 400, id="no Content"),
        pytest.param(safe(xml("<Content>x</Content><MsgId>1</MsgId>"))[1], 400, id="no MsgType"),
        pytest.param(safe(text_xml("x").replace(STAMP, "yesterday"))[1], 400, id="no time"),
        pytest.param(safe(text_xml("x").replace(STAMP, "9" * 400))[1], 400, id="a time without end"),
        pytest.param(safe(text_xml("x").replace("FromUserName", "From"))[1], 400, id="nobody"),
        pytest.param(safe(text_xml("x").replace("ToUserName", "To"))[1], 400, id="to nobody"),
        pytest.param(sealed("!!!not base64!!!")[1], 400, id="no base64"),
        pytest.param(sealed("é" * 64)[1], 400, id="other letters"),
        pytest.param(sealed("AAAA")[1], 400, id="half a block"),
        pytest.param(sealed("A" * 43)[1], 400, id="base64 cut"),
        pytest.param(sealed(encrypt_raw(b"\x00" * 32))[1], 400, id="no padding"),
        pytest.param(sealed(encrypt_raw(b"\x20" * 32))[1], 400, id="only padding"),
        pytest.param(sealed(encrypt_raw(b"\x00" * 31 + b"\x21"))[1], 400, id="too much padding"),
        pytest.param(
            sealed(encrypt_raw(b"\x00" * 16 + struct.pack(">I", 2**31) + b"\x0c" * 12))[1], 400, id="length lies"
        ),
        pytest.param(sealed(encrypt(b"<xml/>", key="B" * 43))[1], 400, id="another key"),
        pytest.param(
            sealed(encrypt(text_xml("x").encode(), app_id="wxffffffffffffffff"))[1], 403, id="another account"
        ),
        pytest.param(sealed(encrypt(text_xml("x").encode(), app_id=APP_ID + "0"))[1], 403, id="almost our account"),
        pytest.param(b"", 400, id="no body"),
        pytest.param(b"{}", 400, id="JSON"),
        pytest.param(BOMB.encode(), 400, id="entities"),
        pytest.param(b"x" * (LARGEST_BODY + 1), 400, id="too large"),
    ],
)
def test_a_malformed_body_is_refused_and_nothing_worse(body: bytes, status: int) -> None:
    from xml.etree import ElementTree

    try:
        encrypted = ElementTree.fromstring(body).findtext("Encrypt", "") if len(body) < LARGEST_BODY else ""
    except ElementTree.ParseError:
        encrypted = ""
    query = {**signed(), "msg_signature": sha1(TOKEN, STAMP, NONCE, encrypted)}
    with pytest.raises(Refused) as refused:
        callback().open(query, body, NOW)
    assert refused.value.status == status


def test_the_reason_of_a_refusal_holds_nothing_the_follower_wrote() -> None:
    with pytest.raises(Refused) as refused:
        callback().open(*safe(xml("<Content>138 0000 1234</13800001234>")), NOW)
    assert "0000" not in str(refused.value)


# --- what followers type ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a\x1db\x00c\x0bd", "abcd"),
        ("a\ufffeb\uffff", "ab"),
        ("厂房🏭👨‍👩‍👧", "厂房🏭👨‍👩‍👧"),
        ("\ud83c\udfed", "🏭"),
        ("a\ud83cb", "ab"),
        ("a\udfed", "a"),
        ("&#x1d; & <b>", "&#x1d; & <b>"),
        ("  leads\r\nand trails  ", "  leads\nand trails  "),
        ("", ""),
    ],
)
def test_strange_characters_are_read_and_not_refused(typed: str, read: str) -> None:
    assert callback().open(*safe(text_xml(typed)), NOW).message.content == Text(read)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a&#x1d;b", "ab"),
        ("a&#29;b", "ab"),
        ("a&#0;b", "ab"),
        ("&#xD83C;&#xDFED;", "🏭"),
        ("&#55356;&#57325;", "🏭"),
        ("&#x1F3ED;", "🏭"),
        ("&#99999999;", ""),
        ("&#60;b&#x3e; &amp; &#38;#29;", "<b> & &#29;"),
    ],
)
def test_character_references_to_nothing_legal_are_dropped(written: str, read: str) -> None:
    body = text_xml("@").replace("<![CDATA[@]]>", written)
    assert callback().open(*safe(body), NOW).message.content == Text(read)


def test_broken_utf8_is_read_as_far_as_it_goes() -> None:
    body = text_xml("@@").encode().replace(b"@@", b"a\xc3(b")
    assert callback().open(*safe(body), NOW).message.content == Text("a�(b")


def test_a_byte_order_mark_changes_nothing() -> None:
    assert callback().open(*safe("\ufeff" + text_xml("厂房")), NOW).message.content == Text("厂房")


def test_a_declared_encoding_changes_nothing() -> None:
    body = '<?xml version="1.0" encoding="GBK"?>' + text_xml("厂房")
    assert callback().open(*safe(body), NOW).message.content == Text("厂房")


def test_a_msg_id_of_64_bits_keeps_every_digit() -> None:
    opened = callback().open(*safe(text_xml("hi", msg_id="9223372036854775807")), NOW)
    assert opened.message.key.startswith("9223372036854775807:")


def test_a_million_open_brackets_do_not_slow_the_door() -> None:
    import time

    body = (b"<xml><Encrypt>&#29;" + b"<![CDATA[" * 110_000)[: LARGEST_BODY - 10]
    started = time.perf_counter()
    with pytest.raises(Refused):
        callback().open({**signed(), "msg_signature": "0" * 40}, body, NOW)
    assert time.perf_counter() - started < 2


# --- replies ---------------------------------------------------------------------------------------------------------


def _answer(reply: object, mode: str = "safe") -> object:
    opened = callback(mode).open(*safe(text_xml("hi")), NOW + timedelta(seconds=7))
    return read_reply(opened.seal(reply))  # type: ignore[arg-type]


def test_a_reply_goes_back_to_the_follower_with_the_time_of_now() -> None:
    reply = _answer(Words("好的 🏭"))
    assert reply.findtext("ToUserName") == "oSim_user_0001"
    assert reply.findtext("FromUserName") == "gh_0123456789ab"
    assert reply.findtext("CreateTime") == str(int(NOW.timestamp()) + 7)
    assert reply.findtext("MsgType") == "text"
    assert reply.findtext("Content") == "好的 🏭"


def test_nothing_to_say_is_success_in_the_clear() -> None:
    opened = callback().open(*safe(text_xml("hi")), NOW)
    assert opened.seal(SILENCE) == b"success"
    assert opened.seal(Words("")) == b"success"


@pytest.mark.parametrize(
    "words", ["]]>", "a]]>b]]>", "]]]]>>", "]]><Injected>1</Injected><![CDATA[", "<a href='x'>&amp;</a>"]
)
def test_nothing_in_a_reply_breaks_out_of_its_node(words: str) -> None:
    reply = _answer(Words(words))
    assert reply.findtext("Content") == words
    assert reply.find("Injected") is None


def test_characters_xml_forbids_do_not_reach_the_reply() -> None:
    assert _answer(Words("a\x00b\x1d\ud83cc")).findtext("Content") == "abc"


@pytest.mark.parametrize("words", ["厂" * 5000, "a" * 5000, "🏭" * 2000, '<a href="' + "x" * 5000 + '">y</a>'])
def test_no_text_is_longer_than_the_platform_takes(words: str) -> None:
    content = _answer(Words(words)).findtext("Content")
    assert 1000 < len(content.encode()) <= 2047


def test_a_card_is_one_article() -> None:
    reply = _answer(Card("光模块]]>", "摘要", "https://e.com/p.jpg?a=1&b=2", "https://e.com/?a=1&b=2"))
    assert reply.findtext("MsgType") == "news"
    assert reply.findtext("ArticleCount") == "1"
    assert len(reply.findall("Articles/item")) == 1
    assert reply.findtext("Articles/item/Title") == "光模块]]>"
    assert reply.findtext("Articles/item/Description") == "摘要"
    assert reply.findtext("Articles/item/PicUrl") == "https://e.com/p.jpg?a=1&b=2"
    assert reply.findtext("Articles/item/Url") == "https://e.com/?a=1&b=2"


def test_a_picture_and_a_hand_over() -> None:
    assert _answer(Picture("MID")).findtext("Image/MediaId") == "MID"
    assert _answer(HandOver()).findtext("MsgType") == "transfer_customer_service"


def test_two_replies_are_never_encrypted_alike() -> None:
    opened = callback().open(*safe(text_xml("hi")), NOW)
    assert opened.seal(Words("x")) != opened.seal(Words("x"))


def test_a_wrong_key_or_mode_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        Callback(TOKEN, APP_ID, "short", "safe", timedelta(minutes=5))
    with pytest.raises(ValueError, match="mode"):
        Callback(TOKEN, APP_ID, AES_KEY, "unsafe", timedelta(minutes=5))


def test_a_key_with_bits_at_its_end_is_accepted() -> None:
    odd = AES_KEY[:-1] + "9"
    query, body = sealed(encrypt(text_xml("hi").encode(), key=odd))
    assert Callback(TOKEN, APP_ID, odd, "safe", timedelta(minutes=5)).open(query, body, NOW)
