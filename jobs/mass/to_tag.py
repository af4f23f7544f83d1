"""A mass send to the topic's tag, once the tag is on those who are to get it and on nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from bot.adapters.wechat.errors import PlatformError, Unsure
from bot.store import claims, issues, tags
from bot.store.base import reading
from bot.store.deliveries import Delivery
from bot.store.issues import Issue
from bot.tagging import AT_ONCE, tag_of, tagged, untagged
from jobs.mass.press import ANY, LEASE, Call, Off, Postponed, Press, draft_of

NO_TAG = (45056, 48001)
"""There is no tag to be had: the account has its hundred, or may not make any."""

Look = Callable[[Session, Issue, int, datetime, str, int], list[str]]
"""to_leave or to_join of bot.store.issues."""


def first_call(press: Press, issue: Issue, row: Delivery) -> Call | None:
    """Begun by a commit, to be made now; None where there is no tag to be had and a list does as well.

    Raises PlatformError, Postponed and Off; then nothing was begun.
    """
    tag_id = _tag_in_step(press, issue, row)
    if tag_id is None:
        return None
    media_id = draft_of(press, issue, row)
    _begin(press, issue, row)
    return _call(press, row, tag_id, media_id)


def same_call(press: Press, issue: Issue, row: Delivery) -> Call:
    """The one that was begun before, once more. Raises Unsure where it cannot be made any more."""
    with reading(press.sessions) as session:
        tag_id = tags.tag_id(session, issue.topic)
    if tag_id is None:
        raise Unsure(None, "the tag it went to is gone")
    return _call(press, row, tag_id, row.media_id)


def _call(press: Press, row: Delivery, tag_id: int, media_id: str) -> Call:
    send = partial(press.platform.mass_to_tag, tag_id, media_id, row.clientmsgid)
    return Call(send, partial(press.ledger.give_back_mass, ANY))


def _tag_in_step(press: Press, issue: Issue, row: Delivery) -> int | None:
    """The topic's tag, on those who are to get this; None where there is none to be had and a list does as well."""
    try:
        tag_id = tag_of(press.platform, press.sessions, issue.topic, press.names.get(issue.topic, issue.topic))
        _bring_in_step(press, issue, row, tag_id)
    except PlatformError as error:
        if not press.lists.below or error.code not in NO_TAG:
            raise
        return None
    return tag_id


def _bring_in_step(press: Press, issue: Issue, row: Delivery, tag_id: int) -> None:
    """First it leaves those who are not to get this. Once the send is over it goes back to all who follow the topic
    (jobs/follow.py)."""
    last = ""
    while leaving := _batch(press, issue, row, issues.to_leave, last):
        last = leaving[-1]
        untagged(press.platform, leaving, tag_id)
        with press.sessions.begin() as session:
            tags.left(session, issue.topic, leaving)
    last = ""
    while joining := _batch(press, issue, row, issues.to_join, last):
        last = joining[-1]
        with_tag = tagged(press.platform, joining, tag_id)
        with press.sessions.begin() as session:
            tags.joined(session, issue.topic, with_tag)


def _batch(press: Press, issue: Issue, row: Delivery, look: Look, after: str) -> list[str]:
    """The next of them; tag and delivery stay ours until their call is done."""
    now = press.now()
    with press.sessions.begin() as session:
        if not tags.take(session, issue.topic, press.worker, now, LEASE):
            raise Postponed("the tag is just being put on who follows the topic")
        if not claims.keep(session, row.id, press.worker, now, LEASE):
            raise Postponed("the lease is over")
        return look(session, issue, row.id, now, after, AT_ONCE)


def _begin(press: Press, issue: Issue, row: Delivery) -> None:
    """Take one of the mass sends left, claim the articles for everybody with the tag, commit that sending begins."""
    if not press.ledger.spend_mass(ANY, press.now()):
        raise Off("no mass send left")
    try:
        with press.sessions.begin() as session:
            if not tags.take(session, issue.topic, press.worker, press.now(), LEASE):
                raise Postponed("the tag changed meanwhile")
            if not issues.receive(session, issue, row.id, press.now()):
                raise Postponed("somebody got one of the articles meanwhile")
            if not claims.start(session, row.id, press.worker, press.now(), LEASE):
                raise Postponed("the lease is over")
            tags.let_go(session, issue.topic, press.worker)  # from here on the delivery itself keeps others from it
    except Postponed:
        press.ledger.give_back_mass(ANY, press.now())
        raise
