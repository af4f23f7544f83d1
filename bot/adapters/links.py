"""Links to a follower's own page: who they are for and until when lies sealed inside, so that nobody can make one."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.adapters.vault import Sealed, Vault

_PURPOSE = "form link"
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
        sealed = self.vault.seal(f"{until} {openid}".encode(), _PURPOSE)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def whose(self, token: str, now: datetime) -> str | None:
        """The follower of a token; None where it was not made by us, was changed, or is too old."""
        if not token.isascii() or len(token) > LONGEST:
            return None
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            until, openid = self.vault.open(sealed, _PURPOSE).decode().split(" ", 1)
        except (Sealed, binascii.Error, ValueError):
            return None
        return openid if int(until) > now.timestamp() else None
