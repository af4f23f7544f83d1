"""Shows staff a broadcast on their own phone before it goes: as a draft, by the platform's preview."""

from __future__ import annotations

import logging
from typing import Protocol

from bot.adapters.wechat.errors import PlatformError
from bot.adapters.wechat.trouble import word
from bot.layout import titled
from bot.store import broadcasts
from bot.store.base import Sessions, reading
from jobs.drafts import Draftsman, Layout, make

log = logging.getLogger(__name__)

OPENID = 28
"""Characters of an openid, which begins with o; a WeChat name has at most 20."""

NOT_ALLOWED = "verified"
"""Why there is no preview: only verified accounts have them."""


class Previewer(Draftsman, Protocol):
    """The platform's preview, to an openid or a WeChat name. Raises PlatformError."""

    def mass_preview(self, media_id: str, openid: str = "", wechat_name: str = "") -> None: ...


def show_wanted(sessions: Sessions, platform: Previewer, layout: Layout, *, allowed: bool) -> int:
    """Send each preview that was asked for, once; what fails is written down for who asked. Returns how many went."""
    with reading(sessions) as session:
        wanted = [(one.id, one.preview_to) for one in broadcasts.previews_wanted(session)]
    return sum(_show(sessions, platform, number, to, layout, allowed) for number, to in wanted)


def _show(sessions: Sessions, platform: Previewer, number: int, to: str, layout: Layout, allowed: bool) -> bool:
    error = "" if allowed else NOT_ALLOWED
    with reading(sessions) as session:
        preview = broadcasts.show(session, number)
    try:
        if allowed and preview and preview.stories:
            stories = titled(preview.stories, preview.broadcast.title)
            platform.mass_preview(make(platform, sessions, stories, layout), **_recipient(to))
    except PlatformError as trouble:
        log.warning("the preview of broadcast %s failed: %s", number, trouble)
        error = f"{word(trouble)} {'' if trouble.code is None else trouble.code}".strip()
    with sessions.begin() as session:
        broadcasts.previewed(session, number, error)
    return not error


def _recipient(to: str) -> dict[str, str]:
    return {"openid": to} if to.startswith("o") and len(to) >= OPENID else {"wechat_name": to}
