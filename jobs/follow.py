"""Keeps the tags of topics on who follows them: for menus by tag, and so that a mass send finds most of it done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from bot.adapters.wechat.errors import PlatformError
from bot.store import tags
from bot.store.base import Sessions, reading
from bot.tagging import UNKNOWN_TAG, Tagging, follow

log = logging.getLogger(__name__)


def bring_in_step(
    sessions: Sessions, platform: Tagging, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int:
    """Returns how many followers got a tag or lost one."""
    with reading(sessions) as session:
        topics = tags.known(session)
    return sum(_in_step(sessions, platform, topic, now) for topic in topics)


def _in_step(sessions: Sessions, platform: Tagging, topic: str, now: Callable[[], datetime]) -> int:
    """One topic's trouble is not the others'."""
    try:
        return follow(platform, sessions, topic, now)
    except PlatformError as error:
        log.warning("the tag of %s is not in step: %s", topic, error)
        if error.code in UNKNOWN_TAG:
            with sessions.begin() as session:
                tags.lost(session, topic)
    return 0
