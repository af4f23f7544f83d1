"""Tells staff what waits in the outbox: claim, commit, send, settle; nothing is lost when a worker dies."""

from __future__ import annotations

import json
import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.staff.errors import Later, Misconfigured, NotTold, Refused
from bot.store import desk, leads, outbox, readings
from bot.store.base import Sessions, reading
from bot.store.lead_content import Content
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead
from bot.store.outbox import WORDS, Notice, Outbox
from bot.store.secrets import Secrets
from jobs.notice import Facts

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
STEPS = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 1800))
"""How long after each try the next one is made; after these, every HOUR."""
HOUR = timedelta(hours=1)
GIVEN_UP = timedelta(hours=24)
TRIES = 12
"""A day takes twice as many: before so many it is the clock that says a day is over."""
PATIENCE = timedelta(seconds=2)
"""A run waits this long for the next row instead of leaving a one-second retry to the next tick."""

MINUTE = timedelta(minutes=1)
MANY = 12
"""Messages a minute on one channel after which notices share one: robots refuse more than 20 (reference: intake §6)."""

AT_ONCE = 20
"""Notices in one message."""

ASKED = timedelta(days=30)
"""How far back goes what a prospect asked."""

READ = 3
"""Articles in a notice."""

SECOND_HAND = frozenset({"undelivered", "channel"})
"""Notices about notices: when these fail nobody is told of it once more."""


class Channel(Protocol):
    """Where staff are told. Raises NotTold."""

    def send(self, text: str) -> None: ...


@dataclass(frozen=True)
class Teller:
    """Everything one run needs; `worker` names it in the rows it holds."""

    sessions: Sessions
    secrets: Secrets
    channels: Mapping[str, Channel]
    write: Callable[[Facts], str]
    now: Callable[[], datetime]
    worker: str


