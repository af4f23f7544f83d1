"""News of a topic: which articles, planned once, looked at by staff, let go; and how sending it went as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.store import news
from bot.store.base import Base, BigId, add_missing, lock
from bot.store.news import Story

TITLE, OF_A_DRAFT = 64, 32
"""The longest title line staff may give, in characters: over messages of ours, and over a draft (reference §7.2)."""

KINDS = ("news", "daily", "weekly", "mass", "draft")
DRAFTED = ("mass", "draft")
"""Those that go out as a draft."""
UNDECIDED = ("waiting", "held")

# The deliveries of a broadcast, for counting only: their own module builds on this one.
_DELIVERIES = sa.table(
    "deliveries",
    *(sa.column(name) for name in ("broadcast_id", "channel", "state", "delivered_at", "openid")),
)


class Broadcast(Base):
    """kind: news (what is new in a topic, at once), daily or weekly (a digest for who chose that), mass (one send of a
    draft to the topic's tag) or draft (one for staff to publish by hand).

    key: makes a plan happen once whatever restarts.
    state: waiting (staff may look) or held (until staff approve) -> approved -> open -> done, failed or unsure;
    cancelled: nothing was left of it. release_at: when a waiting one goes by itself.
    released_no: grows with every release; followers' conversations remember the last one they looked at.
    title: the line above the news in staff's words; empty = the usual one.
    preview_to: openid or WeChat name of who wants to see it on their own phone; preview_error: why that failed,
    as a word of config/desk.toml (pushes.previews) and the platform's code, if any.
    total .. failed: the platform's figures of a mass send. url: where it was published.
    """

    __tablename__ = "broadcasts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    topic: Mapped[str] = mapped_column(sa.String(64))
    key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    articles: Mapped[list[int]]
    title: Mapped[str] = mapped_column(sa.String(TITLE), default="")
    state: Mapped[str] = mapped_column(sa.String(16), default="open", index=True)
    created_at: Mapped[datetime]
    release_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    released_no: Mapped[int | None] = mapped_column(BigId, index=True)
    decided_by: Mapped[str] = mapped_column(sa.String(64), default="")
    preview_to: Mapped[str] = mapped_column(sa.String(64), default="")
    preview_error: Mapped[str] = mapped_column(sa.Text, default="")
    url: Mapped[str] = mapped_column(sa.Text, default="")
    total: Mapped[int | None]
    filtered: Mapped[int | None]
    sent: Mapped[int | None]
    failed: Mapped[int | None]


@dataclass(frozen=True, slots=True)
class Preview:
    """What staff look at before it goes."""

    broadcast: Broadcast
    stories: Sequence[Story]


@dataclass(frozen=True, slots=True)
class Results:
    """How it went. counts: deliveries by channel and state, e.g. {"service": {"sent": 3}}. delivered: of those to one
    follower, how many the platform reported as arrived; a mass send has figures of its own."""

    broadcast: Broadcast
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    delivered: int = 0

    def of(self, state: str) -> int:
        return sum(by_state.get(state, 0) for by_state in self.counts.values())


# Planning


def plan(
    session: Session,
    kind: str,
    topic: str,
    key: str,
    articles: Sequence[int],
    at: datetime,
    preview: timedelta = timedelta(0),
) -> Broadcast | None:
    """A new broadcast, or None where this one was planned before. preview: how long staff have before it goes."""
    row = {
        "kind": kind, "topic": topic, "key": key, "articles": list(articles), "state": "waiting", "created_at": at,
        "release_at": at + preview, "title": "", "decided_by": "", "preview_to": "", "preview_error": "", "url": "",
    }  # fmt: skip
    added = add_missing(session, Broadcast, [row])
    return session.get(Broadcast, added[0]["id"]) if added else None


def is_planned(session: Session, key: str) -> bool:
    return session.scalar(sa.select(Broadcast.id).where(Broadcast.key == key)) is not None


def last_planned(session: Session, kind: str, topic: str) -> datetime | None:
    mine = sa.select(sa.func.max(Broadcast.created_at)).where(Broadcast.kind == kind, Broadcast.topic == topic)
    return session.scalar(mine.where(Broadcast.state != "cancelled"))


def to_release(session: Session, now: datetime) -> Sequence[Broadcast]:
    """Those that staff approved, or had their time to look at. Only one transaction at a time gets them."""
    lock(session, "release")
    over = sa.and_(Broadcast.state == "waiting", Broadcast.release_at <= now)
    due = sa.or_(Broadcast.state == "approved", over)
    return session.scalars(sa.select(Broadcast).where(due).order_by(Broadcast.id)).all()


def release(session: Session, broadcast: Broadcast, now: datetime) -> bool:
    """Its articles are news to everybody from now on. False: staff had dropped all of them.

    The caller holds the lock of `to_release`, or made the broadcast in this transaction.
    """
    broadcast.released_at = now
    if not broadcast.articles:
        broadcast.state = "cancelled"
        return False
    lock(session, "release")
    last = session.scalar(sa.select(sa.func.max(Broadcast.released_no))) or 0
    broadcast.state, broadcast.released_no = "open", max(last + 1, broadcast.id)
    news.release(session, broadcast.topic, broadcast.articles, now)
    return True


def latest_news(session: Session) -> int:
    """Number of the newest release; 0 = none yet."""
    return session.scalar(sa.select(sa.func.max(Broadcast.released_no))) or 0


def has_mass_since(session: Session, moment: datetime, kind: str = "mass") -> bool:
    """A mass send was planned after this moment, and did not fail."""
    lately = sa.select(Broadcast.id).where(Broadcast.kind == kind, Broadcast.created_at > moment)
    return session.scalar(lately.where(Broadcast.state.not_in(("failed", "cancelled"))).limit(1)) is not None


# What staff do


def waiting(session: Session) -> Sequence[Broadcast]:
    """What staff may still change: those that go by themselves first, the soonest on top, then the held ones."""
    mine = sa.select(Broadcast).where(Broadcast.state.in_(UNDECIDED))
    return session.scalars(mine.order_by(Broadcast.state.desc(), Broadcast.release_at, Broadcast.id)).all()


def show(session: Session, number: int) -> Preview | None:
    """One broadcast with its articles as they will go; None where there is no such number."""
    broadcast = session.get(Broadcast, number)
    return Preview(broadcast, news.stories(session, broadcast.articles)) if broadcast else None


def approve(session: Session, number: int, who: str = "") -> bool:
    """It goes with the next run. False: it is not waiting (any more)."""
    return _decide(session, number, state="approved", decided_by=who)


def hold(session: Session, number: int, who: str = "") -> bool:
    """It stays until somebody approves it."""
    return _decide(session, number, state="held", decided_by=who)


def cancel(session: Session, number: int, who: str = "") -> bool:
    """It never goes, and its articles are news to nobody in this topic."""
    return _decide(session, number, state="cancelled", decided_by=who)


def retitle(session: Session, number: int, title: str) -> bool:
    """The title line in staff's words, without line breaks and as long as may be; empty = the usual one again."""
    broadcast = session.get(Broadcast, number)
    longest = longest_title(broadcast.kind) if broadcast else TITLE
    return _decide(session, number, title=" ".join(title.split())[:longest])


def longest_title(kind: str) -> int:
    return OF_A_DRAFT if kind in DRAFTED else TITLE


def drop_article(session: Session, number: int, article_id: int) -> bool:
    """This article stays out of the broadcast, and out of the topic's news. False: it is not in it, or too late."""
    broadcast = session.get(Broadcast, number, with_for_update=True)
    if broadcast is None or broadcast.state not in UNDECIDED or article_id not in broadcast.articles:
        return False
    broadcast.articles = [one for one in broadcast.articles if one != article_id]
    return True


def ask_preview(session: Session, number: int, to: str) -> bool:
    """Somebody wants it on their own phone: a worker sends it to this openid or WeChat name, also when it has gone."""
    changed = sa.update(Broadcast).where(Broadcast.id == number).values(preview_to=to.strip()[:64], preview_error="")
    return session.scalar(changed.returning(Broadcast.id)) is not None


def previews_wanted(session: Session) -> Sequence[Broadcast]:
    return session.scalars(sa.select(Broadcast).where(Broadcast.preview_to != "")).all()


def previewed(session: Session, number: int, error: str = "") -> None:
    done = sa.update(Broadcast).where(Broadcast.id == number).values(preview_to="", preview_error=error)
    session.execute(done)


def listing(session: Session, limit: int = 50) -> Sequence[Broadcast]:
    return session.scalars(sa.select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)).all()


