"""Oneself: password, second factor, and the devices that are signed in."""

from __future__ import annotations

import io
from datetime import date

import pyotp
import segno
from flask import Response, abort, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import logout_user  # type: ignore[import-untyped]
from sqlalchemy.orm import Session

from bot.store import staff
from bot.store.base import reading
from bot.store.staff import BadPassword, Staff
from handlers.web.staff.visit import Visit, to


def me(visit: Visit) -> ResponseReturnValue:
    with reading(visit.desk.sessions) as db:
        return render_template(
            "staff/me.html",
            sessions=staff.sessions_of(db, visit.staff.id),
            session_id=visit.session_id,
            offered=staff.offered_totp(visit.desk.secrets, visit.staff),
            shortest=staff.SHORTEST_PASSWORD,
        )


def password(visit: Visit) -> ResponseReturnValue:
    new = request.form.get("new", "")
    if not staff.knows(visit.staff, request.form.get("password", ""), visit.now):
        return _back(visit, "password_wrong")
    if new != request.form.get("again"):
        return _back(visit, "password_unequal")
    try:
        with visit.desk.sessions.begin() as db:
            staff.choose_password(db, _myself(visit, db), new, visit.session_id)
            visit.note(db, "password")
    except BadPassword:
        return _back(visit, "password_weak")
    visit.say("password_chosen")
    return to("leads") if visit.staff.one_time_until else to("me")


def away(visit: Visit) -> ResponseReturnValue:
    """Up to and including that day no leads go to them; without a day they are back."""
    try:
        until = date.fromisoformat(request.form.get("until", "")) if request.form.get("until") else None
    except ValueError:
        return _back(visit, "date_wrong")
    if until is not None and until < visit.today:
        return _back(visit, "date_wrong")
    with visit.desk.sessions.begin() as db:
        _myself(visit, db).away_until = until
        visit.note(db, "away", detail=str(until or ""))
    visit.say("away" if until else "back", date=until)
    return to("me")


def offer(visit: Visit) -> ResponseReturnValue:
    """A secret to scan. It replaces one that was never confirmed, but none that is in use."""
    if not visit.staff.totp_on:
        with visit.desk.sessions.begin() as db:
            staff.offer_totp(db, visit.desk.secrets, _myself(visit, db))
    return to("me")


def picture(visit: Visit) -> ResponseReturnValue:
    offered = staff.offered_totp(visit.desk.secrets, visit.staff)
    if not offered:
        abort(404)
    address = pyotp.TOTP(offered).provisioning_uri(name=visit.name, issuer_name=visit.desk.firm or None)
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", scale=4, border=4, light="#fff")
    return Response(out.getvalue(), mimetype="image/svg+xml")


def turn_on(visit: Visit) -> ResponseReturnValue:
    code = "".join(request.form.get("code", "").split())
    with visit.desk.sessions.begin() as db:
        mine = _myself(visit, db)
        right = not mine.totp_on and staff.use_code(db, visit.desk.secrets, mine, code, visit.now)
        if right:
            mine.totp_on = True
            staff.close_all(db, mine.id, but=visit.session_id)
            visit.note(db, "totp on")
    visit.say("totp_on" if right else "code_wrong", "good" if right else "bad")
    return to("me")


def turn_off(visit: Visit) -> ResponseReturnValue:
    """Somebody at an unlocked phone must not be able to: it takes the password."""
    if not staff.knows(visit.staff, request.form.get("password", ""), visit.now):
        return _back(visit, "password_wrong")
    with visit.desk.sessions.begin() as db:
        mine = _myself(visit, db)
        mine.totp_on, mine.totp_sealed = False, None
        visit.note(db, "totp off")
    visit.say("totp_off")
    return to("me")


def end_session(visit: Visit, session_id: int) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        if not staff.close(db, visit.staff.id, session_id):
            abort(404)
        visit.note(db, "end session")
    visit.say("session_ended")
    return to("me")


def out(visit: Visit) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        staff.close(db, visit.staff.id, visit.session_id)
        visit.note(db, "sign out")
    logout_user()
    session.clear()
    visit.say("signed_out")
    return to("sign_in")


def _myself(visit: Visit, db: Session) -> Staff:
    """The account as a row of this transaction."""
    return db.merge(visit.staff, load=True)


def _back(visit: Visit, said: str) -> ResponseReturnValue:
    visit.say(said, "bad")
    return to("me")
