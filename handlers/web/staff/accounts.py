"""Accounts of the others: admins make them, change their roles, and close them."""

from __future__ import annotations

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.store import staff
from bot.store.base import reading
from bot.store.staff import ROLES, BadName, NameTaken, Staff
from handlers.web.staff.visit import Visit, to


def people(visit: Visit) -> ResponseReturnValue:
    return _page(visit)


def add(visit: Visit) -> ResponseReturnValue:
    name, role = request.form.get("name", ""), _role()
    try:
        with visit.desk.sessions.begin() as db:
            made = staff.add(db, name, role, visit.now)
            visit.note(db, "add account", staff.proper(name), role)
    except BadName:
        return _back(visit, "account_bad_name")
    except NameTaken:
        return _back(visit, "account_taken")
    return _page(visit, staff.proper(name), made)


def role(visit: Visit, name: str) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        account = _known(db, name)
        if _role() != "admin" and staff.is_last_admin(db, account):
            return _back(visit, "last_admin")
        account.role = _role()
        visit.note(db, "change role", account.name, account.role)
    visit.say("account_role", name=account.name, role=visit.desk.texts["roles"][account.role])
    return to("people")


def reset(visit: Visit, name: str) -> ResponseReturnValue:
    """A new password that is shown once, on this page only; it also opens a closed account again."""
    with visit.desk.sessions.begin() as db:
        account = _known(db, name)
        made = staff.reset(db, account, visit.now)
        visit.note(db, "reset account", account.name)
    return _page(visit, account.name, made) if account.id != visit.staff.id else to("sign_in")


def disable(visit: Visit, name: str) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        account = _known(db, name)
        if staff.is_last_admin(db, account):
            return _back(visit, "last_admin")
        staff.disable(db, account, visit.now)
        visit.note(db, "disable account", account.name)
    visit.say("account_disabled", name=account.name)
    return to("people")


def _page(visit: Visit, name: str = "", made: str = "") -> ResponseReturnValue:
    with reading(visit.desk.sessions) as db:
        return render_template(
            "staff/people.html", people=staff.listing(db), roles=ROLES, name=name, made=made, days=staff.ONE_TIME.days
        )


def _known(db: Session, name: str) -> Staff:
    return staff.by_name(db, name) or abort(404)


def _role() -> str:
    wanted = request.form.get("role", "")
    return wanted if wanted in ROLES else abort(400)


def _back(visit: Visit, said: str) -> ResponseReturnValue:
    visit.say(said, "bad")
    return to("people")
