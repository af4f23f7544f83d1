"""The list of leads, the search, and one lead with all that is known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.store import desk as store
from bot.store import lead_events, lead_notes, lead_parts, leads, lifecycle, readings, staff
from bot.store.base import reading
from bot.store.desk import Filter, Found, Place
from bot.store.lead_content import opened
from bot.store.leads import Lead
from handlers.web.staff import talk, words
from handlers.web.staff.visit import Refused, Visit, to
from handlers.web.staff.words import Card

PAGE = 30
ON_THE_BOARD = 8
"""Leads in one column."""

LOOKED_THROUGH = 10_000
"""Leads opened for one page of a search for words; `further` goes on where it stopped."""

_BEGAN, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_NUMBER = re.compile(r"L\d{4}-\w{4}", re.IGNORECASE)
_PHONE = re.compile(r"\+?[\d\s()-]{7,20}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a lead's history. what: already in words, or a note."""

    at: datetime
    who: str
    what: str
    reason: str = ""
    is_note: bool = False


def home(_visit: Visit) -> ResponseReturnValue:
    return to("leads")


def listed(visit: Visit) -> ResponseReturnValue:
    wanted = wanted_by(visit, request.args)
    with reading(visit.desk.sessions) as db:
        found = store.page(db, visit.scope, wanted, _place(request.args.get("after", "")), PAGE)
        return _list(visit, db, found, request.args, "")


def board(visit: Visit) -> ResponseReturnValue:
    """The open leads, a column for each state."""
    owner = request.args.get("owner", "")
    with reading(visit.desk.sessions) as db:
        counts = store.counts(db, visit.scope)
        columns = [_column(visit, db, state, owner, counts.get(state, 0)) for state in visit.desk.texts["board"]]
        return render_template(
            "staff/board.html", columns=columns, owner=owner, colleagues=_colleagues(visit, db), view="board"
        )


def _column(visit: Visit, db: Session, state: str, owner: str, count: int) -> dict[str, Any]:
    found = store.page(db, visit.scope, Filter(states=(state,), owner=owner), None, ON_THE_BOARD)
    due = store.plans_of(db, [one.id for one in found.leads])
    cards = [_card(visit, one, due) for one in found.leads]
    return {"state": state, "label": words.state(visit.desk, state), "count": count, "cards": cards, "more": found.next}


def searched(visit: Visit) -> ResponseReturnValue:
    """What is searched for is often somebody's name or number: it comes in the body and stays out of addresses."""
    text = request.form.get("q", "").strip()
    if not text:
        return to("leads")
    with reading(visit.desk.sessions) as db:
        if _NUMBER.fullmatch(text) and (lead := store.find(db, visit.scope, text.upper())):
            return to("lead", number=lead.number)
        found = _search(visit, db, text, _place(request.form.get("after", "")))
        answer = _list(visit, db, found, {"view": "all"}, text)
    with visit.desk.sessions.begin() as db:
        visit.note(db, "search", detail=f"{len(found.leads)} found")
    return answer


def lead(visit: Visit, number: str) -> ResponseReturnValue:
    with reading(visit.desk.sessions) as db:
        known = seen(visit, db, number)
        if known.number != number:
            return to("lead", number=known.number)
        page = shown(visit, db, known)
    with visit.desk.sessions.begin() as db:
        visit.note(db, "open", known.number)
    return page


def _reading(visit: Visit, db: Session, known: Lead, openids: Sequence[str]) -> dict[str, Sequence[Any]]:
    """read: what they opened of what they were sent, with the time, the newest first. shown: what else they got."""
    opened = {one.article_id: one.at for one in reversed(readings.of(db, openids))}
    unopened = tuple(id for id in known.shown if id not in opened)
    read = [(opened[article.id], article) for article in visit.desk.articles(tuple(reversed(opened)))]
    return {"read": read, "shown": visit.desk.articles(unopened)}


