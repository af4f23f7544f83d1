"""Which kind of account may call what; everybody else is answered 48001."""

from __future__ import annotations

from bot.simulator.account import KINDS
from bot.simulator.errors import Fail

# In the order of KINDS: subscription unverified, subscription verified, service unverified, service verified.
# Where the sources differ the row follows the newer official page; a test can turn any cell with `allow`.
MATRIX = {
    "basic": "yyyy",  # tokens, addresses, quota and rid queries, the menu as the website shows it, tickets
    "location": "nnny",  # LOCATION events
    "custom": "nyny",  # customer-service messages and typing
    "menu": "nyny",  # an older matrix also gave menus to unverified service accounts
    "media": "yyyy",
    "material": "yyyy",
    "draft": "yyyy",
    "publish": "nyny",  # withdrawn from unverified accounts in July 2025
    "mass": "nyny",
    "mass-list": "nnny",  # by a list of openids
    "users": "nyny",  # user info and list, tags, blacklist
    "remark": "nnny",
    "template": "nnny",
    "notice": "nnny",  # bizsend; the scope line also names subscription accounts, but no page of theirs has it
    "subscribe-once": "nyny",
    "oauth": "nnny",
    "qrcode": "nnny",  # with parameters, and short keys
}


class Rights:
    """The matrix for one kind of account, with single rights given or taken by hand."""

    def __init__(self, kind: str) -> None:
        self._column = KINDS.index(kind)
        self._changed: dict[str, bool] = {}

    def allows(self, right: str) -> bool:
        return self._changed.get(right, MATRIX[right][self._column] == "y")

    def check(self, right: str) -> None:
        if not self.allows(right):
            raise Fail(48001)

    def allow(self, right: str, allowed: bool) -> None:
        if right not in MATRIX:
            raise ValueError(f"right {right!r} is none of {', '.join(MATRIX)}")
        self._changed[right] = allowed

    def as_json(self) -> dict[str, bool]:
        return {right: self.allows(right) for right in MATRIX}