def deliver_due(
    sessions: Sessions,
    secrets: Secrets,
    channels: Mapping[str, Channel],
    write: Callable[[Facts], str],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Send every notice that is due, and those that come due within PATIENCE. Returns how many were delivered."""
    teller = Teller(sessions, secrets, channels, write, now, uuid.uuid4().hex)
    delivered = 0
    while True:
        if together := _claim_together(teller):
            delivered += _tell_together(teller, together)
            continue
        row = _claim(teller)
        if row is not None:
            delivered += _tell(teller, row)
            continue
        wait = _pause(teller)
        if wait is None:
            return delivered
        sleep(wait)


def _claim(teller: Teller) -> Outbox | None:
    """One at a time: a lease must outlive the sending of all that it covers."""
    with teller.sessions.begin() as session:
        rows = outbox.claim(session, teller.worker, teller.now(), LEASE, limit=1)
    return rows[0] if rows else None


def _claim_together(teller: Teller) -> Sequence[Outbox]:
    """What waits for a channel that is near its limit."""
    with reading(teller.sessions) as session:
        channel = outbox.crowded(session, teller.now(), MINUTE, MANY)
    if not channel:
        return ()
    only = sa.and_(Outbox.channel == channel, outbox.together())
    with teller.sessions.begin() as session:
        return outbox.claim(session, teller.worker, teller.now(), LEASE, AT_ONCE, only)


def _tell_together(teller: Teller, rows: Sequence[Outbox]) -> int:
    told = [(row, facts) for row in rows if (facts := _facts_or_none(teller, row)) is not None]
    if not told:
        return 0
    facts = Facts("digest", together=tuple(facts for _, facts in told), path="/leads")
    try:
        _channel(teller, rows[0].channel).send(teller.write(facts))
    except Exception as error:  # noqa: BLE001 - as for one alone
        _fail(teller, [row for row, _ in told], error)
        return 0
    with teller.sessions.begin() as session:
        return sum(outbox.delivered(session, row.id, teller.worker, teller.now()) for row, _ in told)


def _facts_or_none(teller: Teller, row: Outbox) -> Facts | None:
    """None where there is nothing to tell any more, or it cannot be told; the row is settled then."""
    try:
        return _facts(teller, row)
    except Exception as error:  # noqa: BLE001 - as for one alone
        _fail(teller, [row], error)
        return None


def _pause(teller: Teller) -> float | None:
    with reading(teller.sessions) as session:
        due = outbox.next_due(session)
    if due is None or due > teller.now() + PATIENCE:
        return None
    return max(0.02, (due - teller.now()).total_seconds())


def _tell(teller: Teller, row: Outbox) -> bool:
    try:
        _channel(teller, row.channel).send(teller.write(_facts(teller, row)))
    except Exception as error:  # noqa: BLE001 - one that cannot be written must not keep the others back
        _fail(teller, [row], error)
        return False
    with teller.sessions.begin() as session:
        return outbox.delivered(session, row.id, teller.worker, teller.now())


def _channel(teller: Teller, name: str) -> Channel:
    if name not in teller.channels:
        raise Refused("the channel is not set up any more")
    return teller.channels[name]


def _facts(teller: Teller, row: Outbox) -> Facts:
    words = teller.secrets.open(row.sealed, WORDS).decode() if row.sealed else ""
    plain = Facts(row.kind, words=words, note=row.note, again=row.attempts > 1, path=_path(row))
    if row.kind == "summary":
        return replace(plain, figures=json.loads(row.note))
    if row.lead_id is None:
        return plain
    with reading(teller.sessions) as session:
        lead = session.get(Lead, row.lead_id)
        event = session.scalar(sa.select(LeadEvent).filter_by(lead_id=row.lead_id, seq=_seq(row)))
        people = leads.followers_of(session, lead) if lead else ()
        asked = desk.asked(session, people, since=teller.now() - ASKED)
        read = readings.of(session, people, READ)
    if lead is None:
        raise Refused("the lead is gone")
    asked_for = tuple(question.text for question in reversed(asked))
    opened = tuple(one.article_id for one in reversed(read))
    return replace(_of_lead(plain, lead, leads.content(teller.secrets, lead), event), asked=asked_for, read=opened)


def _of_lead(plain: Facts, lead: Lead, inside: Content, event: LeadEvent | None) -> Facts:
    return replace(
        plain,
        number=lead.number,
        path=f"/leads/{lead.number}",
        slots=inside.slots,
        scene=lead.scene,
        owner=lead.owner,
        shown=tuple(lead.shown),
        changed=tuple(event.changed) if event else (),
    )


def _path(row: Outbox) -> str:
    """The page of the desk where somebody does something about it."""
    return _PAGES.get(row.kind, "").format(id=row.id, of=row.key.split(":")[1])


_PAGES = {
    "human": "/callers/{id}",
    "broadcast": "/pushes#push-{of}",
    "summary": "/leads",
    "undelivered": "/outbox",
    "channel": "/outbox",
}
"""id: of the notice. of: what its key names, see Notice."""


def _seq(row: Outbox) -> int:
    return int(row.key.split(":")[1])


def _fail(teller: Teller, rows: Sequence[Outbox], error: Exception) -> None:
    """None of them was told."""
    known = error if isinstance(error, NotTold) else Later(type(error).__name__)
    for row in rows:
        if known is not error:
            log.error("notice %s cannot be sent", row.id, exc_info=error)
        _settle_failure(teller, row, known)


def _settle_failure(teller: Teller, row: Outbox, error: NotTold) -> None:
    log.warning("notice %s not told on %s: %s", row.id, row.channel, error)
    now = teller.now()
    if isinstance(error, Refused) or (now - row.created_at >= GIVEN_UP and row.attempts >= TRIES):
        _bury(teller, row, error, now)
    else:
        _retry(teller, row, error, now)


def _bury(teller: Teller, row: Outbox, error: NotTold, now: datetime) -> None:
    with teller.sessions.begin() as session:
        if outbox.bury(session, row.id, teller.worker, now, str(error)):
            lead = session.get(Lead, row.lead_id) if row.lead_id else None
            what = f"{lead.number if lead else row.kind} {row.channel}: {error}"
            _alarm(session, teller, row, Notice("undelivered", f"undelivered:{row.id}", note=what), now)


def _retry(teller: Teller, row: Outbox, error: NotTold, now: datetime) -> None:
    with teller.sessions.begin() as session:
        due = now + _delay(row.attempts, error)
        if outbox.retry(session, row.id, teller.worker, due, str(error)) and isinstance(error, Misconfigured):
            once_a_day = f"channel:{row.channel}:{now:%Y%m%d}"
            _alarm(session, teller, row, Notice("channel", once_a_day, note=f"{row.channel}: {error}"), now)


def _alarm(session: Session, teller: Teller, row: Outbox, notice: Notice, now: datetime) -> None:
    """Tell it on the other channels. Without any, `python -m bot outbox` is where it shows."""
    others = [name for name in teller.channels if name != row.channel]
    if others and row.kind not in SECOND_HAND:
        outbox.add(session, notice, others, now)


def _delay(attempts: int, error: NotTold) -> timedelta:
    """By STEPS, with jitter; a wrong set-up is not worth a try a second."""
    step = STEPS[attempts - 1] if attempts <= len(STEPS) else HOUR
    least = STEPS[4] if isinstance(error, Misconfigured) else error.wait
    return max(step, least) * random.uniform(0.9, 1.1)