def shown(visit: Visit, db: Session, known: Lead, *, revealed: bool = False, typed: str = "") -> str:
    """The page of one lead. typed: an answer that was not sent."""
    card = words.card(
        visit.desk,
        known,
        leads.content(visit.desk.secrets, known),
        near=is_near(visit, known),
        revealed=revealed,
        due=store.plans_of(db, [known.id]).get(known.id),
    )
    merged, whole = leads.merged_of(db, known), db.get(Lead, known.merged_into) if known.merged_into else None
    people = talk.people(visit, db, known)
    return render_template(
        "staff/lead.html",
        card=card,
        lead=known,
        whole=whole,
        merged=merged,
        twins=_twins(visit, db, known) if card.near and not whole else (),
        protected=known.protected_until is not None and known.protected_until > visit.now,
        people=people,
        apart=_apart(visit, db, known, people, revealed=revealed) if card.near else (),
        typed=typed,
        talk=talk.conversation(visit, db, people.openids, people.labels) if card.near else (),
        history=_history(visit, db, known),
        **_reading(visit, db, known, people.openids),
        asked=store.asked(db, people.openids),
        steps=_allowed(visit, known, "steps"),
        endings=_allowed(visit, known, "endings"),
        claimable=known.state in lifecycle.CLAIMABLE and may_claim(visit, known),
        assignable="assigned" in lifecycle.MOVES[known.state],
        colleagues=_colleagues(visit, db),
        still_open=visit.desk.still_open(people.to) if card.near and known.state != "withdrawn" else None,
    )


def _apart(visit: Visit, db: Session, known: Lead, people: talk.People, *, revealed: bool) -> list[tuple[str, Card]]:
    """What each of several followers left themselves, with what staff call them: the lead shows the last word of all."""
    if not people.are_apart:
        return []
    given = {part.openid: opened(visit.desk.secrets, part.sealed) for part in lead_parts.of(db, known.id)}
    cards = {openid: words.card(visit.desk, known, one, near=True, revealed=revealed) for openid, one in given.items()}
    return [(people.labels[openid], cards[openid]) for openid in people.openids]


def seen(visit: Visit, db: Session, number: str, *, locked: bool = False) -> Lead:
    """The lead of this number, if it is theirs to see; otherwise it is as if there were none. Raises Refused."""
    known = store.find(db, visit.scope, number, locked=locked)
    if known is None:
        raise Refused(f"lead {number}", 404)
    return known


def may_claim(visit: Visit, known: Lead) -> bool:
    """Theirs, nobody's, or one that nobody took on in time; managers take whatever waits."""
    return visit.staff.may("manager") or known.owner in ("", visit.name) or known.shared


def is_near(visit: Visit, known: Lead) -> bool:
    """Their own lead, or they are a manager: names may be seen, and steps taken."""
    return visit.staff.may("manager") or (known.owner == visit.name and known.state != "assigned")


def wanted_by(visit: Visit, asked: Mapping[str, str]) -> Filter:
    """The filter that an address or a form names."""
    view = next((view for view in visit.desk.texts["views"] if view["key"] == asked.get("view")), None)
    due = asked.get("view") == "due"
    first = visit.desk.texts["views"][0]
    return Filter(
        states=lifecycle.OPEN if due else (view or first)["states"],
        owner=asked.get("owner", ""),
        scene=asked.get("scene", ""),
        grade=asked.get("grade", ""),
        due_by=visit.today if due else None,
    )


def _search(visit: Visit, db: Session, text: str, after: Place | None) -> Found:
    secrets = visit.desk.secrets
    if _PHONE.fullmatch(text):
        hashes = leads.phone_hashes(secrets, _spellings(text))
        return store.page(db, visit.scope, Filter(phones=hashes), after, PAGE)
    named = store.page(db, visit.scope, Filter(names=leads.name_hashes(secrets, [text])), after, PAGE)
    if named.leads:
        return named
    matches = store.has_words(secrets, text.split())
    return store.search(db, visit.scope, Filter(), matches, after, PAGE, LOOKED_THROUGH)


