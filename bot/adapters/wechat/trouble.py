"""What staff are told of a call that the platform refused: a word for which config/desk.toml has the sentence."""

from __future__ import annotations

from collections.abc import Mapping

from bot.adapters.wechat.errors import (
    BadRequest,
    NeedsOperator,
    PlatformError,
    QuotaUsed,
    RecipientLost,
    TokenRefused,
    Unsure,
)

WORDS: tuple[tuple[type[PlatformError], str], ...] = (
    (Unsure, "unsure"),
    (RecipientLost, "lost"),
    (QuotaUsed, "quota"),
    (BadRequest, "refused"),
    (TokenRefused, "operator"),
    (NeedsOperator, "operator"),
)
"""Keys of the tables talk.errors, pushes.previews and platform; whatever is none of these passes by itself: busy."""


def word(error: PlatformError) -> str:
    return next((word for kind, word in WORDS if isinstance(error, kind)), "busy")


def told(error: PlatformError, sentences: Mapping[str, str]) -> str:
    """In the language of staff, with the call and the code for whoever looks them up. sentences: the table platform."""
    facts = " ".join(part for part in (error.call, "" if error.code is None else str(error.code)) if part)
    return f"{sentences[word(error)]}（{facts}）" if facts else sentences[word(error)]
