"""Covers personal data wherever people may read along: 138****5678, 王**."""

from __future__ import annotations

import re

_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)")
_LONG_NUMBER = re.compile(r"\d(?=\d{4})(?<=\d{3})")


def masked_phone(phone: str) -> str:
    """138****5678; of other numbers the last four digits stay."""
    if found := _MOBILE.fullmatch(phone):
        return f"{found[1]}****{found[3]}"
    return f"****{phone[-4:]}" if len(phone) > 4 else "****"


def masked_name(name: str, shown: int = 1) -> str:
    """A family name with a title (two characters) stays; of longer names only the beginning does."""
    return name if len(name) <= 2 else f"{name[:shown]}**"


def masked_text(text: str) -> str:
    """Free words with every phone and other long number covered."""
    return _LONG_NUMBER.sub("*", _MOBILE.sub(r"\1****\3", text))
