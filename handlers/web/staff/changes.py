"""What staff do with a lead: take it, move it on, write it down, see its number, hand it over, erase its person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.store import desk as store
from bot.store import lead_notes, leads, lifecycle, staff
from bot.store.base import reading
from bot.store.desk import Stale
from bot.store.leads import Lead
from bot.store.lifecycle import Illegal
from handlers.web.staff.leads import is_near, may_claim, seen, shown
from handlers.web.staff.talk import People, people
from handlers.web.staff.visit import Refused, Visit, counted, to

LONGEST_NOTE, LONGEST_REASON = 2000, 200
LATEST = date(2100, 1, 1)

View = Callable[[Visit, str], ResponseReturnValue]


def _refusable(view: View) -> View:
    """Staff are told where the lead's life allows no such step, or somebody else was faster."""

    @wraps(view)
    def told(visit: Visit, number: str) -> ResponseReturnValue:
        try:
            return view(visit, number)
        except Illegal:
            return _back(visit, number, "illegal")
        except Stale:
            return _back(visit, number, "stale")

    return told


def claim(visit: Visit, number: str) -> ResponseReturnValue:
    """Of all who tap at once exactly one gets it."""
    with visit.desk.sessions.begin() as db:
        known = seen(visit, db, number)
        free, protected = may_claim(visit, known), visit.desk.protected
        won = free and leads.claim(db, known.number, _version(), visit.name, visit.now, protected)
        visit.note(db, "claim" if won else "claim lost", known.number)
    visit.say("claimed" if won else "too_late", "good" if won else "bad")
    return to("lead", number=number) if won or visit.staff.may("manager") else to("leads")


@_refusable
def move(visit: Visit, number: str) -> ResponseReturnValue:
    """Along the lifecycle. A lead that rests gets the day on which it is to be looked at again."""
    after, reason, due = request.form.get("to", ""), _reason(), _day(visit)
    if after == "nurture" and due is None:
        return _back(visit, number, "date_wrong")
    if after not in _MOVABLE:
        return _back(visit, number, "illegal")
    if after in lifecycle.REASONED and not reason:
        return _back(visit, number, "reason_missing")
    with visit.desk.sessions.begin() as db:
        known = _own(visit, db, number)
        store.change(known, _version())
        store.move(db, known, after, visit.name, visit.now, reason, visit.desk.protected)
        store.plan(db, known, due if after == "nurture" else None)
        visit.note(db, "move", known.number, f"{after} {reason}".strip())
    visit.say("moved", state=visit.desk.texts["states"][after])
    return to("lead", number=number)


def note(visit: Visit, number: str) -> ResponseReturnValue:
    text = request.form.get("text", "").strip()[:LONGEST_NOTE]
    if not text:
        return _back(visit, number, "note_empty")
    with visit.desk.sessions.begin() as db:
        known = _own(visit, db, number)
        lead_notes.write(db, visit.desk.secrets, known.id, visit.name, visit.now, text)
        visit.note(db, "note", known.number)
    visit.say("noted")
    return to("lead", number=number)


def plan(visit: Visit, number: str) -> ResponseReturnValue:
    due, wanted = _day(visit), request.form.get("date", "")
    if wanted and due is None:
        return _back(visit, number, "date_wrong")
    with visit.desk.sessions.begin() as db:
        known = _own(visit, db, number)
        store.plan(db, known, due)
        visit.note(db, "plan", known.number, str(due or ""))
    visit.say("planned" if due else "plan_removed", date=due)
    return to("lead", number=number)


def reveal(visit: Visit, number: str) -> ResponseReturnValue:
    """The number in full, on this one page and in no address; that they saw it is written down first.

    Who took their consent back is not to be called by anybody.
    """
    with visit.desk.sessions.begin() as db:
        known = _own(visit, db, number)
        if known.state == "withdrawn":
            raise Refused(f"number of {known.number}")
        visit.note(db, "reveal", known.number)
    with reading(visit.desk.sessions) as db:
        return shown(visit, db, known, revealed=True)


