"""What was said between a prospect and the account, and answering them while the platform lets us."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.dialogue.reply import TEXT_LIMIT
from bot.store import desk as store
from bot.store import lead_parts, lead_people, leads, talks
from bot.store.base import reading
from bot.store.leads import Lead
from bot.store.talks import Line, Talk
from handlers.web.staff import leads as pages
from handlers.web.staff.visit import Refused, Visit, to

CALLED_WITHIN = timedelta(days=7)
CALLERS = 50
MARK = "answer"
"""Purpose of the hash that stands for a follower in the form."""

PATIENCE_S, STEP_S = 2.5, 0.1
"""Whoever answers sees at once whether it went out; with a busy worker they see that it is on its way."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a conversation. state, error: of an answer of staff, in words."""

    at: datetime
    who: str
    ours: bool
    text: str
    kind: str = ""
    state: str = ""
    label: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """The followers behind a lead, in the order in which they came. to: who an answer goes to, "" for nobody who follows.

    labels, marks: what staff call each of them and what stands for them in a form, by openid; empty for only one.
    are_apart: what each of them gave is known, so that one can be erased without the others.
    """

    openids: tuple[str, ...]
    to: str
    labels: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    are_apart: bool = False


def people(visit: Visit, db: Session, known: Lead) -> People:
    secrets, openids = visit.desk.secrets, leads.followers_of(db, known)
    to = lead_people.answered(db, secrets, openids)
    if len(openids) == 1:
        return People(openids, to)
    one = visit.desk.texts["talk"]["one"]
    labels = {openid: one.format(place=place) for place, openid in enumerate(openids, 1)}
    marks = {openid: secrets.keyed_hash(openid, MARK)[:16] for openid in openids}
    parts = {part.openid for part in lead_parts.of(db, known.id)}
    return People(openids, to, labels, marks, parts.issuperset(openids))


def conversation(
    visit: Visit, db: Session, openids: Sequence[str], labels: Mapping[str, str] | None = None
) -> list[Said]:
    """labels: what each of them is called, where there are several."""
    return [_said(visit, row, line, labels or {}) for row, line in talks.of(db, visit.desk.secrets, openids)]


def answer(visit: Visit, number: str) -> ResponseReturnValue:
    """To whoever wrote last, if that is still who staff saw it would go to."""
    with reading(visit.desk.sessions) as db:
        known = pages.seen(visit, db, number)
        them = people(visit, db, known)
    if not pages.is_near(visit, known) or known.state == "withdrawn":
        raise Refused(f"answer {number}")
    text, is_other = _typed(), request.form.get("to", "") != them.marks.get(them.to, "")
    if wrong := "answer_other" if is_other else _wrong(visit, them.to, text):
        visit.say(wrong, "bad")
        with reading(visit.desk.sessions) as db:
            return pages.shown(visit, db, known, typed=text), 422
    _answer(visit, them.to, known.number, text)
    return to("lead", number=number, _anchor="talk")


def callers(visit: Visit) -> ResponseReturnValue:
    with reading(visit.desk.sessions) as db:
        found = store.callers(db, visit.desk.secrets, visit.scope, visit.now - CALLED_WITHIN, CALLERS)
        return render_template("staff/callers.html", callers=found, days=CALLED_WITHIN.days)


def caller(visit: Visit, caller_id: int, typed: str = "") -> str:
    """typed: an answer that was not sent."""
    with reading(visit.desk.sessions) as db:
        found = _caller(visit, db, caller_id)
        return render_template(
            "staff/caller.html",
            caller=found,
            talk=conversation(visit, db, [found.openid]),
            asked=store.asked(db, [found.openid]),
            still_open=visit.desk.still_open(found.openid),
            typed=typed,
        )


def answer_caller(visit: Visit, caller_id: int) -> ResponseReturnValue:
    with reading(visit.desk.sessions) as db:
        found = _caller(visit, db, caller_id)
    text = _typed()
    if wrong := _wrong(visit, found.openid, text):
        visit.say(wrong, "bad")
        return caller(visit, caller_id, text), 422
    _answer(visit, found.openid, f"caller {caller_id}", text)
    return to("caller", caller_id=caller_id, _anchor="talk")


def _caller(visit: Visit, db: Session, caller_id: int) -> store.Caller:
    """Raises Refused where there is none, or their inquiry belongs to somebody else."""
    found = store.caller(db, visit.desk.secrets, visit.scope, caller_id)
    if found is None:
        raise Refused(f"caller {caller_id}", 404)
    return found


def _typed() -> str:
    """Words of their own, or the ready-made ones that were picked."""
    return (request.form.get("text", "").strip() or request.form.get("canned", "")).replace("\r\n", "\n")


def _answer(visit: Visit, openid: str, target: str, text: str) -> None:
    """Handed to a worker; what became of it is said where it is known soon."""
    with visit.desk.sessions.begin() as db:
        line = Line(openid, visit.now, visit.name, "text", text)
        row_id = talks.answer(db, visit.desk.secrets, line).id
        visit.note(db, "answer", target)
    visit.desk.wake("answer")
    state = _outcome(visit, row_id)
    visit.say(f"answer_{state}", "bad" if state in ("failed", "unsure") else "good")


def _wrong(visit: Visit, openid: str, text: str) -> str:
    if not text:
        return "answer_empty"
    if len(text.encode()) > TEXT_LIMIT:
        return "answer_long"
    return "" if openid and visit.desk.still_open(openid) else "answer_closed"


def _outcome(visit: Visit, row_id: int) -> str:
    until = time.monotonic() + PATIENCE_S
    while True:
        with reading(visit.desk.sessions) as db:
            row = db.get(Talk, row_id)
        state = row.state if row is not None else "failed"
        if state not in talks.PENDING or time.monotonic() >= until:
            return state
        time.sleep(STEP_S)


def _said(visit: Visit, row: Talk, line: Line, labels: Mapping[str, str]) -> Said:
    texts = visit.desk.texts["talk"]
    ours, who = line.who != talks.FOLLOWER, visit.desk.texts["who"].get(line.who, line.who)
    if label := labels.get(line.openid):
        who = texts["to"].format(who=who, one=label) if ours else label
    return Said(
        at=line.at,
        who=who,
        ours=ours,
        text=line.text,
        kind="" if line.kind == "text" else texts["kinds"].get(line.kind, line.kind),
        state=row.state,
        label=texts["states"].get(row.state, ""),
        error=texts["errors"].get(row.error, "") if row.state in ("failed", "unsure", "waiting") else "",
    )
