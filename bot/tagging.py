"""The platform's tag of a topic: made when it is first needed, and put on who follows the topic."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from bot.adapters.wechat.client import Tag
from bot.adapters.wechat.errors import RecipientLost, SomeFailed
from bot.store import tags
from bot.store.base import Sessions, reading

AT_ONCE = 50
"""Followers that get a tag with one call."""
LEASE = timedelta(minutes=2)
"""How long a tag is one's own: one call, with its quick repeats, must be done within this."""
UNKNOWN_TAG = (40152, 45159)
"""Somebody deleted it on the website."""
Now = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class Tagging(Protocol):
    """Raises PlatformError."""

    def tags(self) -> Sequence[Tag]: ...
    def create_tag(self, name: str) -> Tag: ...
    def tag(self, openids: Sequence[str], tag_id: int) -> None: ...
    def untag(self, openids: Sequence[str], tag_id: int) -> None: ...


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


def made_again(platform: Tagging, sessions: Sessions, topic: str, called: str, now: Now = _now) -> int:
    """The topic's tag, on everybody who follows the topic, also where the one we knew of is gone."""
    tag_id = still_there(platform, sessions, topic, called)
    follow(platform, sessions, topic, now)
    return tag_id


def still_there(platform: Tagging, sessions: Sessions, topic: str, called: str) -> int:
    """The topic's tag, made anew where the one we knew of is gone; jobs.follow puts it on who follows the topic."""
    there = {tag.id for tag in platform.tags()}
    with sessions.begin() as session:
        if tags.tag_id(session, topic) not in there:
            tags.lost(session, topic)
    return tag_of(platform, sessions, topic, called)


def follow(platform: Tagging, sessions: Sessions, topic: str, now: Now = _now) -> int:
    """Takes the topic's tag from who does not follow the topic any more, and puts it on who does. Returns how many that
    were. While a mass send has the tag on its recipients only, nothing is done: the next look brings it in step."""
    step, changed = _Step(platform, sessions, topic, now, uuid.uuid4().hex), 0
    try:
        for look, change in ((tags.without_topic, step.leave), (tags.without, step.join)):
            last = ""
            while batch := step.batch(look, last):
                last = batch[1][-1]
                changed += change(*batch)
    finally:
        with sessions.begin() as session:
            tags.let_go(session, topic, step.who)
    return changed


@dataclass(frozen=True, slots=True)
class _Step:
    """The tag of one topic while `who` brings it in step."""

    platform: Tagging
    sessions: Sessions
    topic: str
    now: Now
    who: str

    def batch(self, look: Callable[[Session, str, str, int], list[str]], after: str) -> tuple[int, list[str]] | None:
        """The tag, and the next followers to change; None at the end, or where somebody else needs the tag."""
        with self.sessions.begin() as session:
            if not tags.take_to_follow(session, self.topic, self.who, self.now(), LEASE):
                return None
            tag_id, openids = tags.tag_id(session, self.topic), look(session, self.topic, after, AT_ONCE)
        return (tag_id, openids) if tag_id is not None and openids else None

    def leave(self, tag_id: int, openids: list[str]) -> int:
        untagged(self.platform, openids, tag_id)
        with self.sessions.begin() as session:
            tags.left(session, self.topic, openids)
        return len(openids)

    def join(self, tag_id: int, openids: list[str]) -> int:
        with_tag = tagged(self.platform, openids, tag_id)
        with self.sessions.begin() as session:
            tags.joined(session, self.topic, with_tag)
        return len(with_tag)


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


def untagged(platform: Tagging, openids: list[str], tag_id: int) -> None:
    """None of them has the tag from now on: who is no follower any more has none."""
    try:
        platform.untag(openids, tag_id)
    except RecipientLost:
        if len(openids) > 1:
            for one in openids:
                untagged(platform, [one], tag_id)
