"""Signatures and AES of the callback (reference §1.2-1.4), on wechatpy's cipher but with every failure named."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from wechatpy.crypto.cryptography import WeChatCipher
from wechatpy.crypto.pkcs7 import PKCS7Encoder

_AES_BLOCK = 16
_PAD_BLOCK = 32
_RANDOM = 16


class Undecipherable(Exception):
    """Not encrypted with our key, or cut."""


class Foreign(Exception):
    """Encrypted with our key, but for another app id."""


def signature(*parts: str) -> str:
    joined = b"".join(sorted(part.encode(errors="replace") for part in parts))
    return hashlib.sha1(joined).hexdigest()  # noqa: S324 # nosec B324 - the platform's choice, not ours


def is_signed(given: str, *parts: str) -> bool:
    """In constant time, so that a signature cannot be guessed digit by digit."""
    return hmac.compare_digest(given.encode(errors="replace"), signature(*parts).encode())


class Cipher:
    """One account's key; used by many threads at once."""

    def __init__(self, aes_key: str, app_id: str) -> None:
        # Not strict: keys with non-zero bits at the end are in use (reference §1.4).
        key = base64.b64decode(aes_key + "=") if len(aes_key) == 43 else b""
        if len(key) != 32:
            raise ValueError("EncodingAESKey has 43 letters and digits")
        self._cipher = WeChatCipher(key)
        self._app_id = app_id.encode()

    def encrypted(self, plain: bytes, random: bytes | None = None) -> str:
        framed = (random or secrets.token_bytes(_RANDOM)) + struct.pack(">I", len(plain)) + plain + self._app_id
        return base64.b64encode(self._cipher.encrypt(PKCS7Encoder.encode(framed))).decode()

    def decrypted(self, text: str) -> bytes:
        """Raises Undecipherable or Foreign."""
        content = _unpadded(self._cipher.decrypt(_blocks(text)))[_RANDOM:]
        if len(content) < 4:
            raise Undecipherable("too short")
        (length,) = struct.unpack(">I", content[:4])
        if length > len(content) - 4:
            raise Undecipherable("the length does not fit")
        if not hmac.compare_digest(content[4 + length :], self._app_id):
            raise Foreign("for another app id")
        return bytes(content[4 : 4 + length])


def _blocks(text: str) -> bytes:
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Undecipherable("no base64") from None
    if not raw or len(raw) % _AES_BLOCK:
        raise Undecipherable("no whole blocks")
    return raw


def _unpadded(plain: bytes) -> bytes:
    pad = plain[-1]
    if not 1 <= pad <= _PAD_BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise Undecipherable("the padding does not fit")
    return plain[:-pad]
