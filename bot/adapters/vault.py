"""Authenticated encryption of personal data at rest: sealed under one of the firm's keys, for one purpose only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_VERSION = b"\x01"
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = len(_VERSION) + _ID_BYTES + _NONCE_BYTES
_TAG_BYTES = 16


class Sealed(Exception):
    """It stays sealed: another key or purpose, cut off, or tampered with."""


class Vault:
    """Seals with `key`; opens what `key` or one of `old` (newest first) has sealed.

    The envelope is version, key id, nonce, ciphertext and tag. Each purpose has a key of its own (HKDF), so what was
    sealed as a phone number cannot be passed off as a conversation. A 96-bit random nonce is safe for 2**32 seals
    under one key and purpose, which is a million messages a day for eleven years.
    """

    def __init__(self, key: bytes, old: tuple[bytes, ...] = ()) -> None:
        if any(len(each) != KEY_BYTES for each in (key, *old)):
            raise ValueError(f"a vault key has {KEY_BYTES} bytes")
        self._keys = {_key_id(each): each for each in (*old, key)}
        self._writes_with = _key_id(key)
        # Look-ups must survive a change of keys, so the key that was there first stays the one that hashes.
        self._hashes_with = old[-1] if old else key
        self._boxes: dict[tuple[bytes, str], AESGCM] = {}
        self._hash_keys: dict[str, bytes] = {}
        self._guard = Lock()

    def seal(self, plain: bytes, purpose: str) -> bytes:
        head = _VERSION + self._writes_with
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + self._box(self._writes_with, purpose).encrypt(nonce, plain, head)

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raises Sealed."""
        key_id = sealed[1 : 1 + _ID_BYTES]
        if len(sealed) < _HEAD_BYTES + _TAG_BYTES or sealed[:1] != _VERSION or key_id not in self._keys:
            raise Sealed(f"no key opens this {purpose}")
        head, nonce = sealed[: 1 + _ID_BYTES], sealed[1 + _ID_BYTES : _HEAD_BYTES]
        try:
            return self._box(key_id, purpose).decrypt(nonce, sealed[_HEAD_BYTES:], head)
        except InvalidTag:
            raise Sealed(f"this {purpose} was sealed for something else, or changed") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether it was sealed with the key in use; what was not is to be sealed anew when keys rotate."""
        return sealed[: 1 + _ID_BYTES] == _VERSION + self._writes_with

    def seal_text(self, plain: str, purpose: str) -> str:
        return base64.b64encode(self.seal(plain.encode(errors="surrogatepass"), purpose)).decode()

    def open_text(self, sealed: str, purpose: str) -> str:
        """Raises Sealed."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            raise Sealed(f"this {purpose} is no base64") from None
        return self.open(raw, purpose).decode(errors="surrogatepass")

    def keyed_hash(self, value: str, purpose: str) -> str:
        """A name for `value` that only we can make: for look-ups without storing the value itself."""
        if purpose not in self._hash_keys:
            self._hash_keys[purpose] = _derived(self._hashes_with, f"hash:{purpose}")
        return hmac.new(self._hash_keys[purpose], value.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()

    def _box(self, key_id: bytes, purpose: str) -> AESGCM:
        if box := self._boxes.get((key_id, purpose)):
            return box
        with self._guard:
            return self._boxes.setdefault((key_id, purpose), AESGCM(_derived(self._keys[key_id], f"seal:{purpose}")))


def _key_id(key: bytes) -> bytes:
    return _derived(key, "key id")[:_ID_BYTES]


def _derived(key: bytes, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info.encode()).derive(key)
