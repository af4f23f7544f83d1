"""Somebody signed in who wants something: the desk, who it is, when and from where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import flash, redirect, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from bot.store.desk import Scope
from bot.store.staff import Audit, Staff
from handlers.web.staff.desk import Desk

SHANGHAI = ZoneInfo("Asia/Shanghai")


LARGEST = 2**31 - 2
"""What a column holds, and one more."""


def counted(text: str) -> int:
    """Raises ValueError for what is none, or larger than anything counted here."""
    found = int(text)
    if abs(found) > LARGEST:
        raise ValueError("too large a number")
    return found


class Refused(Exception):
    """They may not. status: 403 where they know that it is there, 404 where they need not."""

    def __init__(self, target: str, status: int = 403) -> None:
        super().__init__(target)
        self.target, self.status = target, status


@dataclass(frozen=True, slots=True)
class Visit:
    """session_id: of the browser they use now."""

    desk: Desk
    staff: Staff
    session_id: int
    now: datetime
    peer: str

    @property
    def name(self) -> str:
        return self.staff.name

    @property
    def scope(self) -> Scope:
        return Scope(self.name, self.staff.may("manager"))

    @property
    def today(self) -> date:
        return self.now.astimezone(SHANGHAI).date()

    def note(self, session: Session, act: str, target: str = "", detail: str = "") -> None:
        """For the log; in the same transaction as what it tells of."""
        session.add(Audit(at=self.now, who=self.name, act=act, target=target[:64], detail=detail, peer=self.peer))

    def say(self, said: str, /, kind: str = "good", **facts: object) -> None:
        """One sentence on the next page."""
        flash(str(self.desk.texts["said"][said]).format(**facts), kind)


def to(name: str, **path: object) -> Response:
    """Look at a page of the desk after something was changed."""
    return redirect(url_for(f"staff.{name}", **path), 303)  # type: ignore[arg-type]
