"""What else staff look at: notices that did not arrive, questions, pushes, the account's health, the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue

from bot.store import desk as store
from bot.store import outbox as notices
from bot.store import staff
from bot.store.base import reading
from handlers.web.staff.desk import Standing, Vital
from handlers.web.staff.visit import SHANGHAI, Visit, counted, to

PAGE = 50
ASKED_WITHIN = timedelta(days=30)
PENDING = ("dead", "waiting", "sending")


def questions(visit: Visit) -> ResponseReturnValue:
    since = visit.now - ASKED_WITHIN
    with reading(visit.desk.sessions) as db:
        return render_template(
            "staff/questions.html",
            unanswered=store.questions(db, answered=False, since=since, limit=PAGE),
            hot=store.questions(db, answered=True, since=since, limit=PAGE),
            days=ASKED_WITHIN.days,
        )


def outbox(visit: Visit) -> ResponseReturnValue:
    """Dead letters first: somebody should have been told, and was not."""
    with reading(visit.desk.sessions) as db:
        return render_template(
            "staff/outbox.html",
            notices=store.notices(db, PENDING, PAGE),
            counts=notices.counts(db),
            oldest=notices.oldest_undelivered(db),
        )


def retry(visit: Visit) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        count = notices.revive(db, visit.now, visit.desk.channels)
        visit.note(db, "retry notices", detail=str(count))
    visit.desk.wake()
    visit.say("retried" if count else "retried_none", "good" if count else "bad", count=count)
    return to("outbox")


def account(visit: Visit) -> ResponseReturnValue:
    desk = visit.desk
    vitals = [(vital, _told(visit, vital)) for vital in desk.vitals()]
    rights = [(one, _why(visit, one)) for one in desk.account()]
    return render_template("staff/account.html", rights=rights, usage=desk.usage(), vitals=vitals)


def _why(visit: Visit, standing: Standing) -> str:
    """In words, why the account may not do something; "" where it may."""
    texts = visit.desk.texts["why_not"]
    at = f"{standing.refused_at.astimezone(SHANGHAI):%m-%d %H:%M}" if standing.refused_at else ""
    return str(texts.get(standing.lacks, standing.reason)).format(at=at)


def _told(visit: Visit, vital: Vital) -> str:
    """A number as people say it: 3 分钟前, 12 条, 有."""
    texts = visit.desk.texts["health"]
    pattern = texts["patterns"].get(vital.name, "{count}")
    if vital.value is None:
        return str(texts["nothing"].get(vital.name, texts["nothing"]["else"]))
    if pattern == "yes":
        return str(texts["yes"] if vital.value else texts["no"])
    return str(pattern).format(count=round(vital.value), span=_span(texts["units"], vital.value))


def _span(units: Mapping[str, str], seconds: float) -> str:
    name, size = next((row for row in _UNITS.items() if seconds >= 2 * row[1]), ("seconds", 1))
    return f"{round(seconds / size)} {units[name]}"


_UNITS = {"days": 86400, "hours": 3600, "minutes": 60}


def log(visit: Visit) -> ResponseReturnValue:
    before, who = request.args.get("before", 0, type=counted), request.args.get("who", "")
    target = request.args.get("target", "").strip()
    with reading(visit.desk.sessions) as db:
        rows = staff.audit_page(db, before, PAGE, who, target)
        return render_template(
            "staff/log.html",
            rows=rows,
            who=who,
            target=target,
            people=[one.name for one in staff.listing(db)],
            next=rows[-1].id if len(rows) == PAGE else 0,
        )