# How it went


def results(session: Session, number: int) -> Results | None:
    """The figures of one broadcast; None where there is no such number."""
    broadcast = session.get(Broadcast, number)
    if broadcast is None:
        return None
    d = _DELIVERIES.c
    counted = sa.select(d.channel, d.state, sa.func.count(), sa.func.count(d.delivered_at))
    counts: dict[str, dict[str, int]] = {}
    delivered = 0
    for channel, state, number_of, arrived in session.execute(
        counted.where(d.broadcast_id == number).group_by(d.channel, d.state)
    ):
        counts.setdefault(channel, {})[state] = number_of
        delivered += arrived if state == "sent" and channel in ("template", "notice") else 0
    return Results(broadcast, counts, delivered)


def finish(session: Session) -> None:
    """What has no delivery left to be made is done; or unsure, where nobody knows of one whether it arrived.

    Mass sends are done when the platform says so, and drafts when they lie in the box. Publishing is no part of it.
    """
    d = _DELIVERIES.c
    mine = sa.and_(d.broadcast_id == Broadcast.id, d.channel != "publish")
    going = sa.exists().where(mine, d.state.in_(("planned", "claimed", "sending")))
    open_now = sa.and_(Broadcast.state == "open", Broadcast.kind.in_(("news", "daily", "weekly")), ~going)
    unsure = sa.exists().where(mine, d.state == "unsure")
    ended = sa.case((unsure, "unsure"), else_="done")
    session.execute(sa.update(Broadcast).where(open_now).values(state=ended))
    # Staff settled the last of its unsure deliveries.
    known = sa.and_(Broadcast.state == "unsure", Broadcast.kind.in_(("news", "daily", "weekly")), ~unsure, ~going)
    session.execute(sa.update(Broadcast).where(known).values(state="done"))


def _decide(session: Session, number: int, **values: object) -> bool:
    undecided = sa.and_(Broadcast.id == number, Broadcast.state.in_(UNDECIDED))
    return session.scalar(sa.update(Broadcast).where(undecided).values(**values).returning(Broadcast.id)) is not None
