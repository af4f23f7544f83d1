"""`python -m bot demo`: invented followers, leads in every state, questions and pushes, so that a desk looks alive.

Nobody is told of them as new, and broadcasts are either over or held; reminders treat the leads like real ones.
`--remove` takes all of it away again.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.commands.demo_talk import spoken
from bot.dialogue.effects import ArticleRead, Asked, ConsentWithdrawn, Effect, Followed, LeadSubmitted, TopicsChosen
from bot.dialogue.inquiry import lead_number
from bot.dialogue.message import Message, Text
from bot.store import articles, broadcasts, desk, effects, erasures, lead_notes, leads, lifecycle, outbox, talks
from bot.store import staff as accounts
from bot.store.articles import Article, ArticleTopic
from bot.store.base import Sessions
from bot.store.beginnings import Beginning
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery
from bot.store.followers import Follower
from bot.store.leads import Lead
from bot.store.outbox import WORDS, Notice, Outbox
from bot.store.secrets import Secrets
from bot.store.talks import Line

OPENID = "oDemo_"
KEY = "demo:"
FOLLOWERS, DAYS = 100, 84
SUBMITTED = 46
BROADCASTS = 6
GIVEN_UP = 21
"""Inquiries that were begun and never handed in."""

SHELF = 3
"""Articles of a topic that somebody may have read."""

MEMORY = "demo"
"""Under which the numbers of rows are kept that name nobody."""

ROADS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "new": (7, ()),
    "assigned": (3, ("assigned",)),
    "claimed": (4, ("claimed",)),
    "contacted": (6, ("claimed", "contacted")),
    "visited": (5, ("claimed", "contacted", "visited")),
    "negotiating": (4, ("claimed", "contacted", "visited", "negotiating")),
    "won": (5, ("claimed", "contacted", "visited", "negotiating", "won")),
    "nurture": (4, ("claimed", "contacted", "nurture")),
    "lost": (4, ("claimed", "contacted", "lost")),
    "invalid": (2, ("claimed", "invalid")),
    "duplicate": (1, ("claimed", "duplicate")),
    "withdrawn": (1, ("claimed",)),
}
"""Every state a lead can be in: how many leads get there, and on which way."""

SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING, EVENING = 8, 21
"""Hours between which people write."""

SPENT = {"claimed": 2.0, "assigned": 1.0, "contacted": 5.0, "visited": 96.0, "negotiating": 120.0, "won": 200.0}
"""Hours that a step takes, about."""


@dataclass(frozen=True, slots=True)
class Demo:
    """facts: config/demo.toml. topics: keys of the topics followers may choose. place: the name of an adcode."""

    sessions: Sessions
    secrets: Secrets = field(repr=False)
    facts: Mapping[str, Any]
    topics: Sequence[str]
    now: datetime
    place: Callable[[str], str] = str
    dice: random.Random = field(default_factory=lambda: random.Random(2026))

    def some(self, name: str) -> Any:
        return self.dice.choice(self.facts[name])

    def back(self, days: float) -> datetime:
        return self.by_day(self.now - timedelta(days=days, minutes=self.dice.randint(0, 600)))

    def by_day(self, at: datetime) -> datetime:
        """Nobody writes in the night: what would fall into it comes within the first hour of the morning, in its order."""
        here = at.astimezone(SHANGHAI)
        night = here - timedelta(hours=MORNING)
        asleep = night - night.replace(hour=EVENING - MORNING, minute=0, second=0, microsecond=0)
        if asleep < timedelta(0):
            return min(at, self.now)
        return min(at - asleep + timedelta(hours=24 - EVENING + MORNING) + asleep / 12, self.now)

    def commit(self, openid: str, at: datetime, key: str, *done: Effect) -> None:
        """By the same road as real ones; the notices about them are taken out before anybody hears."""
        message = Message(openid, "", self.by_day(at), f"{KEY}{self.now.timestamp()}:{key}", Text(""))
        written = effects.commit(self.sessions, self.secrets, message, done, ())
        if written.outbox_ids:
            with self.sessions.begin() as session:
                session.execute(sa.delete(Outbox).where(Outbox.id.in_(written.outbox_ids)))


@dataclass(frozen=True, slots=True)
class Story:
    """An article that somebody may have read."""

    id: int
    title: str


def demo(made: Demo, out: TextIO) -> int:
    """Make it all; what is there already is not made twice."""
    if _is_there(made):
        out.write("The demo data is there already; `python -m bot demo --remove` takes it away.\n")
        return 1
    passwords = _employ(made)
    people = list(_follow(made))
    with made.sessions() as session:
        shelf = [Story(*row) for row in session.execute(_readable())]
    for openid, since in people:
        _ask(made, openid, since, shelf)
    prospects = people[::2][:SUBMITTED]
    others = [one for one in people if one not in prospects]
    _hand_in(made, prospects, shelf)
    _give_up(made, others)
    _call(made, [prospects[-1], *others[-2:]])
    pushed = _push(made, [openid for openid, _ in people])
    _tell(passwords, pushed, out)
    return 0


def remove(made: Demo, out: TextIO) -> int:
    """Everything of the demo, and only that."""
    with made.sessions.begin() as session:
        people = session.scalars(sa.select(Follower.openid).where(Follower.openid.startswith(OPENID, autoescape=True)))
        gone = 0
        for openid in people.all():
            outbox.erase(session, openid)
            erasures.forget_follower(session, openid)
            gone += 1
        begun = articles.remembered(session, MEMORY).get("begun", [])
        session.execute(sa.delete(Beginning).where(Beginning.id.in_(begun)))
        leads.erase(session, Lead.openid.startswith(OPENID, autoescape=True))
        mine = sa.select(Broadcast.id).where(Broadcast.key.startswith(KEY))
        session.execute(sa.delete(Delivery).where(Delivery.broadcast_id.in_(mine)))
        session.execute(sa.delete(Broadcast).where(Broadcast.key.startswith(KEY)))
        for name in made.facts["colleagues"]:
            account = accounts.by_name(session, name)
            if account is not None and account.disabled_at is None:
                accounts.disable(session, account, made.now)
    out.write(f"{gone} demo followers and all that hung on them are gone.\n")
    return 0


def _is_there(made: Demo) -> bool:
    with made.sessions() as session:
        mine = sa.select(Follower.openid).where(Follower.openid.startswith(OPENID, autoescape=True))
        return session.scalar(mine.limit(1)) is not None


def _employ(made: Demo) -> dict[str, str]:
    """Colleagues who own the leads, and their one-time passwords."""
    passwords = {}
    with made.sessions.begin() as session:
        for name in made.facts["colleagues"]:
            known = accounts.by_name(session, name)
            passwords[name] = (
                accounts.reset(session, known, made.now) if known else accounts.add(session, name, "agent", made.now)
            )
    return passwords


def _follow(made: Demo) -> Iterator[tuple[str, datetime]]:
    """More of them lately than at first."""
    for number in range(FOLLOWERS):
        openid = f"{OPENID}{number:022}"
        since = made.back(DAYS * (1 - (number / FOLLOWERS) ** 0.7))
        made.commit(openid, since, f"follow {number}", Followed(made.some("scenes")))
        chosen = tuple(made.dice.sample(made.topics, k=min(len(made.topics), made.dice.randint(0, 3))))
        if chosen:
            made.commit(openid, since + timedelta(minutes=3), f"topics {number}", TopicsChosen(chosen))
        yield openid, since


def _readable() -> sa.Select[int, str]:
    """Ids and titles of articles that may have been read."""
    newest = sa.select(Article.id, Article.title).where(Article.gone_at.is_(None), Article.hidden_at.is_(None))
    return newest.order_by(Article.published_at.desc()).limit(40)


def _ask(made: Demo, openid: str, since: datetime, shelf: Sequence[Story]) -> None:
    for turn in range(made.dice.randint(0, 5)):
        at = since + timedelta(hours=made.dice.uniform(0.1, 24 * 14))
        known = made.dice.random() < 0.72
        text = made.some("answered" if known else "unanswered")
        if at < made.now:
            shown = tuple(one.id for one in _some(made, shelf)) if known else ()
            made.commit(openid, at, f"asked {openid} {turn}", Asked(text, known, shown))


def _some(made: Demo, shelf: Sequence[Story]) -> list[Story]:
    return made.dice.sample(shelf, k=min(SHELF, len(shelf)))


def _hand_in(made: Demo, people: Sequence[tuple[str, datetime]], shelf: Sequence[Story]) -> None:
    begun = []
    wanted = _older_first(made, [state for state, (count, _) in ROADS.items() for _ in range(count)])
    for (openid, since), state in zip(people, wanted, strict=False):
        at = made.by_day(min(since + timedelta(hours=made.dice.uniform(0.2, 60)), made.now - timedelta(hours=1)))
        if state in ("new", "assigned", "claimed"):
            at = made.by_day(made.now - timedelta(hours=made.dice.uniform(0.3, 30)))
        number = lead_number(f"{KEY}lead {openid}", at)
        read = _some(made, shelf)
        inquiry = _inquiry(made, number, at, int(openid[-3:]), tuple(one.id for one in read))
        opened = tuple(ArticleRead(one.id) for one in read[:2])
        made.commit(openid, at - timedelta(minutes=5), f"read {openid}", *opened)
        made.commit(openid, at, f"lead {openid}", inquiry)
        begun.append(Beginning(at=at, scene=inquiry.scene, shown=list(inquiry.shown)))
        _say(made, openid, at, spoken(made.facts, inquiry, [one.title for one in read], made.place), owner="")
        _walk(made, openid, state, at)
    _begin(made, begun)


def _older_first(made: Demo, states: list[str]) -> list[str]:
    """What takes long began long ago, more or less."""
    spans = {state: sum(SPENT.get(step, 20.0) for step in road) for state, (_, road) in ROADS.items()}
    return sorted(states, key=lambda state: -math.log1p(spans[state]) * made.dice.uniform(0.2, 1.8))


def _begin(made: Demo, begun: Sequence[Beginning]) -> None:
    """Their rows name nobody, so their numbers are kept to take them away by."""
    with made.sessions.begin() as session:
        session.add_all(begun)
        session.flush()
        known = articles.remembered(session, MEMORY).get("begun", [])
        articles.remember(session, MEMORY, {"begun": [*known, *(row.id for row in begun)]})


def _give_up(made: Demo, people: Sequence[tuple[str, datetime]]) -> None:
    """Many begin an inquiry, and not all of them come to its end."""
    later = [made.by_day(since + timedelta(hours=made.dice.uniform(0.2, 90))) for _, since in people[-GIVEN_UP:]]
    _begin(made, [Beginning(at=at, scene=made.some("scenes"), shown=[]) for at in later])


def _say(made: Demo, openid: str, end: datetime, lines: Sequence[tuple[str, str]], owner: str) -> None:
    """A conversation that is over at `end`, some seconds between its lines. owner: whose words those of staff are."""
    at = end - timedelta(seconds=40 * len(lines))
    rows = []
    for who, text in lines:
        at += timedelta(seconds=made.dice.randint(6, 38))
        rows.append(Line(openid, min(at, made.now), owner if who == "staff" else who, "text", text))
    with made.sessions.begin() as session:
        talks.keep(session, made.secrets, rows)


def _call(made: Demo, people: Sequence[tuple[str, datetime]]) -> None:
    """Some ask for a person; staff were told long ago."""
    later = sorted(made.by_day(made.now - timedelta(hours=made.dice.uniform(0.5, 60))) for _ in people)
    for (openid, _), text, at in zip(people, made.facts["callers"], later, strict=False):
        _say(made, openid, at, [("follower", text)], owner="")
        with made.sessions.begin() as session:
            sealed = made.secrets.seal(text.encode(), WORDS)
            told = outbox.add(session, Notice("human", f"{KEY}{openid}", openid=openid, sealed=sealed), ("wecom",), at)
            done = {"state": "delivered", "settled_at": at + timedelta(seconds=3), "attempts": 1}
            session.execute(sa.update(Outbox).where(Outbox.id.in_(told)).values(**done))


def _inquiry(made: Demo, number: str, at: datetime, count: int, read: tuple[int, ...]) -> LeadSubmitted:
    buys = made.dice.random() < 0.3
    slots: dict[str, Any] = {
        "deal": "buy" if buys else "rent",
        "asset": [made.dice.choice(["factory", "factory", "warehouse", "land" if buys else "office"])],
        "area": {"min": (least := made.dice.choice([800, 2000, 3000, 5000, 8000])), "max": least, "unit": "m2"},
        "region": made.some("regions"),
        "use": made.some("uses"),
        "contact": made.some("people"),
        "mobile": [f"+861380000{count:04}"],
    }
    if made.dice.random() < 0.7:
        names = made.facts["companies"]
        slots["company"] = names[count // 2 % len(names)]
    if made.dice.random() < 0.6:
        wan = made.dice.choice([80, 150, 300, 600, 1200])
        slots["tax"] = {"min": wan, "max": wan, "unit": "wan/yr"}
    consents = {"contact": {"notice": "demo", "at": at.isoformat(), "key": f"{KEY}consent"}}
    remarks = (made.some("remarks"),) if made.dice.random() < 0.4 else ()
    return LeadSubmitted(number, slots, consents, remarks, read, made.some("scenes"))


def _walk(made: Demo, openid: str, state: str, at: datetime) -> None:
    """The lead's steps, none of them in the future."""
    owner, spoken_at = made.some("colleagues"), None
    with made.sessions.begin() as session:
        lead = session.scalars(sa.select(Lead).where(Lead.openid == openid)).one()
        for step in ROADS[state][1]:
            at = made.by_day(at + timedelta(hours=SPENT.get(step, 20.0) * made.dice.uniform(0.2, 1.6)))
            _step(session, made, lead, step, owner, at)
            spoken_at = at if step == "contacted" else spoken_at
        if lead.owner and lead.state in lifecycle.OPEN:
            if made.dice.random() < 0.6:
                lead_notes.write(session, made.secrets, lead.id, owner, at, made.some("notes"))
            if made.dice.random() < 0.6:
                desk.plan(session, lead, (made.now + timedelta(days=made.dice.randint(-1, 6))).date())
    if spoken_at is not None:
        _say(made, openid, spoken_at, [(who, text) for who, text in made.facts["later"]], owner)
    if state == "withdrawn":
        made.commit(openid, at, f"withdrawn {openid}", ConsentWithdrawn())


