"""Staff of the desk: their accounts, their sessions, and the log of what they changed or looked at."""

from __future__ import annotations

import hashlib
import re
import secrets as random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

import pyotp
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store.base import Base, BigId
from bot.store.secrets import Secrets

ROLES = ("agent", "manager", "admin")
"""Each may do what those before it may."""

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 128
ONE_TIME = timedelta(days=3)
"""A password that we made up is good for this long, and only for choosing an own one."""

IDLE, LONGEST = timedelta(days=3), timedelta(days=30)
"""A session ends when nobody used it over a long weekend, and in any case after a month."""

SEEN_STEP = timedelta(minutes=5)
"""How exact `seen_at` is kept: browsing costs one write in five minutes, not one a page."""

_NAME = re.compile(r"[\w.-]{2,32}")
_TAKEN = frozenset({"follower", "system"})
"""Names that lead events use for others than staff."""

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
TOTP, WECHAT = "totp", "staff wechat"
_STEP = 30


class BadName(Exception):
    """Not 2 to 32 letters, digits, dots or dashes, or a name with a meaning of its own."""


class NameTaken(Exception):
    """There is an account of this name."""


class WeChatTaken(Exception):
    """This WeChat opens the account of somebody else."""


class BadPassword(Exception):
    """Too short, too long, or the account's own name."""


class Staff(Base):
    """name: how they sign in and how leads name their owner; never changes.

    one_time_until: set while the password is one that we made up. totp_step: the last code's time, so that no code
    works twice. away_until: gets no leads up to and including this day. wechat: keyed hash of their own openid.
    """

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(32), unique=True)
    role: Mapped[str] = mapped_column(sa.String(16))
    password: Mapped[str] = mapped_column(sa.Text)
    one_time_until: Mapped[datetime | None]
    totp_sealed: Mapped[bytes | None]
    totp_on: Mapped[bool] = mapped_column(default=False)
    totp_step: Mapped[int] = mapped_column(BigId, default=0)
    away_until: Mapped[date | None] = mapped_column(sa.Date)
    wechat: Mapped[str | None] = mapped_column(sa.String(64), unique=True, index=True)
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    def may(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)


class StaffSession(Base):
    """One browser signed in. Only a hash of its token is kept: who reads the table cannot sign in with it."""

    __tablename__ = "staff_sessions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    device: Mapped[str] = mapped_column(sa.String(160), default="")
    peer: Mapped[str] = mapped_column(sa.String(45), default="")


class Audit(Base):
    """who did what to which lead or account, from where. detail: facts that are nobody's personal data."""

    __tablename__ = "staff_audit"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(sa.String(64), index=True)
    act: Mapped[str] = mapped_column(sa.String(32))
    target: Mapped[str] = mapped_column(sa.String(64), default="", index=True)
    detail: Mapped[str] = mapped_column(sa.Text, default="")
    peer: Mapped[str] = mapped_column(sa.String(45), default="")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody with a live session."""

    staff: Staff
    session: StaffSession


# Accounts


def proper(name: str) -> str:
    """The one spelling of a name: widths and cases do not tell two people apart."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def add(session: Session, name: str, role: str, now: datetime) -> str:
    """A new account. Returns its one-time password. Raises BadName, NameTaken."""
    name = proper(name)
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise BadName(name)
    if by_name(session, name) is not None:
        raise NameTaken(name)
    account = Staff(name=name, role=role, password="", created_at=now)
    session.add(account)
    return reset(session, account, now)


