"""Asks the platform how mass sends ended of which its own event never came."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.adapters.wechat.errors import PlatformError
from bot.store import deliveries, reports
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from jobs.mass.press import Press

log = logging.getLogger(__name__)

UNTOLD = timedelta(minutes=15)
"""How long the platform's own word on a send is waited for before it is asked, and between two questions."""
GIVEN_UP = timedelta(days=2)
"""After so long without an answer staff have to look."""


def ask_how_they_ended(press: Press) -> None:
    """The event may have been lost: the platform also answers when it is asked, though without figures."""
    with press.sessions.begin() as session:
        untold = reports.untold(session, deliveries.TO_MANY, press.now() - UNTOLD, press.now())
    for row in untold:
        try:
            status = press.platform.mass_status(row.msg_id)
        except PlatformError as error:
            log.warning("nobody tells how mass send %s ended: %s", row.id, error)
            _doubt_if_late(press, row, str(error))
        else:
            _told(press, row, status)


def _told(press: Press, row: Delivery, status: str) -> None:
    """status DELETE: it went out, and was deleted since."""
    if status == "SENDING":
        _doubt_if_late(press, row, "the platform is still sending it")
        return
    failed = status == "SEND_FAIL"
    with press.sessions.begin() as session:
        reports.reported(session, row.msg_id, {}, ok=not failed, error=status if failed else "")


def _doubt_if_late(press: Press, row: Delivery, why: str) -> None:
    if press.now() - (row.begun_at or row.due_at) <= GIVEN_UP:
        return
    with press.sessions.begin() as session:
        reports.doubted(session, row.id, why)
        reports.end_as_one(session, session.get_one(Broadcast, row.broadcast_id))
