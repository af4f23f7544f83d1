"""Coming in by one's own WeChat: bound once at one's account, then a tap where the link of a notice was opened.

The browser is sent to the platform with a state that only it knows, and comes back with it and a code that counts once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from flask import Blueprint, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from bot.store import staff
from bot.store.base import reading
from bot.store.staff import Audit, Staff, WeChatTaken
from handlers.web.staff import access, signin
from handlers.web.staff.desk import Desk
from handlers.web.staff.visit import Visit, to

BACK = "/staff/in/wechat/back"
ASKED_SECONDS = 300
"""As long as the platform's code counts."""

SIGN_IN, BIND = "sign in", "bind"


def wechat_door(door: Blueprint, desk: Desk, limiter: Limiter) -> None:
    """The two addresses that anybody may open; binding is done at one's account, see routes.py."""

    @door.post("/in/wechat")
    def by_wechat() -> ResponseReturnValue:
        if desk.wechat.closed():
            return to("sign_in")
        return _ask(desk, SIGN_IN, signin.safe_next(request.form.get("next", "")))

    @door.get("/in/wechat/back")
    @signin.wrong_tries(limiter, signin.PER_ADDRESS, get_remote_address)
    def wechat_back() -> ResponseReturnValue:
        return _back(desk)

    door.add_app_template_global(lambda: offer(desk), "wechat_offer")


def offer(desk: Desk) -> str:
    """ "button" where one tap does it, "elsewhere" in a browser outside of WeChat, or why it cannot be had at all."""
    agent = request.user_agent.string
    # WeCom names itself MicroMessenger, too, but knows nothing of the accounts that people follow.
    inside = "MicroMessenger" in agent and "wxwork" not in agent
    return desk.wechat.closed() or ("button" if inside else "elsewhere")


def bind(visit: Visit) -> ResponseReturnValue:
    """Somebody at an unlocked phone must not be able to lay a way in for themselves: it takes the password."""
    if visit.desk.wechat.closed():
        return to("me")
    if not staff.knows(visit.staff, request.form.get("password", ""), visit.now):
        visit.say("password_wrong", "bad")
        return to("me")
    return _ask(visit.desk, BIND, str(visit.session_id))


def unbind(visit: Visit) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        mine: Staff = db.merge(visit.staff, load=True)
        mine.wechat = None
        visit.note(db, "wechat off")
    visit.say("wechat_off")
    return to("me")


def _ask(desk: Desk, wish: str, fact: str) -> ResponseReturnValue:
    """fact: the page wanted after signing in, or the session that may be bound."""
    state = secrets.token_hex(16)
    session["wechat"] = [state, int(desk.now().timestamp()), wish, fact]
    return redirect(desk.wechat.address(BACK, state), 303)


def _back(desk: Desk) -> ResponseReturnValue:
    state, since, wish, fact = session.pop("wechat", ("", 0, "", ""))
    told = request.args.get("state", "")
    fresh = desk.now().timestamp() - since < ASKED_SECONDS
    if not state or not fresh or not secrets.compare_digest(state.encode(), told.encode()):
        return _refused(desk, None, "wechat_state")
    openid = desk.wechat.whose(request.args.get("code", ""))
    if not openid:
        return _refused(desk, None, "wechat_code", signin.safe_next(fact))
    return _WISHES[wish](desk, openid, fact)


def _come_in(desk: Desk, openid: str, wanted: str) -> ResponseReturnValue:
    with reading(desk.sessions) as db:
        account = staff.by_wechat(db, desk.secrets, openid)
    if account is None or account.disabled_at is not None or account.one_time_until is not None:
        return _refused(desk, account, "wechat_unknown", wanted)
    return signin.past_first(desk, account, wanted, "wechat")


def _bound(desk: Desk, openid: str, session_id: str) -> ResponseReturnValue:
    """Only in the session that asked for it."""
    user = access.who()
    if user is None or str(user.session.id) != session_id:
        return _refused(desk, None, "wechat_state")
    visit = Visit(desk, user.staff, user.session.id, desk.now(), access.peer())
    try:
        with desk.sessions.begin() as db:
            staff.bind_wechat(db, desk.secrets, db.merge(user.staff, load=True), openid)
            visit.note(db, "wechat on")
    except WeChatTaken:
        _log(desk, user.staff.name, "wechat_taken")
        visit.say("wechat_taken", "bad")
    else:
        visit.say("wechat_on")
    return to("me")


_WISHES: dict[str, Callable[[Desk, str, str], ResponseReturnValue]] = {SIGN_IN: _come_in, BIND: _bound}


def _refused(desk: Desk, account: Staff | None, said: str, wanted: str = "") -> ResponseReturnValue:
    """To the door with its other ways in, and from there to the page that was wanted."""
    return signin.wrong(desk, account, said, lambda status: signin.form(status, wanted))


def _log(desk: Desk, who: str, said: str) -> None:
    with desk.sessions.begin() as db:
        db.add(Audit(at=desk.now(), who=who, act="refused", target=said, peer=access.peer()))
