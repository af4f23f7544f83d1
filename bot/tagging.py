"""The platform's tag of a topic: made when it is first needed, and put on who follows the topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.adapters.wechat.client import Tag
from bot.adapters.wechat.errors import RecipientLost, SomeFailed
from bot.store import tags
from bot.store.base import Sessions, reading

AT_ONCE = 50
"""Followers that get a tag with one call."""


class Tagging(Protocol):
    """Raises PlatformError."""

    def tags(self) -> Sequence[Tag]: ...
    def create_tag(self, name: str) -> Tag: ...
    def tag(self, openids: Sequence[str], tag_id: int) -> None: ...


def tag_of(platform: Tagging, sessions: Sessions, topic: str, called: str) -> int:
    """The topic's tag. One that others made has unknown members, so that only an empty one is taken."""
    with reading(sessions) as session:
        known = tags.tag_id(session, topic)
    if known is not None:
        return known
    there = {tag.name: tag for tag in platform.tags()}
    name = next(
        name
        for name in (called, *(f"{called} {n}" for n in range(2, 100)))
        if name not in there or not there[name].count
    )
    made = (there.get(name) or platform.create_tag(name)).id
    with sessions.begin() as session:
        tags.remember(session, topic, made)
    return made


def made_again(platform: Tagging, sessions: Sessions, topic: str, called: str) -> int:
    """The topic's tag, on everybody who follows the topic, also where the one we knew of is gone."""
    there = {tag.id for tag in platform.tags()}
    with sessions.begin() as session:
        if tags.tag_id(session, topic) not in there:
            tags.lost(session, topic)
    tag_id = tag_of(platform, sessions, topic, called)
    last = ""
    while joining := _without(sessions, topic, last):
        last = joining[-1]
        with_tag = tagged(platform, joining, tag_id)
        with sessions.begin() as session:
            tags.joined(session, topic, with_tag)
    return tag_id


def _without(sessions: Sessions, topic: str, after: str) -> list[str]:
    with reading(sessions) as session:
        return tags.without(session, topic, after, AT_ONCE)


def tagged(platform: Tagging, openids: list[str], tag_id: int) -> list[str]:
    """Who has the tag now. Somebody the platform does not know must not keep the others of the call from it."""
    try:
        platform.tag(openids, tag_id)
    except SomeFailed as failed:
        return [openid for openid in openids if openid not in failed.openids]
    except RecipientLost:
        if len(openids) == 1:
            return []
        return [openid for one in openids for openid in tagged(platform, [one], tag_id)]
    return openids
