"""Links that know who they were given to: to a follower's own page, and to articles by way of /r/….

Whose they are lies sealed inside, so that nobody can make one.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.adapters.vault import Sealed, Vault
from bot.dialogue.lookups import Article

_FORM, _READING = "form link", "reading link"
LONGEST = 400
"""Characters of a token that are looked at."""


@dataclass(frozen=True, slots=True)
class FormLinks:
    """site: the public address of this bot; without one there are no links. lasts: how long a link opens."""

    vault: Vault
    site: str
    lasts: timedelta

    def to(self, openid: str, now: datetime) -> str:
        """The address of this follower's page, or "" without a public address."""
        return f"{self.site}/form/{self.token(openid, now)}" if self.site else ""

    def token(self, openid: str, now: datetime) -> str:
        until = int((now + self.lasts).timestamp())
        return _sealed(self.vault, f"{until} {openid}", _FORM)

    def whose(self, token: str, now: datetime) -> str | None:
        """The follower of a token; None where it was not made by us, was changed, or is too old."""
        try:
            until, openid = _opened(self.vault, token, _FORM).split(" ", 1)
        except ValueError:
            return None
        return openid if int(until) > now.timestamp() else None


@dataclass(frozen=True, slots=True)
class ReadingLinks:
    """site: the public address of this bot; without one articles are linked to as they are. They open for ever, for
    they lead to nothing but an article."""

    vault: Vault
    site: str

    def to(self, openid: str, article: Article) -> str:
        """The address of the article for this follower."""
        if not self.site or not openid:
            return article.url
        return f"{self.site}/r/{_sealed(self.vault, f'{article.id} {openid}', _READING)}"

    def opened(self, token: str) -> tuple[str, int] | None:
        """Who was given the link and to which article; None where it was not made by us."""
        try:
            article, openid = _opened(self.vault, token, _READING).split(" ", 1)
            return openid, int(article)
        except ValueError:
            return None


def _sealed(vault: Vault, text: str, purpose: str) -> str:
    return base64.urlsafe_b64encode(vault.seal(text.encode(), purpose)).decode().rstrip("=")


def _opened(vault: Vault, token: str, purpose: str) -> str:
    """What was sealed in a token. Raises ValueError for any other text."""
    if not token.isascii() or len(token) > LONGEST:
        raise ValueError("no token")
    sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    try:
        return vault.open(sealed, purpose).decode()
    except Sealed as error:
        raise ValueError("sealed by somebody else") from error