def _spellings(text: str) -> set[str]:
    """How the number may be kept: with or without the country, without the zero of an area code."""
    digits = "".join(sign for sign in text if sign.isdigit())
    local = digits.removeprefix("00").removeprefix("86") if text.startswith(("+", "00", "86")) else digits
    return {f"+{digits}", f"+86{local}", f"+86{local.removeprefix('0')}"}


def _list(visit: Visit, db: Session, found: Found, asked: Mapping[str, str], text: str) -> ResponseReturnValue:
    due = store.plans_of(db, [one.id for one in found.leads])
    counts = store.counts(db, visit.scope)
    return render_template(
        "staff/leads.html",
        cards=[_card(visit, one, due) for one in found.leads],
        next=_spelled(found.next),
        tabs=_tabs(visit, counts, store.due_count(db, visit.scope, visit.today)),
        view="" if text else asked.get("view", visit.desk.texts["views"][0]["key"]),
        owner=asked.get("owner", ""),
        scene=asked.get("scene", ""),
        graded=asked.get("grade", ""),
        scenes=store.scenes(db),
        colleagues=_colleagues(visit, db),
        q=text,
    )


def _card(visit: Visit, one: Lead, due: Mapping[int, Any]) -> Card:
    content = leads.content(visit.desk.secrets, one)
    return words.card(visit.desk, one, content, near=is_near(visit, one), due=due.get(one.id))


def _tabs(visit: Visit, counts: Mapping[str, int], due: int) -> list[tuple[str, str, int]]:
    """Key, label and number of leads of each view, those due today in front where there are any."""
    tabs = [
        (view["key"], view["label"], sum(counts.get(state, 0) for state in view["states"] or counts))
        for view in visit.desk.texts["views"]
    ]
    return [("due", visit.desk.texts["due"], due), *tabs] if due else tabs


def _history(visit: Visit, db: Session, known: Lead) -> list[Entry]:
    """Events and notes, the newest first."""
    entries = [_entry(visit, event) for event in lead_events.of(db, known.id)]
    if is_near(visit, known):
        notes = lead_notes.of(db, visit.desk.secrets, known.id)
        entries += [Entry(note.at, note.who, text, is_note=True) for note, text in notes]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _entry(visit: Visit, event: lead_events.LeadEvent) -> Entry:
    texts = visit.desk.texts
    who = texts["who"].get(event.who, event.who)
    if event.kind == "moved" and event.after == "assigned":
        return Entry(event.at, who, f"{texts['events']['assigned']} {event.reason}")
    if event.kind == "merged":
        return Entry(event.at, who, f"{texts['events']['merged']} {event.reason}")
    what = texts["events"].get(event.kind, event.kind)
    if event.kind == "moved":
        what = f"{what}{texts['quote'].format(words.state(visit.desk, event.after))}"
    changed = texts["comma"].join(visit.desk.labels.get(name, name) for name in event.changed)
    return Entry(event.at, who, what, event.reason or changed)


def _twins(visit: Visit, db: Session, known: Lead) -> list[Card]:
    """Others that look like the same prospect, as far as they may be seen."""
    alike = [one for one in leads.likely_same(db, visit.desk.secrets, known) if visit.scope.holds(one)]
    return [_card(visit, one, {}) for one in alike]


def _allowed(visit: Visit, known: Lead, kind: str) -> list[tuple[str, str]]:
    """Those of the steps or endings of config/desk.toml that the lifecycle allows now."""
    if not is_near(visit, known):
        return []
    return [(to, label) for to, label in visit.desk.texts[kind].items() if to in lifecycle.MOVES[known.state]]


def _colleagues(visit: Visit, db: Session) -> Sequence[str]:
    if not visit.staff.may("manager"):
        return ()
    return [one.name for one in staff.listing(db) if one.disabled_at is None]


def _spelled(place: Place | None) -> str:
    return f"{(place.at - _BEGAN) // _TICK}-{place.id}" if place else ""


def _place(text: str) -> Place | None:
    """Where the page before ended; anything odd means: from the beginning."""
    found = re.fullmatch(r"(\d{1,17})-(\d{1,18})", text)
    return Place(_BEGAN + int(found[1]) * _TICK, int(found[2])) if found else None
