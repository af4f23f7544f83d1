"""Who is signed in: the account and the session behind the token in the browser's cookie."""

from __future__ import annotations

from flask import Flask, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user  # type: ignore[import-untyped]

from bot.store import staff
from bot.store.base import reading
from bot.store.staff import Audit, Staff
from handlers.web.staff.desk import Desk


class User(UserMixin):  # type: ignore[misc]
    """What Flask-Login knows of somebody. It keeps the token and no name: to end the session is to end the access."""

    def __init__(self, token: str, found: staff.SignedIn) -> None:
        self.token, self.staff, self.session = token, found.staff, found.session

    def get_id(self) -> str:
        return self.token


def know_people(app: Flask, desk: Desk) -> None:
    manager = LoginManager(app)
    manager.session_protection = None  # phones change their address all day; sessions can be ended one by one

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> User | None:
        now = desk.now()
        with reading(desk.sessions) as db:
            found = staff.signed_in(db, token, now)
        if found is None:
            return None
        if found.session.seen_at < now - staff.SEEN_STEP:
            with desk.sessions.begin() as db:
                staff.seen(db, found.session.id, now)
        return User(token, found)


def who() -> User | None:
    return current_user if current_user.is_authenticated else None


def enter(desk: Desk, account: Staff, how: str = "") -> None:
    """They are who they say. Everything the browser brought along is dropped: a session laid under them is worth nothing."""
    now = desk.now()
    with desk.sessions.begin() as db:
        token = staff.open_session(db, account, now, request.user_agent.string, peer())
        db.add(Audit(at=now, who=account.name, act="sign in", detail=how, peer=peer()))
    with reading(desk.sessions) as db:
        found = staff.signed_in(db, token, now)
    session.clear()
    if found is not None:
        session.permanent = True
        login_user(User(token, found))


def peer() -> str:
    return request.remote_addr or ""