def _step(session: Session, made: Demo, lead: Lead, step: str, owner: str, at: datetime) -> None:
    match step:
        case "claimed":
            leads.claim(session, lead.number, lead.version, owner, at)
            session.refresh(lead)
        case "assigned":
            desk.assign(session, lead, owner, "system", at)
        case _:
            reason = made.some("lost") if step in lifecycle.REASONED else ""
            desk.move(session, lead, step, owner, at, reason)


def _push(made: Demo, people: Sequence[str]) -> int:
    """Broadcasts of articles that are there; the last one is held, for staff to decide. Returns how many."""
    with made.sessions.begin() as session:
        shelf = _shelf(session)
        for number, (topic, articles) in reversed(list(enumerate(shelf[:BROADCASTS]))):
            if number == 0:
                made_now = broadcasts.plan(session, "news", topic, f"{KEY}{topic}", articles, made.now)
                if made_now is not None:
                    broadcasts.hold(session, made_now.id, "system")
            else:
                _sent(session, made, topic, articles, number, people)
    return min(len(shelf), BROADCASTS)


def _shelf(session: Session) -> list[tuple[str, list[int]]]:
    """Topics with two articles or more, and up to three of the newest of each."""
    rows = session.execute(
        sa.select(ArticleTopic.topic, Article.id)
        .join(Article, Article.id == ArticleTopic.article_id)
        .where(Article.gone_at.is_(None))
        .order_by(ArticleTopic.topic, Article.published_at.desc())
    )
    shelf: dict[str, list[int]] = {}
    for topic, article_id in rows:
        shelf.setdefault(topic, []).append(article_id)
    return [(topic, articles[:3]) for topic, articles in shelf.items() if len(articles) >= 2]


