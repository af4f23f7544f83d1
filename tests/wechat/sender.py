"""The platform's side of the callback, written from the reference and not from our code: signs and encrypts."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.adapters.wechat.callback import Callback

TOKEN = "simtoken2026"
APP_ID = "wx1234567890abcdef"
AES_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
NOW = datetime.fromtimestamp(1767225600, UTC)
NONCE = "918273645"
STAMP = "1767225600"


def callback(mode: str = "safe") -> Callback:
    return Callback(TOKEN, APP_ID, AES_KEY, mode, timedelta(minutes=5))


def sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def _cipher(key: str) -> Cipher[modes.CBC]:
    raw = base64.b64decode(key + "=")
    return Cipher(algorithms.AES(raw), modes.CBC(raw[:16]))


def encrypt(plain: bytes, app_id: str = APP_ID, key: str = AES_KEY, random: bytes | None = None) -> str:
    framed = (random or os.urandom(16)) + struct.pack(">I", len(plain)) + plain + app_id.encode()
    pad = 32 - len(framed) % 32
    return encrypt_raw(framed + bytes([pad]) * pad, key)


def encrypt_raw(framed: bytes, key: str = AES_KEY) -> str:
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(framed) + encryptor.finalize()).decode()


def decrypt(text: str, key: str = AES_KEY) -> tuple[bytes, str]:
    decryptor = _cipher(key).decryptor()
    plain = decryptor.update(base64.b64decode(text)) + decryptor.finalize()
    content = plain[16 : -plain[-1]]
    (length,) = struct.unpack(">I", content[:4])
    return content[4 : 4 + length], content[4 + length :].decode()


def signed(timestamp: str = STAMP, nonce: str = NONCE) -> dict[str, str]:
    return {"timestamp": timestamp, "nonce": nonce, "signature": sha1(TOKEN, timestamp, nonce), "openid": "oSim"}


def sealed(encrypted: str, timestamp: str = STAMP, nonce: str = NONCE) -> tuple[dict[str, str], bytes]:
    """Query and body as the platform posts them in safe mode."""
    query = {
        **signed(timestamp, nonce),
        "encrypt_type": "aes",
        "msg_signature": sha1(TOKEN, timestamp, nonce, encrypted),
    }
    body = f"<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return query, body.encode()


def safe(xml: str | bytes) -> tuple[dict[str, str], bytes]:
    return sealed(encrypt(xml if isinstance(xml, bytes) else xml.encode("utf-8", "surrogatepass")))


def xml(inner: str, created: str = STAMP) -> str:
    return (
        "<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>"
        f"<FromUserName><![CDATA[oSim_user_0001]]></FromUserName><CreateTime>{created}</CreateTime>{inner}</xml>"
    )


def text_xml(content: str, msg_id: str = "24000000000000001") -> str:
    return xml(f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content><MsgId>{msg_id}</MsgId>")


def event_xml(inner: str) -> str:
    return xml(f"<MsgType><![CDATA[event]]></MsgType>{inner}")


def read_reply(answer: bytes) -> ElementTree.Element:
    """What the platform makes of our encrypted answer; checks signature and app id like the platform."""
    envelope = ElementTree.fromstring(answer)
    encrypted = envelope.findtext("Encrypt", "")
    stamp, nonce = envelope.findtext("TimeStamp", ""), envelope.findtext("Nonce", "")
    assert envelope.findtext("MsgSignature") == sha1(TOKEN, stamp, nonce, encrypted)
    plain, app_id = decrypt(encrypted)
    assert app_id == APP_ID
    return ElementTree.fromstring(plain)
