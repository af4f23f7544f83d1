"""Questions, begun inquiries and read articles on their way to the database: noted in Redis with the answer, made rows by a worker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeAlias

from bot.adapters.redis_scripts import Client
from bot.adapters.vault import Sealed, Vault
from bot.dialogue.effects import ArticleRead, Asked, InquiryBegun, Noted
from bot.dialogue.message import Content, Message, Other, Text

ASKED = "asked"
"""The list; its entries are sealed, for people write phone numbers into questions."""

_PURPOSE = "asked"

NotedWith: TypeAlias = tuple[Message, tuple[Noted, ...]]


def entry(vault: Vault, message: Message, noted: Sequence[Noted]) -> bytes:
    """What a worker needs to make rows of it, sealed."""
    facts = {
        "k": message.key,
        "o": message.openid,
        "t": message.at.timestamp(),
        "a": [[one.text, one.answered, one.shown] for one in noted if isinstance(one, Asked)],
        "b": [[one.scene, one.shown] for one in noted if isinstance(one, InquiryBegun)],
        "r": [one.article for one in noted if isinstance(one, ArticleRead)],
        "page": isinstance(message.content, Other),
    }
    return vault.seal(json.dumps(facts, ensure_ascii=False).encode(errors="surrogatepass"), _PURPOSE)


@contextmanager
def waiting(redis: Client, vault: Vault, most: int = 500) -> Iterator[list[NotedWith]]:
    """The oldest ones. They leave the list when the block ends without an error; one process may do this at a time."""
    raw = redis.lrange(ASKED, 0, most - 1)
    yield [noted for one in raw if (noted := _opened(vault, one))]
    if raw:
        redis.ltrim(ASKED, len(raw), -1)


def _opened(vault: Vault, sealed: bytes | str) -> NotedWith | None:
    """None for what was sealed with a key that is gone."""
    try:
        facts = json.loads(
            vault.open(sealed if isinstance(sealed, bytes) else sealed.encode(), _PURPOSE).decode(
                errors="surrogatepass"
            )
        )
    except (Sealed, ValueError):
        return None
    asked = tuple(Asked(text, answered, tuple(shown)) for text, answered, shown in facts["a"])
    begun = tuple(InquiryBegun(scene, tuple(shown)) for scene, shown in facts.get("b", ()))
    read = tuple(ArticleRead(article) for article in facts.get("r", ()))
    content: Content = Other("page") if facts.get("page") else Text(asked[0].text if asked else "")
    return Message(facts["o"], "", datetime.fromtimestamp(facts["t"], UTC), facts["k"], content), (
        *asked,
        *begun,
        *read,
    )