def _sent(session: Session, made: Demo, topic: str, articles: list[int], number: int, people: Sequence[str]) -> None:
    at = made.back(number * 5)
    row = Broadcast(
        kind="news", topic=topic, key=f"{KEY}{topic}", articles=articles, state="done",
        created_at=at - timedelta(minutes=30), release_at=at, released_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    for openid in made.dice.sample(people, k=min(len(people), 28)):
        state = made.dice.choices(["sent", "failed", "dropped"], [90, 6, 4])[0]
        session.add(
            Delivery(
                broadcast_id=row.id, channel="service", openid=openid, state=state, attempts=1, due_at=at,
                settled_at=at + timedelta(seconds=2), delivered_at=at if state == "sent" else None,
            )
        )  # fmt: skip


def _tell(passwords: Mapping[str, str], pushed: int, out: TextIO) -> None:
    out.write(f"{FOLLOWERS} followers, {SUBMITTED} leads in all states, questions and {pushed} pushes are there.\n")
    if not pushed:
        out.write("There are no articles yet, so no pushes: `python -m bot run` takes in the sample site.\n")
    for name, password in passwords.items():
        out.write(f"colleague {name} signs in at /staff with the one-time password {password}\n")
    out.write("`python -m bot demo --remove` takes all of it away.\n")
