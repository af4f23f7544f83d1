"""A mass send to followers by list, several lists one after the other where one is too short for all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.wechat.errors import Unsure
from bot.store import claims, issues, received
from bot.store.base import reading
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.issues import Issue
from jobs.mass.press import ANY, LEASE, LIST, Call, Off, Postponed, Press, draft_of, issue_of
from jobs.release import as_one


def does_better(press: Press, issue: Issue) -> bool:
    """Few enough, which spares the tagging; or some had their month's sends, which only a list can leave out."""
    lists, now = press.lists, press.now()
    if not lists.below:
        return False
    with reading(press.sessions) as session:
        count = issues.recipients(session, issue, now, lists.below)
    return 1 < count < lists.below or press.ledger.mass_left(ANY, now) <= 0


def first_call(press: Press, issue: Issue, row: Delivery) -> Call:
    """Begun by a commit, to be made now. Raises PlatformError, Postponed and Off; then nothing was begun."""
    chosen = _chosen(press, issue)
    if len(chosen) < 2:
        raise Off("no two followers are left who may get it")
    media_id = draft_of(press, issue, row)
    openids = press.ledger.spend_each(chosen, press.now())
    _begin(press, issue, row, openids)
    return _call(press, row, openids, media_id)


def same_call(press: Press, row: Delivery) -> Call:
    """The one that was begun before, once more. Raises Unsure where it cannot be made any more."""
    with reading(press.sessions) as session:
        openids = received.recipients_of(session, row.id)
    if len(openids) < 2:  # the others left meanwhile; refused for that, it would look as if it had not gone out
        raise Unsure(None, "too few are left on the list to ask with it")
    return _call(press, row, openids, row.media_id)


def another_is_due(press: Press, row: Delivery) -> bool:
    """There are followers for another list. Asked when one went out: after a refusal the others wait for another day."""
    return row.channel == LIST and len(_chosen(press, issue_of(press, row))) > 1


def plan_another(press: Press, session: Session, row: Delivery) -> None:
    """A delivery of its own, with its own clientmsgid; planned once."""
    following = sa.and_(
        Delivery.broadcast_id == row.broadcast_id, Delivery.openid == "", Delivery.batch == row.batch + 1
    )
    if session.scalar(sa.select(Delivery.id).where(following)) is None:
        session.add(as_one(session.get_one(Broadcast, row.broadcast_id), LIST, row.batch + 1, press.now()))


def _call(press: Press, row: Delivery, openids: Sequence[str], media_id: str) -> Call:
    send = partial(press.platform.mass_to_followers, openids, media_id, row.clientmsgid)
    return Call(send, partial(press.ledger.give_back_each, openids))


def _chosen(press: Press, issue: Issue) -> list[str]:
    """The followers of the next list. Never leaves one over: a list is of two at least."""
    now, most = press.now(), press.lists.most
    found: list[str] = []
    last = ""
    while len(found) <= most:
        with reading(press.sessions) as session:
            page = issues.wanting(session, issue, now, last, most)
        if not page:
            break
        last = page[-1]
        found += press.ledger.with_mass_left(page, press.now())
    return found[: most - 1] if len(found) > most else found


def _begin(press: Press, issue: Issue, row: Delivery, openids: Sequence[str]) -> None:
    """Claim the articles for everybody on the list, commit that sending begins."""
    try:
        if len(openids) < 2:
            raise Postponed("others took what was left of the month's sends")
        with press.sessions.begin() as session:
            if not received.receive_as_one(session, openids, issue.articles, row.id, press.now()):
                raise Postponed("somebody got one of the articles meanwhile")
            claims.to_list(session, row.id, press.worker)
            if not claims.start(session, row.id, press.worker, press.now(), LEASE):
                raise Postponed("the lease is over")
    except Postponed:
        press.ledger.give_back_each(openids, press.now())
        raise
    row.channel = LIST
