"""Sends the mass sends that are due: each is claimed, made ready, begun by a commit, sent, and settled."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.adapters.wechat.errors import AlreadyDone, Busy, PlatformError, Unsure
from bot.store import claims, deliveries, materials
from bot.store.base import Sessions
from bot.store.deliveries import Delivery
from jobs.drafts import Layout
from jobs.mass import to_list, to_tag
from jobs.mass.asking import ask_how_they_ended
from jobs.mass.press import (
    ANY,
    LEASE,
    LIST,
    NO_LISTS,
    Call,
    Ledger,
    Lists,
    Masses,
    Off,
    Postponed,
    Press,
    issue_of,
    recall,
)
from jobs.mass.settling import REPEATABLE, give_up, repeat_later, settle
from jobs.pictures import COVER

MASS_USED_UP = 45028
"""Other than 45009, which is the day's calls."""
UNKNOWN_PICTURE = 40007


def deliver_due(
    sessions: Sessions,
    platform: Masses,
    ledger: Ledger,
    names: Mapping[str, str],
    layout: Layout,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    lists: Lists = NO_LISTS,
) -> int:
    """Send the mass sends that are due. names: topics by key, as tags are called. Returns how many went out."""
    press = Press(sessions, platform, ledger, names, layout, now, uuid.uuid4().hex, lists)
    recall(sessions, ledger, now())
    with sessions.begin() as session:
        claims.recover(session, now())
    sent = 0
    while rows := _claim(press):
        sent += sum(_deliver(press, row) for row in rows)
    ask_how_they_ended(press)
    return sent


def _claim(press: Press) -> Sequence[Delivery]:
    """One at a time: a list that went plans the next one."""
    with press.sessions.begin() as session:
        return claims.claim(session, deliveries.TO_MANY, press.worker, press.now(), LEASE, 1)


def _deliver(press: Press, row: Delivery) -> bool:
    """True where it went out. Every way in which it can fail ends here."""
    try:
        call = _first_call(press, row) if row.begun_at is None else _same_call(press, row, row.begun_at)
        return _send(press, row, call)
    except Unsure as error:
        repeat_later(press, row, error)
    except PlatformError as error:
        give_up(press, row, error, _wait(press, error))
    except Off as reason:
        give_up(press, row, reason, None)
    except Postponed as reason:
        give_up(press, row, reason, timedelta(0))
    return False


def _first_call(press: Press, row: Delivery) -> Call:
    """Whatever was cut off on the way to it, a draft or a tag, the send itself did not begin."""
    issue = issue_of(press, row)
    by_list = row.channel == LIST or to_list.does_better(press, issue)
    try:
        call = None if by_list else to_tag.first_call(press, issue, row)
        return call or to_list.first_call(press, issue, row)
    except Unsure as error:
        raise Postponed(str(error)) from error


def _same_call(press: Press, row: Delivery, begun: datetime) -> Call:
    """It may have gone out: the same call with the same clientmsgid, and nothing else changed."""
    with press.sessions.begin() as session:
        claims.start(session, row.id, press.worker, press.now(), LEASE)
    if press.now() - begun > REPEATABLE:
        raise Unsure(None, "the platform has forgotten the clientmsgid")
    if row.channel == LIST:
        return to_list.same_call(press, row)
    return to_tag.same_call(press, issue_of(press, row), row)


def _send(press: Press, row: Delivery, call: Call) -> bool:
    try:
        msg_id = call.send()
    except AlreadyDone as done:
        msg_id = done.msg_id
    except Unsure:
        raise
    except PlatformError as error:
        call.give_back(press.now())
        if error.code == MASS_USED_UP:
            press.ledger.mass_used_up(ANY, press.now())
        raise
    return settle(press, row, "sent", msg_id=msg_id)


def _wait(press: Press, error: PlatformError) -> timedelta | None:
    """How long until another try makes sense; None = it does not."""
    if error.code == UNKNOWN_PICTURE:
        with press.sessions.begin() as session:
            materials.forget(session, COVER)
        return timedelta(0)
    return error.wait if isinstance(error, Busy) else None
