"""QR codes with a scene for parks, exhibitions and colleagues: made, printed, and how many came by each."""

from __future__ import annotations

import io
from datetime import timedelta

import segno
from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from bot.store import codes as store
from bot.store.base import reading
from bot.store.codes import LONGEST, MOST_DAYS, Code
from handlers.web.staff.visit import Visit, counted, to

DAYS = (0, 7, MOST_DAYS)
"""How long a code may last, to choose from; 0 = for ever."""


def codes(visit: Visit) -> ResponseReturnValue:
    with reading(visit.desk.sessions) as db:
        made = store.listing(db)
        return render_template(
            "staff/codes.html",
            codes=made,
            brought=store.brought(db, {code.scene for code in made}),
            may_make=any(one.allowed for one in visit.desk.account() if one.right.name == "qr_codes"),
            days=DAYS,
            longest=LONGEST,
            now=visit.now,
        )


def make(visit: Visit) -> ResponseReturnValue:
    scene, days = " ".join(request.form.get("scene", "").split()), request.form.get("days", 0, type=counted)
    if not 1 <= len(scene) <= LONGEST or days not in DAYS:
        visit.say("qr_wrong", "bad", longest=LONGEST)
        return to("codes")
    address, why = visit.desk.make_code(scene, days)
    if not address:
        visit.say("qr_refused", "bad", why=why)
        return to("codes")
    expires = visit.now + timedelta(days=days) if days else None
    with visit.desk.sessions.begin() as db:
        db.add(Code(scene=scene, address=address, made_at=visit.now, made_by=visit.name, expires_at=expires))
        visit.note(db, "make code", scene)
    visit.say("qr_made", scene=scene)
    return to("codes")


def picture(visit: Visit, number: int) -> ResponseReturnValue:
    """As large as one likes: for a phone as for a stand at a fair."""
    with reading(visit.desk.sessions) as db:
        code = db.get(Code, number) or abort(404)
    out = io.BytesIO()
    segno.make(code.address, error="m", micro=False).save(out, kind="svg", scale=8, border=4, light="#fff")
    return Response(out.getvalue(), mimetype="image/svg+xml")
