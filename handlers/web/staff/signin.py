"""Coming in: name and password, a code where the account wants one, and not too many tries of either."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from bot.store import staff
from bot.store.base import reading
from bot.store.staff import Audit, Staff
from handlers.web.staff import access
from handlers.web.staff.desk import Desk
from handlers.web.staff.visit import to

PER_ADDRESS = "30 per minute; 300 per hour"
PER_NAME = "5 per minute; 20 per hour"
"""Wrong tries of one name from one address: who knows the password is not kept out by somebody elsewhere."""

PER_NAME_ANYWHERE = "100 per hour"
PER_CODE = "5 per minute; 15 per hour"
PENDING_SECONDS = 300
"""How long the password counts while the code is being looked up."""


def sign_in_door(app: Flask, door: Blueprint, desk: Desk) -> Limiter:
    """Gives what counts the wrong tries, for other ways in."""
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=_storage(desk.limiter_url),
        strategy="moving-window",
        key_prefix="desk",
        in_memory_fallback_enabled=True,  # without Redis each process counts by itself: worse, but not open
    )

    @door.get("/in")
    def sign_in() -> ResponseReturnValue:
        return to("leads") if access.who() else form(200)

    @door.post("/in")
    @wrong_tries(limiter, PER_ADDRESS, get_remote_address)
    @wrong_tries(limiter, PER_NAME, lambda: f"{_name()} {access.peer()}")
    @wrong_tries(limiter, PER_NAME_ANYWHERE, _name)
    def check() -> ResponseReturnValue:
        return _check(desk)

    @door.get("/in/code")
    def code_form() -> ResponseReturnValue:
        return render_template("staff/code.html") if _pending(desk) else _too_late(desk)

    @door.post("/in/code")
    @wrong_tries(limiter, PER_CODE, lambda: f"code {session.get('pending', [0])[0]}")
    def code() -> ResponseReturnValue:
        return _code(desk)

    return limiter


def here() -> str:
    """The page that was asked for, to come back to after signing in."""
    return request.full_path.rstrip("?") if request.method == "GET" else ""


def safe_next(wanted: str) -> str:
    """Only pages of the desk: a link that somebody sent must not end in somebody else's house."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return ""
    inside = not parts.scheme and not parts.netloc and parts.path.startswith("/staff/")
    odd = any(sign in wanted for sign in ("\\", "//", "..", "\n", "\r", "\t"))
    return wanted if inside and not odd else ""


def wrong_tries(
    limiter: Limiter, limit: str, key: Callable[[], str]
) -> Callable[..., Callable[[], ResponseReturnValue]]:
    """Counts what ended in 401."""
    return limiter.limit(limit, key_func=key, deduct_when=lambda response: response.status_code == 401)


def _check(desk: Desk) -> ResponseReturnValue:
    now = desk.now()
    with reading(desk.sessions) as db:
        account = staff.by_name(db, _name())
    if account is None or not staff.knows(account, request.form.get("password", ""), now):
        if account is None:
            staff.knows(None, request.form.get("password", ""), now)
        return wrong(desk, account, "wrong", form)
    return past_first(desk, account, safe_next(request.form.get("next", "")))


def past_first(desk: Desk, account: Staff, wanted: str, how: str = "") -> ResponseReturnValue:
    """They have shown who they are, `how` if not by password; a second factor is asked of them where they set one."""
    if account.totp_on:
        session.clear()
        session["pending"] = [account.id, int(desk.now().timestamp()), wanted, how]
        return to("code_form")
    return _enter(desk, account, wanted, how)


def _code(desk: Desk) -> ResponseReturnValue:
    pending = _pending(desk)
    if pending is None:
        return _too_late(desk)
    staff_id, _, wanted, how = pending
    code = "".join(request.form.get("code", "").split())
    with desk.sessions.begin() as db:
        account = db.get(Staff, staff_id)
        right = account is not None and staff.use_code(db, desk.secrets, account, code, desk.now())
    if account is None or account.disabled_at is not None or not right:
        return wrong(desk, account, "code_wrong", lambda status: (render_template("staff/code.html"), status))
    return _enter(desk, account, wanted, how)


def _enter(desk: Desk, account: Staff, wanted: str, how: str) -> Response:
    access.enter(desk, account, how)
    return redirect(wanted, 303) if wanted else to("leads")  # type: ignore[return-value]


def wrong(
    desk: Desk, account: Staff | None, said: str, page: Callable[[int], ResponseReturnValue]
) -> ResponseReturnValue:
    """What was typed as a name is not kept where there is no such account: it may have been a password."""
    who = account.name if account else ""
    with desk.sessions.begin() as db:
        db.add(Audit(at=desk.now(), who=who, act="sign in failed", detail=said, peer=access.peer()))
    flash(desk.texts["said"][said], "bad")
    return page(401)


def form(status: int, wanted: str = "") -> ResponseReturnValue:
    wanted = safe_next(wanted or request.values.get("next", ""))
    return render_template("staff/sign_in.html", next=wanted, name=request.form.get("name", "")), status


def _pending(desk: Desk) -> tuple[int, int, str, str] | None:
    pending = session.get("pending", ())
    if len(pending) != 4:  # none, or kept by a version from before
        return None
    staff_id, since, wanted, how = pending
    fresh = desk.now().timestamp() - since < PENDING_SECONDS
    return (staff_id, since, wanted, how) if fresh else None


def _too_late(desk: Desk) -> ResponseReturnValue:
    flash(desk.texts["said"]["pending_gone"], "bad")
    return to("sign_in")


def _name() -> str:
    return staff.proper(request.form.get("name", ""))[:32]


def _storage(url: str) -> str:
    """The address as the limits package spells it."""
    if url.startswith("redis+cluster://"):
        return url.split("?")[0].rsplit("/", 1)[0] if url.count("/") > 2 else url
    return f"redis+{url}" if url.startswith("unix:") else url
