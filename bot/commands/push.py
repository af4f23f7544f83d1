"""`python -m bot push`: what is to be pushed and what was; look at it, change it, let it go or hold it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from sqlalchemy.orm import Session

from bot.store import broadcasts, deliveries, reports
from bot.store.base import Sessions, reading
from bot.store.broadcasts import Broadcast, Results
from bot.store.deliveries import Delivery
from bot.store.news import SHANGHAI

Act = Callable[[Session], bool]
PUBLISHING = {"sent": "handed in, the platform looks at it", "planned": "waits for a worker"}
PUBLISH_STATUS = {
    "2": "the check for original articles failed",
    "3": "it failed",
    "4": "the platform's review refused it",
    "5": "staff deleted it again",
    "6": "the platform banned it afterwards",
}
"""What a publish_status means (reference §7.5)."""
DONE = {"publish": "a worker hands it in within a minute; push show tells how it went\n"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """action and what it needs: number of a broadcast (of a delivery for arrived and lost), text: a title, an article's
    number, or whom to show a preview."""

    action: str = "list"
    number: int = 0
    text: str = ""
    may_publish: bool = True


def push(sessions: Sessions, out: TextIO, wanted: Wanted, now: datetime) -> int:
    """0: done, or nothing to do; 1: staff must look at something; 2: there is no such thing, or it is too late."""
    if wanted.action == "list":
        return _list(sessions, out)
    if wanted.action == "show":
        return _show(sessions, out, wanted.number)
    if wanted.action == "publish" and not wanted.may_publish:
        out.write(
            "this account may not publish: only verified accounts may (see: doctor); push html gives it to paste\n"
        )
        return 2
    with sessions.begin() as session:
        done = _act(wanted, now)(session)
    out.write(DONE.get(wanted.action, "done\n") if done else "there is no such broadcast waiting (see: push list)\n")
    return 0 if done else 2


def _act(wanted: Wanted, now: datetime) -> Act:
    number, text, who = wanted.number, wanted.text, "command line"
    acts: dict[str, Act] = {
        "approve": lambda session: broadcasts.approve(session, number, who),
        "hold": lambda session: broadcasts.hold(session, number, who),
        "cancel": lambda session: broadcasts.cancel(session, number, who),
        "title": lambda session: broadcasts.retitle(session, number, text),
        "drop": lambda session: text.isdigit() and broadcasts.drop_article(session, number, int(text)),
        "preview": lambda session: bool(text) and broadcasts.ask_preview(session, number, text),
        "publish": lambda session: deliveries.ask_publish(session, number, now),
        "arrived": lambda session: reports.settle_by_staff(session, number, arrived=True, at=now),
        "lost": lambda session: reports.settle_by_staff(session, number, arrived=False, at=now),
    }
    return acts[wanted.action]


def _list(sessions: Sessions, out: TextIO, limit: int = 20) -> int:
    """One line a broadcast, newest first; what nobody knows the outcome of comes last."""
    with reading(sessions) as session:
        found = [broadcasts.results(session, row.id) for row in broadcasts.listing(session, limit)]
        unsure = deliveries.unsure(session)
    for results in filter(None, found):
        out.write(f"{_line(results)}\n")
    for delivery in unsure:
        to = f"follower …{delivery.openid[-6:]}" if delivery.openid else "many"
        out.write(f"unsure: delivery {delivery.id} of broadcast {delivery.broadcast_id} to {to}: {delivery.error}\n")
    if unsure:
        out.write("look at the account and say: push arrived DELIVERY, or push lost DELIVERY\n")
    return int(bool(unsure))


def _show(sessions: Sessions, out: TextIO, number: int) -> int:
    with reading(sessions) as session:
        preview, results = broadcasts.show(session, number), broadcasts.results(session, number)
        publication = deliveries.publications(session, [number]).get(number)
    if preview is None or results is None:
        out.write(f"there is no broadcast {number}\n")
        return 2
    out.write(f"{_line(results)}\n")
    out.write(f"title: {preview.broadcast.title or '(the usual one)'}\n")
    for story in preview.stories:
        out.write(f"  {story.id}  {story.title}  {story.url}\n")
    if publication is not None:
        out.write(f"{_publishing(publication, preview.broadcast.url)}\n")
    if preview.broadcast.preview_error:
        out.write(f"the last preview failed: {preview.broadcast.preview_error}\n")
    return 0


def _line(results: Results) -> str:
    row = results.broadcast
    states: dict[str, int] = {}
    for by_state in results.counts.values():
        for state, number in by_state.items():
            states[state] = states.get(state, 0) + number
    went = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "waits for replies"
    figures = "" if row.sent is None else f"; the platform says {row.sent} of {row.total}"
    told = f"; {results.delivered} reported" if results.delivered else ""
    when = row.created_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    head = f"{row.id}  {when}  {row.kind:<6} {row.topic:<16}{len(row.articles)} articles  {row.state}"
    return f"{head}  {_until(row)}{went}{figures}{told}"


def _publishing(row: Delivery, url: str) -> str:
    """Where it lies on the account's page, or how far that has come."""
    if row.state == "sent" and row.delivered_at:
        return f"published: {url}"
    status = row.error.removeprefix(deliveries.PUBLISH_STATUS)
    why = f": {PUBLISH_STATUS.get(status, row.error)}" if row.error else ""
    return f"publishing: {PUBLISHING.get(row.state, row.state)}{why}"


def _until(row: Broadcast) -> str:
    if row.state != "waiting" or row.release_at is None:
        return ""
    return f"goes {row.release_at.astimezone(SHANGHAI):%H:%M}, "
