"""Hangs the desk into a Flask application: forged forms, headers, filters, and who is turned away."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException, NotFound, TooManyRequests
from werkzeug.routing import IntegerConverter

from bot.store import outbox, staff
from bot.store.base import reading
from bot.store.staff import Audit
from handlers.web.staff import access, signin, wechat, words
from handlers.web.staff.desk import Desk
from handlers.web.staff.routes import BEFORE_OWN_PASSWORD, NAV, ROUTES, Route
from handlers.web.staff.visit import LARGEST, Refused, Visit, to

log = logging.getLogger(__name__)

HEADERS = {
    # No scripts but our own files, nothing from elsewhere, and nobody may frame us. data: are the arrows inside the
    # stylesheet.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


STYLES = ("pico/pico.jade.min.css", "desk.css")
"""Pico CSS 2.1.1, as its package ships it (MIT), and what we add. Pages load nothing else."""

CHART_STYLES = ("uplot/uPlot.min.css",)
CHART_SCRIPTS = ("uplot/uPlot.iife.min.js", "charts.js")
"""uPlot 1.6.32, as its package ships it (MIT), and how we use it. Only the page of figures loads it."""

FOR_EVER = "public, max-age=31536000, immutable"


def desk_door(app: Flask, desk: Desk) -> None:
    """Register everything under /staff. The rest of the application notices nothing of it."""
    _configure(app, desk)
    app.url_map.converters["int"] = partial(IntegerConverter, max=LARGEST)  # type: ignore[assignment]
    access.know_people(app, desk)
    door = Blueprint("staff", __name__, url_prefix="/staff", template_folder="templates", static_folder="static")
    door.before_request(partial(_check_form, CSRFProtect(app)))
    door.after_request(partial(_with_headers, _headers(desk)))
    door.context_processor(partial(_surroundings, desk))
    _dress(door, desk)
    wechat.wechat_door(door, desk, signin.sign_in_door(app, door, desk))
    for route in ROUTES:
        door.add_url_rule(route.path, view_func=_guarded(desk, route), **route.options)
    for refusal, answer in _REFUSALS.items():
        door.register_error_handler(refusal, partial(answer, desk))
    app.register_blueprint(door)


def _configure(app: Flask, desk: Desk) -> None:
    app.secret_key = desk.secret_key
    app.config.update(
        SESSION_COOKIE_NAME="desk",
        SESSION_COOKIE_PATH="/staff",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=desk.secure,
        SESSION_COOKIE_SAMESITE="Lax",  # Strict would ask for a password after every tap on a link in a staff group
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=staff.LONGEST,
        WTF_CSRF_CHECK_DEFAULT=False,  # only the desk has forms; the platform's callbacks carry no token
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page left open over lunch still works
    )


def _guarded(desk: Desk, route: Route) -> Callable[..., ResponseReturnValue]:
    """The view for those who may; others are sent to the door, or away."""

    def view(**path: Any) -> ResponseReturnValue:
        user = access.who()
        if user is None:
            return to("sign_in", next=signin.here())
        if not user.staff.may(route.role):
            raise Refused(route.name)
        if user.staff.one_time_until is not None and route.name not in BEFORE_OWN_PASSWORD:
            return to("me")
        return route.view(Visit(desk, user.staff, user.session.id, desk.now(), access.peer()), **path)

    return view


def _check_form(csrf: CSRFProtect) -> None:
    if request.method == "POST":
        csrf.protect()


def _headers(desk: Desk) -> Mapping[str, str]:
    """A form may lead on to where WeChat says whose it is: browsers look at redirects of forms, too."""
    policy = HEADERS["Content-Security-Policy"]
    origin = desk.wechat.origin
    own = policy.replace("form-action 'self'", f"form-action 'self' {origin}") if origin else policy
    return {**HEADERS, "Content-Security-Policy": own}


def _with_headers(headers: Mapping[str, str], response: Response) -> Response:
    response.headers.update(headers)
    styles = request.endpoint == "staff.static" and "v" in request.args
    response.headers["Cache-Control"] = FOR_EVER if styles else "no-store"
    return response


def _surroundings(desk: Desk) -> dict[str, Any]:
    """What every page can use."""
    user = access.who()
    account = user.staff if user else None
    menu = [(name, desk.texts["nav"][name]) for name, role in NAV if account and account.may(role)]
    dead = _dead(desk) if account and account.may("manager") else 0
    return {"t": desk.texts, "firm": desk.firm, "account": account, "menu": menu, "alerts": {"outbox": dead}}


def _dead(desk: Desk) -> int:
    """Notices that did not arrive: whoever can do something about it sees them on every page."""
    with reading(desk.sessions) as db:
        return outbox.counts(db).get("dead", 0)


def _dress(door: Blueprint, desk: Desk) -> None:
    """Filters of the templates, and files whose addresses change with their content."""
    door.add_app_template_filter(partial(words.moment, desk.now), "moment")
    door.add_app_template_filter(partial(words.device, desk.texts["devices"]), "device")
    for name, files in {"desk_styles": STYLES, "chart_styles": CHART_STYLES, "chart_scripts": CHART_SCRIPTS}.items():
        door.add_app_template_global(partial(_addresses, {path: _mark(path) for path in files}), name)


def _addresses(marks: Mapping[str, str]) -> list[str]:
    return [url_for("staff.static", filename=path, v=mark) for path, mark in marks.items()]


def _mark(path: str) -> str:
    return hashlib.sha256((Path(__file__).parent / "static" / path).read_bytes()).hexdigest()[:12]


# Each refusal is logged; those of people we know also where managers read it.


def _refuse(desk: Desk, refused: Refused) -> ResponseReturnValue:
    return _turned_away(desk, refused.status, "refused", refused.target)


def _forged(desk: Desk, _error: CSRFError) -> ResponseReturnValue:
    return _turned_away(desk, 400, "refused", f"form {request.endpoint}")


def _slow_down(desk: Desk, _error: TooManyRequests) -> ResponseReturnValue:
    return _turned_away(desk, 429, "throttled", request.endpoint or "")


def _odd(_desk: Desk, error: HTTPException) -> ResponseReturnValue:
    return _page(error.code or 400)


def _turned_away(desk: Desk, status: int, act: str, target: str) -> ResponseReturnValue:
    user, peer = access.who(), access.peer()
    name = user.staff.name if user else ""
    log.warning("desk refused", extra={"status": status, "act": act, "target": target, "staff": name, "peer": peer})
    if name:
        with desk.sessions.begin() as db:
            db.add(Audit(at=desk.now(), who=name, act=act, target=target[:64], detail=str(status), peer=peer))
    return _page(status)


def _page(status: int) -> ResponseReturnValue:
    return render_template("staff/refused.html", status=status), status


_REFUSALS: dict[type[Exception], Callable[[Desk, Any], ResponseReturnValue]] = {
    Refused: _refuse,
    CSRFError: _forged,
    TooManyRequests: _slow_down,
    NotFound: _odd,
}
