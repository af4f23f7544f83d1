"""What staff are told of a call that the platform refused: a word for which config/desk.toml has the sentence."""

from __future__ import annotations

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
"""Keys of the tables talk.errors and pushes.previews; whatever is none of these passes by itself: busy."""


def word(error: PlatformError) -> str:
    return next((word for kind, word in WORDS if isinstance(error, kind)), "busy")
