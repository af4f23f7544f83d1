"""What the tables need of a vault to keep personal data sealed."""

from __future__ import annotations

from typing import Protocol


class Secrets(Protocol):
    """Authenticated encryption with a purpose for each kind of content, and keyed hashes to look things up by."""

    def seal(self, plain: bytes, purpose: str) -> bytes: ...
    def open(self, sealed: bytes, purpose: str) -> bytes: ...
    def is_current(self, sealed: bytes) -> bool:
        """Whether it was sealed with the key that seals now, and not with an older one."""

    def keyed_hash(self, value: str, purpose: str) -> str:
        """Hex of 64 digits; the same for the same value also after the keys were rotated."""
