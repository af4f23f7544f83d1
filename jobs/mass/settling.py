"""Writes down how a mass send went: it went out, it may have and is asked for again, or it surely did not."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.adapters.wechat.errors import PlatformError, Unsure
from bot.store import claims, reports, tags
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.tagging import UNKNOWN_TAG
from jobs.mass.press import Press
from jobs.mass.to_list import another_is_due, plan_another

log = logging.getLogger(__name__)

TRIES = 6
PAUSE = timedelta(minutes=1)
"""How soon another try is made."""
REPEATABLE = timedelta(hours=23)
"""The platform knows a clientmsgid for 24 hours; after that a repeat would be a second send."""


def settle(press: Press, row: Delivery, state: str, *, error: str = "", msg_id: str = "") -> bool:
    """It went out ("sent"), or may have ("unsure"); the next list follows in the same commit. False: the row is no
    longer ours."""
    following = another_is_due(press, row)
    with press.sessions.begin() as session:
        mine = claims.settle(session, row.id, press.worker, state, press.now(), error=error, msg_id=msg_id)
        if mine and following:
            plan_another(press, session, row)
        if mine and state == "unsure":
            reports.end_as_one(session, session.get_one(Broadcast, row.broadcast_id))
    return mine


def repeat_later(press: Press, row: Delivery, error: Unsure) -> None:
    """The same clientmsgid once more lets the platform say whether it was done; after that staff must look."""
    log.warning("mass send %s: %s", row.id, error)
    now = press.now()
    if row.attempts >= TRIES or now - (row.begun_at or now) >= REPEATABLE:
        settle(press, row, "unsure", error=str(error))
        return
    with press.sessions.begin() as session:
        claims.ask_again(session, row.id, press.worker, now + PAUSE, str(error))


def give_up(press: Press, row: Delivery, error: Exception, wait: timedelta | None) -> None:
    """Surely not sent: tried again after `wait`, or left to tomorrow's plan and the other channels."""
    log.warning("mass send %s: %s", row.id, error)
    with press.sessions.begin() as session:
        broadcast = session.get_one(Broadcast, row.broadcast_id)
        tags.let_go(session, broadcast.topic, press.worker)
        if isinstance(error, PlatformError) and error.code in UNKNOWN_TAG:
            tags.lost(session, broadcast.topic)
        if wait is not None and row.attempts < TRIES:
            claims.put_back(session, row.id, press.worker, press.now() + max(wait, PAUSE), str(error))
        elif claims.unsent(session, row.id, press.worker, "failed", press.now(), error=str(error)):
            reports.end_as_one(session, broadcast)
