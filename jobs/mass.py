"""Once a day at most: what is new in one topic goes as a mass send of a draft, to the topic's tag or to followers by list."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.wechat.errors import AlreadyDone, Busy, PlatformError, Unsure
from bot.layout import titled
from bot.store import base, broadcasts, deliveries, materials, news, reports, tags
from bot.store.base import Sessions, reading
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.news import SHANGHAI, News
from bot.tagging import AT_ONCE, UNKNOWN_TAG, Tagging, tag_of, tagged, untagged
from jobs.drafts import Draftsman, Layout, make
from jobs.habits import Habits
from jobs.pictures import COVER
from jobs.release import as_one, release

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
"""Putting a tag in step may take many calls; each batch of it is committed, so a dead worker loses nothing."""
RECENT = timedelta(days=7)
LONG_AGO = timedelta(days=3650)
MOST = 8
"""Articles a draft may hold."""
TRIES = 6
ALWAYS = Habits()
SLACK = timedelta(hours=2)
"""A run that comes a little early is not a day too early."""
PAUSE = timedelta(minutes=1)
ANY = "any"
"""Mass sends are counted for the account as a whole, also where each follower has their own four a month: somebody with
two topics gets no fifth one that the platform would silently keep back."""
ENOUGH = 20_000
"""Subscribers of a topic that are looked at to tell how many a send would reach."""
NO_TAG = (45056, 48001)
"""There is no tag to be had: the account has its hundred, or may not make any."""
MASS_USED_UP = 45028
"""Other than 45009, which is the day's calls."""
LIST = "list"
UNKNOWN_PICTURE = 40007
REPEATABLE = timedelta(hours=23)
"""The platform knows a clientmsgid for 24 hours; after that a repeat would be a second send."""
UNTOLD = timedelta(minutes=15)
"""How long the platform's own word on a send is waited for before it is asked, and between two questions."""
GIVEN_UP = timedelta(days=2)
"""After so long without an answer staff have to look."""


class Masses(Draftsman, Tagging, Protocol):
    """The platform's tag and mass calls. Raises PlatformError."""

    def mass_to_tag(self, tag_id: int, media_id: str, clientmsgid: str) -> str: ...
    def mass_to_followers(self, openids: Sequence[str], media_id: str, clientmsgid: str) -> str: ...
    def mass_status(self, msg_id: str) -> str: ...


