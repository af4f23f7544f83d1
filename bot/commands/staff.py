"""`python -m bot staff add|list|reset|disable NAME --role ROLE`: accounts of the staff desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from sqlalchemy.orm import Session

from bot.store import staff as stored
from bot.store.base import Sessions
from bot.store.staff import Audit, Staff

WHO = "system"


def staff(sessions: Sessions, action: str, name: str, role: str, now: datetime, out: TextIO) -> int:
    """Do one thing and say what came of it. 1: it could not be done; what is wrong is said in plain words."""
    with sessions.begin() as session:
        try:
            _ACTIONS[action](session, name, role, now, out)
        except (stored.BadName, stored.NameTaken, KeyError, _LastAdmin) as error:
            out.write(f"{_EXPLAINED[type(error)].format(name)}\n")
            return 1
    return 0


class _LastAdmin(Exception):
    pass


def first_admin(sessions: Sessions, name: str, now: datetime) -> str:
    """The one-time password of a first account, or "" where there is any account already."""
    with sessions.begin() as session:
        if stored.listing(session):
            return ""
        _log(session, now, "add account", stored.proper(name), "admin")
        return stored.add(session, name, "admin", now)


def _add(session: Session, name: str, role: str, now: datetime, out: TextIO) -> None:
    """Whoever comes first must be able to let the others in."""
    role = role or ("agent" if stored.listing(session) else "admin")
    made = stored.add(session, name, role, now)
    _log(session, now, "add account", stored.proper(name), role)
    _tell(out, stored.proper(name), made)


def _list(session: Session, _name: str, _role: str, now: datetime, out: TextIO) -> None:
    for one in stored.listing(session):
        facts = (
            "disabled" if one.disabled_at else "",
            "one-time password" if one.one_time_until and one.one_time_until > now else "",
            "two-step" if one.totp_on else "",
        )
        out.write(f"{one.name}  {one.role}  {', '.join(fact for fact in facts if fact)}".rstrip() + "\n")


def _reset(session: Session, name: str, _role: str, now: datetime, out: TextIO) -> None:
    account = _known(session, name)
    made = stored.reset(session, account, now)
    _log(session, now, "reset account", account.name)
    _tell(out, account.name, made)


def _disable(session: Session, name: str, _role: str, now: datetime, out: TextIO) -> None:
    account = _known(session, name)
    if stored.is_last_admin(session, account):
        raise _LastAdmin
    stored.disable(session, account, now)
    _log(session, now, "disable account", account.name)
    out.write(f"{account.name} is disabled and signed out everywhere.\n")


_ACTIONS: dict[str, Callable[[Session, str, str, datetime, TextIO], None]] = {
    "add": _add,
    "list": _list,
    "reset": _reset,
    "disable": _disable,
}

_EXPLAINED: dict[type[Exception], str] = {
    stored.BadName: "A name has 2 to 32 letters, digits, dots, dashes or underscores; {!r} has not.",
    stored.NameTaken: "There is an account {!r} already.",
    KeyError: "There is no account {!r}.",
    _LastAdmin: "{!r} is the last admin: make another one first.",
}


def _known(session: Session, name: str) -> Staff:
    account = stored.by_name(session, name)
    if account is None:
        raise KeyError(name)
    return account


def _tell(out: TextIO, name: str, made: str) -> None:
    out.write(f"{name} signs in at /staff with this one-time password, within {stored.ONE_TIME.days} days:\n{made}\n")


def _log(session: Session, now: datetime, act: str, target: str, detail: str = "") -> None:
    session.add(Audit(at=now, who=WHO, act=act, target=target, detail=detail, peer="command line"))