@_refusable
def assign(visit: Visit, number: str) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        known = seen(visit, db, number, locked=True)
        owner = staff.by_name(db, request.form.get("owner", ""))
        if owner is None or owner.disabled_at is not None:
            return _back(visit, number, "no_such_person")
        if _is_protected(visit, known, owner.name) and not _reason():
            return _back(visit, number, "protected")
        store.change(known, _version())
        store.assign(db, known, owner.name, visit.name, visit.now)
        visit.note(db, "assign", known.number, f"{owner.name} {_reason()}".strip())
    visit.say("assigned", owner=owner.name)
    return to("lead", number=number)


@_refusable
def merge(visit: Visit, number: str) -> ResponseReturnValue:
    """Another lead of the same prospect goes into this one."""
    with visit.desk.sessions.begin() as db:
        known = _own(visit, db, number)
        duplicate = store.find(db, visit.scope, request.form.get("other", "").strip().upper(), locked=True)
        if duplicate is None:
            return _back(visit, number, "not_found")
        store.change(known, _version())
        leads.merge(db, visit.desk.secrets, known, duplicate, visit.name, visit.now)
        visit.note(db, "merge", known.number, duplicate.number)
    visit.say("merged", number=duplicate.number)
    return to("lead", number=number)


def erase(visit: Visit, number: str) -> ResponseReturnValue:
    """Everything of the lead's followers, or of the one who was picked. The number has to be typed: no way back."""
    desk = visit.desk
    with desk.sessions.begin() as db:
        known = seen(visit, db, number, locked=True)
        if request.form.get("number", "").strip().upper() != known.number:
            return _back(visit, number, "number_wrong")
        openids = _picked(people(visit, db, known))
        if not openids:
            return _back(visit, number, "stale")
        gone = store.erase(db, desk.secrets, openids, desk.channels, visit.now)
        for one in gone or [known.number]:
            visit.note(db, "erase", one)
    for openid in openids:
        desk.forget(openid)
    desk.wake()
    visit.say("erased" if gone else "erased_one", count=len(gone))
    return to("leads") if known.number in gone else to("lead", number=number)


def _picked(them: People) -> Sequence[str]:
    """All of them, unless one was picked; nobody where that one is not there any more."""
    who = request.form.get("who", "")
    return [openid for openid in them.openids if who in ("", them.marks.get(openid))]


_MOVABLE = frozenset({"contacted", "visited", "negotiating", "won", "nurture", *lifecycle.REASONED, "withdrawn"})
"""What the buttons offer; claiming, assigning and erasing have ways of their own."""


def _is_protected(visit: Visit, known: Lead, owner: str) -> bool:
    """Taking it from somebody who works on it needs a reason."""
    until = known.protected_until
    return until is not None and until > visit.now and owner != known.owner


def _own(visit: Visit, db: Session, number: str) -> Lead:
    """Seeing a lead that nobody has yet is not enough to work on it. Raises Refused."""
    known = seen(visit, db, number, locked=True)
    if not is_near(visit, known):
        raise Refused(f"lead {number}")
    return known


def _back(visit: Visit, number: str, said: str) -> ResponseReturnValue:
    visit.say(said, "bad")
    return to("lead", number=number)


def _version() -> int:
    return request.form.get("version", -1, type=counted)


def _reason() -> str:
    """The chosen words and the own ones."""
    parts = (request.form.get("reason", ""), request.form.get("more", ""))
    return " ".join(part.strip() for part in parts if part.strip())[:LONGEST_REASON]


def _day(visit: Visit) -> date | None:
    """The chosen day, if it is today or later."""
    try:
        day = date.fromisoformat(request.form.get("date", ""))
    except ValueError:
        return None
    return day if visit.today <= day < LATEST else None