class Ledger(Protocol):
    """Mass sends left; bot.adapters.wechat.quota.Ledger."""

    def mass_left(self, to: str, now: datetime) -> int: ...
    def spend_mass(self, to: str, now: datetime) -> bool: ...
    def give_back_mass(self, to: str, now: datetime) -> None: ...
    def mass_used_up(self, to: str, now: datetime) -> None: ...
    def lists_left(self, now: datetime) -> int: ...
    def with_mass_left(self, openids: Sequence[str], now: datetime) -> list[str]: ...
    def spend_each(self, openids: Sequence[str], now: datetime) -> list[str]: ...
    def give_back_each(self, openids: Sequence[str], now: datetime) -> None: ...
    def mass_began(self, now: datetime) -> datetime: ...
    def forgot_mass(self, now: datetime) -> bool: ...
    def recall_mass(self, to_tags: int, on_lists: Mapping[str, int], now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Lists:
    """Mass sends to followers by name, for service accounts. below: how many a topic has to reach to go to a tag
    instead; 0 = this account may not send to lists. most: followers of one call; the platform takes 10 000."""

    below: int = 0
    most: int = 10_000


NO_LISTS = Lists()


@dataclass(frozen=True, slots=True)
class Issue:
    """What a mass send in a topic would bring: articles, newest first, and when the oldest of them came out.

    last: when the topic had a mass send before.
    """

    topic: str
    articles: tuple[int, ...]
    fresh: datetime
    last: datetime


def plan(
    sessions: Sessions,
    topics: Iterable[str],
    ledger: Ledger,
    now: datetime,
    every: timedelta = timedelta(days=1),
    habits: Habits = ALWAYS,
    lists: Lists = NO_LISTS,
) -> int:
    """Plans today's mass send, for the topic in which it reaches most followers. 0: none, or it is planned already.

    every: how far apart mass sends are; a service account's four a month go furthest once a week. A run that was
    missed is made up whenever the clock is back, but nobody's phone rings in the quiet hours.
    """
    _recall(sessions, ledger, now)
    left = ledger.lists_left(now) if lists.below else ledger.mass_left(ANY, now)
    if habits.is_quiet(now) or left <= 0:
        return 0
    with sessions.begin() as session:
        base.lock(session, "mass")
        if broadcasts.has_mass_since(session, now - every + SLACK):
            return 0
        key = f"mass:{now.astimezone(SHANGHAI):%Y-%m-%d}"
        issue = _best(session, topics, now, partial(_reach, session, ledger, now, lists))
        if issue is None:
            return 0
        made = broadcasts.plan(session, "mass", issue.topic, key, issue.articles, now, habits.preview)
        if made is None:
            return 0
        if not habits.preview:
            release(session, made, Reach(()), habits, now)
        return made.id


def _recall(sessions: Sessions, ledger: Ledger, now: datetime) -> None:
    """Redis may have lost what was sent: then nobody gets a fifth one that the platform silently keeps back."""
    if ledger.forgot_mass(now):
        with reading(sessions) as session:
            ledger.recall_mass(*deliveries.mass_sends(session, ledger.mass_began(now)), now)


def _best(session: Session, topics: Iterable[str], now: datetime, reach: Callable[[Issue], int]) -> Issue | None:
    """Nobody counts to a million for this: of two large topics the one that has waited longer comes first."""
    issues = [issue for topic in topics if (issue := _issue(session, topic, now))]
    reached = {issue: reach(issue) for issue in issues}
    best = max(reached, key=lambda issue: (reached[issue], now - issue.last), default=None)
    return best if best and reached[best] else None


def _reach(session: Session, ledger: Ledger, now: datetime, lists: Lists, issue: Issue) -> int:
    """How many a send would reach. Once somebody had all of the month's sends, only lists of two at least are left."""
    if not lists.below or ledger.mass_left(ANY, now) > 0:
        return tags.recipients(session, issue.topic, issue.articles, issue.fresh, now, enough=ENOUGH)
    facts = (issue.topic, issue.articles, issue.fresh, 0, now)
    found, last = 0, ""
    while found < 2 and (page := tags.wanting(session, *facts, last, lists.most)):
        found += len(ledger.with_mass_left(page, now))
        last = page[-1]
    return found if found > 1 else 0


def _issue(session: Session, topic: str, now: datetime) -> Issue | None:
    """What came out since the topic's last mass send that worked."""
    went = (
        sa.select(sa.func.max(Broadcast.created_at))
        .join(Delivery, Delivery.broadcast_id == Broadcast.id)
        .where(Broadcast.kind == "mass", Broadcast.topic == topic)
        .where(Delivery.channel.in_(deliveries.TO_MANY), Delivery.state.in_(("sent", "unsure")))
    )
    last = session.scalar(went) or now - LONG_AGO
    since = max(now - RECENT, last)
    found = [one for one in news.recent_of(session, topic, since, MOST) if news.stories(session, [one.article_id])]
    return Issue(topic, tuple(one.article_id for one in found), _oldest(found), last) if found else None


def _oldest(found: Sequence[News]) -> datetime:
    return min(one.fresh_at for one in found)


Facts = tuple[str, tuple[int, ...], datetime, int, datetime]
"""Topic, articles, when the oldest came out, the delivery, now."""


@dataclass(frozen=True)
class Press:
    """Everything one run needs; `worker` names it in the rows it holds."""

    sessions: Sessions
    platform: Masses
    ledger: Ledger
    names: Mapping[str, str]
    layout: Layout
    now: Callable[[], datetime]
    worker: str
    lists: Lists = NO_LISTS


class _Postponed(Exception):
    """Nothing was sent; try again in a moment."""


class _Off(Exception):
    """Nothing was sent, and this one will not be."""


def deliver_due(
    sessions: Sessions,
    platform: Masses,
    ledger: Ledger,
    names: Mapping[str, str],
    layout: Layout,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    lists: Lists = NO_LISTS,
) -> int:
    """Send the mass sends that are due. names: topics by key, as tags are called. Returns how many went out."""
    press = Press(sessions, platform, ledger, names, layout, now, uuid.uuid4().hex, lists)
    _recall(sessions, ledger, now())
    with sessions.begin() as session:
        deliveries.recover(session, now())
    sent = 0
    while rows := _claim(press):
        sent += sum(_deliver(press, row) for row in rows)
    _ask(press)
    return sent


def _claim(press: Press) -> Sequence[Delivery]:
    """One at a time: a list that went plans the next one."""
    with press.sessions.begin() as session:
        return deliveries.claim(session, deliveries.TO_MANY, press.worker, press.now(), LEASE, 1)


def _deliver(press: Press, row: Delivery) -> bool:
    try:
        if row.begun_at is not None:
            return _repeat(press, row)
        return _first(press, row)
    except Unsure as error:
        _ask_again(press, row, error)
    except PlatformError as error:
        _give_up(press, row, error, _wait(press, error))
    except _Off as reason:
        _give_up(press, row, reason, None)
    except _Postponed as reason:
        _give_up(press, row, reason, timedelta(0))
    return False


def _wait(press: Press, error: PlatformError) -> timedelta | None:
    """How long until another try makes sense; None = it does not."""
    if error.code == UNKNOWN_PICTURE:
        with press.sessions.begin() as session:
            materials.forget(session, COVER)
        return timedelta(0)
    return error.wait if isinstance(error, Busy) else None


def _first(press: Press, row: Delivery) -> bool:
    issue = _issue_of(press, row)
    tag_id = None if row.channel == LIST or _goes_to_list(press, issue) else _tag_in_step(press, issue, row)
    if tag_id is None:
        return _first_to_list(press, issue, row)
    media_id = row.media_id or _draft(press, issue, row)
    _begin(press, issue, row)
    return _send(press, row, _to_tag(press, row, tag_id, media_id))


def _tag_in_step(press: Press, issue: Issue, row: Delivery) -> int | None:
    """The topic's tag, on those who are to get this; None where there is none to be had and a list does as well."""
    try:
        tag_id = tag_of(press.platform, press.sessions, issue.topic, press.names.get(issue.topic, issue.topic))
        _keep_in_step(press, issue, row, tag_id)
    except PlatformError as error:
        if not press.lists.below or error.code not in NO_TAG:
            raise
        return None
    return tag_id


def _goes_to_list(press: Press, issue: Issue) -> bool:
    """Few enough, which spares the tagging; or some had their month's sends, which only a list can leave out."""
    lists, now = press.lists, press.now()
    if not lists.below:
        return False
    with reading(press.sessions) as session:
        count = tags.recipients(session, issue.topic, issue.articles, issue.fresh, now, lists.below)
    return 1 < count < lists.below or press.ledger.mass_left(ANY, now) <= 0


def _repeat(press: Press, row: Delivery) -> bool:
    """It may have gone out: the same call with the same clientmsgid, and nothing else changed."""
    issue = _issue_of(press, row)
    with press.sessions.begin() as session:
        tag_id = tags.tag_id(session, issue.topic)
        openids = deliveries.recipients_of(session, row.id) if row.channel == LIST else []
        deliveries.start(session, row.id, press.worker, press.now(), LEASE)
    if row.begun_at is None or press.now() - row.begun_at > REPEATABLE:
        raise Unsure(None, "the platform has forgotten the clientmsgid")
    if row.channel == LIST:
        if len(openids) < 2:  # the others left meanwhile; refused for that, it would look as if it had not gone out
            raise Unsure(None, "too few are left on the list to ask with it")
        return _send(press, row, _to_list(press, row, openids, row.media_id))
    if tag_id is None:
        raise Unsure(None, "the tag it went to is gone")
    return _send(press, row, _to_tag(press, row, tag_id, row.media_id))


# To followers by list


def _first_to_list(press: Press, issue: Issue, row: Delivery) -> bool:
    chosen = _chosen(press, issue)
    if len(chosen) < 2:
        raise _Off("no two followers are left who may get it")
    media_id = row.media_id or _draft(press, issue, row)
    openids = press.ledger.spend_each(chosen, press.now())
    _begin_list(press, issue, row, openids)
    return _send(press, row, _to_list(press, row, openids, media_id))


def _chosen(press: Press, issue: Issue) -> list[str]:
    """The followers of the next list. Never leaves one over: a list is of two at least."""
    facts, most = (issue.topic, issue.articles, issue.fresh, 0, press.now()), press.lists.most
    found: list[str] = []
    last = ""
    while len(found) <= most and (page := _wanting(press, facts, last)):
        last = page[-1]
        found += press.ledger.with_mass_left(page, press.now())
    return found[: most - 1] if len(found) > most else found


def _wanting(press: Press, facts: Facts, after: str) -> list[str]:
    with reading(press.sessions) as session:
        return tags.wanting(session, *facts, after, press.lists.most)


def _begin_list(press: Press, issue: Issue, row: Delivery, openids: Sequence[str]) -> None:
    """Claim the articles for everybody on the list, commit that sending begins."""
    try:
        if len(openids) < 2:
            raise _Postponed("others took what was left of the month's sends")
        with press.sessions.begin() as session:
            if not deliveries.receive_as_one(session, openids, issue.articles, row.id, press.now()):
                raise _Postponed("somebody got one of the articles meanwhile")
            deliveries.to_list(session, row.id, press.worker)
            if not deliveries.start(session, row.id, press.worker, press.now(), LEASE):
                raise _Postponed("the lease is over")
    except _Postponed:
        press.ledger.give_back_each(openids, press.now())
        raise
    row.channel = LIST


def _has_next(press: Press, row: Delivery) -> bool:
    """There are followers for another list. Asked when one went out: after a refusal the others wait for another day."""
    return row.channel == LIST and len(_chosen(press, _issue_of(press, row))) > 1


def _plan_next(session: Session, row: Delivery, now: datetime) -> None:
    """A delivery of its own, with its own clientmsgid; planned once."""
    following = sa.and_(
        Delivery.broadcast_id == row.broadcast_id, Delivery.openid == "", Delivery.batch == row.batch + 1
    )
    if session.scalar(sa.select(Delivery.id).where(following)) is None:
        session.add(as_one(session.get_one(Broadcast, row.broadcast_id), LIST, row.batch + 1, now))


# To the topic's tag


def _issue_of(press: Press, row: Delivery) -> Issue:
    with reading(press.sessions) as session:
        broadcast = session.get_one(Broadcast, row.broadcast_id)
        came_out = sa.select(sa.func.min(News.fresh_at)).where(News.article_id.in_(broadcast.articles))
        fresh = session.scalar(came_out) or broadcast.created_at
        return Issue(broadcast.topic, tuple(broadcast.articles), fresh, broadcast.created_at)


def _keep_in_step(press: Press, issue: Issue, row: Delivery, tag_id: int) -> None:
    """The tag is on those who are to get this send and on nobody else; first it leaves those who are not. Once the send
    is over it goes back to all who follow the topic (jobs/follow.py)."""
    last = ""
    while leaving := _batch(press, issue, row, tags.to_leave, last):
        last = leaving[-1]
        untagged(press.platform, leaving, tag_id)
        with press.sessions.begin() as session:
            tags.left(session, issue.topic, leaving)
    last = ""
    while joining := _batch(press, issue, row, tags.to_join, last):
        last = joining[-1]
        with_tag = tagged(press.platform, joining, tag_id)
        with press.sessions.begin() as session:
            tags.joined(session, issue.topic, with_tag)


def _batch(press: Press, issue: Issue, row: Delivery, look: Callable[..., list[str]], after: str) -> list[str]:
    """The next of them; tag and delivery stay ours until their call is done."""
    now = press.now()
    with press.sessions.begin() as session:
        if not tags.take(session, issue.topic, press.worker, now, LEASE):
            raise _Postponed("the tag is just being put on who follows the topic")
        if not deliveries.keep(session, row.id, press.worker, now, LEASE):
            raise _Postponed("the lease is over")
        return look(session, issue.topic, issue.articles, issue.fresh, row.id, now, after, AT_ONCE)


def _draft(press: Press, issue: Issue, row: Delivery) -> str:
    with reading(press.sessions) as session:
        stories = news.stories(session, issue.articles)
        title = session.get_one(Broadcast, row.broadcast_id).title
    if len(stories) < len(issue.articles):
        raise _Off("an article was taken down")
    media_id = make(press.platform, press.sessions, titled(stories, title), press.layout)
    with press.sessions.begin() as session:
        deliveries.drafted(session, row.id, press.worker, media_id)
    return media_id


def _begin(press: Press, issue: Issue, row: Delivery) -> None:
    """Take one of the mass sends left, claim the articles for everybody with the tag, commit that sending begins."""
    if not press.ledger.spend_mass(ANY, press.now()):
        raise _Off("no mass send left")
    try:
        with press.sessions.begin() as session:
            if not tags.take(session, issue.topic, press.worker, press.now(), LEASE):
                raise _Postponed("the tag changed meanwhile")
            if not tags.receive(session, issue.topic, issue.articles, row.id, press.now()):
                raise _Postponed("somebody got one of the articles meanwhile")
            if not deliveries.start(session, row.id, press.worker, press.now(), LEASE):
                raise _Postponed("the lease is over")
            tags.let_go(session, issue.topic, press.worker)  # from here on the delivery itself keeps others from it
    except _Postponed:
        press.ledger.give_back_mass(ANY, press.now())
        raise


# Both


@dataclass(frozen=True, slots=True)
class _Call:
    """send: the call, which gives the msg_id. give_back: what it took of the quota, where it was refused."""

    send: Callable[[], str]
    give_back: Callable[[datetime], None]


def _to_tag(press: Press, row: Delivery, tag_id: int, media_id: str) -> _Call:
    send = partial(press.platform.mass_to_tag, tag_id, media_id, row.clientmsgid)
    return _Call(send, partial(press.ledger.give_back_mass, ANY))


def _to_list(press: Press, row: Delivery, openids: Sequence[str], media_id: str) -> _Call:
    send = partial(press.platform.mass_to_followers, openids, media_id, row.clientmsgid)
    return _Call(send, partial(press.ledger.give_back_each, openids))


def _send(press: Press, row: Delivery, call: _Call) -> bool:
    try:
        msg_id = call.send()
    except AlreadyDone as done:
        msg_id = done.msg_id
    except Unsure:
        raise
    except PlatformError as error:
        call.give_back(press.now())
        if error.code == MASS_USED_UP:
            press.ledger.mass_used_up(ANY, press.now())
        raise
    return _settle(press, row, "sent", msg_id=msg_id)


def _settle(press: Press, row: Delivery, state: str, *, error: str = "", msg_id: str = "") -> bool:
    """It went out, or may have; the next list follows in the same commit."""
    following = _has_next(press, row)
    with press.sessions.begin() as session:
        mine = deliveries.settle(session, row.id, press.worker, state, press.now(), error=error, msg_id=msg_id)
        if mine and following:
            _plan_next(session, row, press.now())
        if mine and state == "unsure":
            reports.end_as_one(session, session.get_one(Broadcast, row.broadcast_id))
    return mine


def _ask_again(press: Press, row: Delivery, error: Unsure) -> None:
    """The same clientmsgid once more lets the platform say whether it was done; after that staff must look."""
    log.warning("mass send %s: %s", row.id, error)
    now = press.now()
    if row.attempts >= TRIES or now - (row.begun_at or now) >= REPEATABLE:
        _settle(press, row, "unsure", error=str(error))
        return
    with press.sessions.begin() as session:
        deliveries.ask_again(session, row.id, press.worker, now + PAUSE, str(error))


def _ask(press: Press) -> None:
    """The event of a send may have been lost: the platform also answers when it is asked, though without figures."""
    with press.sessions.begin() as session:
        untold = reports.untold(session, deliveries.TO_MANY, press.now() - UNTOLD, press.now())
    for row in untold:
        try:
            _told(press, row, press.platform.mass_status(row.msg_id))
        except PlatformError as error:
            log.warning("nobody tells how mass send %s ended: %s", row.id, error)


def _told(press: Press, row: Delivery, status: str) -> None:
    """DELETE: it went out, and was deleted since."""
    with press.sessions.begin() as session:
        if status != "SENDING":
            failed = status == "SEND_FAIL"
            reports.reported(session, row.msg_id, {}, ok=not failed, error=status if failed else "")
        elif press.now() - (row.begun_at or row.due_at) > GIVEN_UP:
            reports.doubted(session, row.id, "the platform is still sending it")
            reports.end_as_one(session, session.get_one(Broadcast, row.broadcast_id))


def _give_up(press: Press, row: Delivery, error: Exception, wait: timedelta | None) -> None:
    """Surely not sent: tried again after `wait`, or left to tomorrow's plan and the other channels."""
    log.warning("mass send %s: %s", row.id, error)
    with press.sessions.begin() as session:
        broadcast = session.get_one(Broadcast, row.broadcast_id)
        tags.let_go(session, broadcast.topic, press.worker)
        if isinstance(error, PlatformError) and error.code in UNKNOWN_TAG:
            tags.lost(session, broadcast.topic)
        if wait is not None and row.attempts < TRIES:
            deliveries.put_back(session, row.id, press.worker, press.now() + max(wait, PAUSE), str(error))
        else:
            deliveries.release(session, row.id)
            deliveries.settle(session, row.id, press.worker, "failed", press.now(), error=str(error))
            reports.end_as_one(session, broadcast)