def reset(session: Session, account: Staff, now: datetime) -> str:
    """A new one-time password; second factor and WeChat are off, nobody is signed in any more. Disabled ones come back."""
    made = "-".join("".join(random.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    account.password = _hasher().hash(made)
    account.one_time_until = now + ONE_TIME
    account.totp_sealed, account.totp_on, account.disabled_at, account.wechat = None, False, None, None
    session.flush()
    close_all(session, account.id)
    return made


def choose_password(session: Session, account: Staff, password: str, keep: int) -> None:
    """Raises BadPassword. All sessions but the one of number `keep` end."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or proper(password) == account.name:
        raise BadPassword
    account.password, account.one_time_until = _hasher().hash(password), None
    close_all(session, account.id, but=keep)


def disable(session: Session, account: Staff, now: datetime) -> None:
    account.disabled_at = now
    close_all(session, account.id)


def by_name(session: Session, name: str) -> Staff | None:
    return session.scalar(sa.select(Staff).where(Staff.name == proper(name)))


def listing(session: Session) -> Sequence[Staff]:
    return session.scalars(sa.select(Staff).order_by(Staff.disabled_at.is_not(None), Staff.name)).all()


def is_last_admin(session: Session, account: Staff) -> bool:
    """Without them nobody could open the door again from inside."""
    others = sa.select(Staff.id).where(Staff.role == "admin", Staff.disabled_at.is_(None), Staff.id != account.id)
    return account.role == "admin" and session.scalar(others.limit(1)) is None


def knows(account: Staff | None, password: str, now: datetime) -> bool:
    """Whether this is the account's password. Takes as long for an account that does not exist. No database."""
    try:
        _hasher().verify(account.password if account else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    if account is None or account.disabled_at is not None:
        return False
    return account.one_time_until is None or now < account.one_time_until


# The second factor


def offer_totp(session: Session, secrets: Secrets, account: Staff) -> str:
    """A new secret for an authenticator app; it counts only once a first code was right."""
    made = pyotp.random_base32()
    account.totp_sealed, account.totp_on = secrets.seal(made.encode(), TOTP), False
    session.flush()
    return made


def offered_totp(secrets: Secrets, account: Staff) -> str:
    """The secret that waits for its first code, or ""."""
    return secrets.open(account.totp_sealed, TOTP).decode() if account.totp_sealed and not account.totp_on else ""


def use_code(session: Session, secrets: Secrets, account: Staff, code: str, now: datetime) -> bool:
    """Whether the code is right for about now; each code works once, also for two who try it at the same moment."""
    if account.totp_sealed is None:
        return False
    totp = pyotp.TOTP(secrets.open(account.totp_sealed, TOTP).decode())
    this, given = int(now.timestamp()) // _STEP, proper(code).encode()  # ６ from a Chinese keyboard is a 6
    steps = (this, this - 1, this + 1)
    step = next((step for step in steps if random.compare_digest(totp.at(step * _STEP).encode(), given)), 0)
    unused = sa.and_(Staff.id == account.id, Staff.totp_step < step)
    return session.scalar(sa.update(Staff).where(unused).values(totp_step=step).returning(Staff.id)) is not None


# Their own WeChat


def by_wechat(session: Session, secrets: Secrets, openid: str) -> Staff | None:
    """The account that this WeChat opens."""
    return session.scalar(sa.select(Staff).where(Staff.wechat == secrets.keyed_hash(openid, WECHAT)))


def bind_wechat(session: Session, secrets: Secrets, account: Staff, openid: str) -> None:
    """Raises WeChatTaken."""
    known = by_wechat(session, secrets, openid)
    if known is not None and known.id != account.id:
        raise WeChatTaken
    account.wechat = secrets.keyed_hash(openid, WECHAT)
    try:
        session.flush()
    except sa.exc.IntegrityError:  # somebody else was faster by a moment
        raise WeChatTaken from None


# Sessions


def open_session(session: Session, account: Staff, now: datetime, device: str, peer: str) -> str:
    """Returns the token for the browser's cookie; it is nowhere else."""
    token = random.token_urlsafe(32)
    made = StaffSession(token_hash=_hashed(token), staff_id=account.id, opened_at=now, seen_at=now)
    made.device, made.peer = device[:160], peer[:45]
    session.add(made)
    return token


def signed_in(session: Session, token: str, now: datetime) -> SignedIn | None:
    mine = sa.select(Staff, StaffSession).join(StaffSession, StaffSession.staff_id == Staff.id)
    alive = sa.and_(StaffSession.seen_at > now - IDLE, StaffSession.opened_at > now - LONGEST)
    found = session.execute(
        mine.where(StaffSession.token_hash == _hashed(token), alive, Staff.disabled_at.is_(None))
    ).one_or_none()
    return SignedIn(found[0], found[1]) if found else None


def seen(session: Session, session_id: int, now: datetime) -> None:
    session.execute(sa.update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now))


def sessions_of(session: Session, staff_id: int) -> Sequence[StaffSession]:
    mine = sa.select(StaffSession).where(StaffSession.staff_id == staff_id)
    return session.scalars(mine.order_by(StaffSession.seen_at.desc())).all()


def close(session: Session, staff_id: int, session_id: int) -> bool:
    """False where there is no such session of this account."""
    mine = sa.and_(StaffSession.id == session_id, StaffSession.staff_id == staff_id)
    return session.scalar(sa.delete(StaffSession).where(mine).returning(StaffSession.id)) is not None


def close_all(session: Session, staff_id: int, but: int = 0) -> None:
    session.execute(sa.delete(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.id != but))


def prune(session: Session, now: datetime, audit_before: datetime) -> None:
    """Sessions that ended by themselves, and log rows that need not be kept any longer."""
    ended = sa.or_(StaffSession.seen_at < now - IDLE, StaffSession.opened_at < now - LONGEST)
    session.execute(sa.delete(StaffSession).where(ended))
    session.execute(sa.delete(Audit).where(Audit.at < audit_before))


# The log


def audit_page(session: Session, before: int, limit: int, who: str = "", target: str = "") -> Sequence[Audit]:
    """Newest first; `before` is the number of the last row of the page before, 0 = from the newest."""
    wanted = sa.select(Audit).order_by(Audit.id.desc()).limit(limit)
    if before:
        wanted = wanted.where(Audit.id < before)
    if who:
        wanted = wanted.where(Audit.who == who)
    if target:
        wanted = wanted.where(Audit.target == target)
    return session.scalars(wanted).all()


def _hashed(token: str) -> str:
    """The token is random and long: a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash(random.token_urlsafe(16))
