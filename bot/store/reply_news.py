"""News for a follower's next reply: what no other channel has brought them yet, and that a reply brought it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.dialogue.effects import NewsShown
from bot.store import received
from bot.store.articles import SHOWN, Article
from bot.store.base import add_missing
from bot.store.deliveries import Delivery
from bot.store.news import News
from bot.store.subscriptions import APART, AT_ONCE, Subscription, pace_of

KEPT = timedelta(days=14)
"""News older than this is no longer added to a reply."""


class NewsTaken(Exception):
    """Another channel took one of these articles for this follower in the meantime."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """News for a follower's next reply: numbers of the broadcasts it is from, and the articles, newest first.

    later: they want to hear daily or weekly, and have heard lately: to be asked for again.
    """

    broadcasts: tuple[int, ...] = ()
    articles: tuple[int, ...] = ()
    later: bool = False


def waiting(session: Session, openid: str, now: datetime, limit: int = 5) -> Waiting:
    """What came out in the follower's topics since they chose them and reached them by no channel yet."""
    pace = pace_of(session, openid)
    if pace != AT_ONCE and received.told_since(session, openid, now - APART[pace]):
        return Waiting(later=True)
    mine = sa.and_(Subscription.topic == News.topic, Subscription.openid == openid, News.fresh_at >= Subscription.since)
    wanted = (
        sa.select(News.article_id, sa.func.max(News.broadcast_id).label("broadcast_id"))
        .join(Subscription, mine)
        .join(Article, sa.and_(Article.id == News.article_id, SHOWN))
        .where(
            News.fresh_at > now - KEPT, News.released_at.is_not(None), ~received.is_received(openid, News.article_id)
        )
        .group_by(News.article_id)
        .order_by(sa.func.max(News.fresh_at).desc(), News.article_id.desc())
        .limit(limit)
    )
    rows = session.execute(wanted).all()
    broadcasts = tuple(dict.fromkeys(broadcast for _, broadcast in rows))
    return Waiting(broadcasts, tuple(article for article, _ in rows))


def shown(session: Session, openid: str, effect: NewsShown, at: datetime) -> None:
    """The news went out with a reply. Raises NewsTaken where another channel was faster, so that the reply can change."""
    articles = dict.fromkeys(effect.articles)
    if len(received.receive(session, openid, articles, None, at)) < len(articles):
        raise NewsTaken
    rows = [_told_in_reply(broadcast, openid, at) for broadcast in dict.fromkeys(effect.broadcasts)]
    add_missing(session, Delivery, rows)


def _told_in_reply(broadcast: int, openid: str, at: datetime) -> dict[str, object]:
    about = {"broadcast_id": broadcast, "openid": openid, "channel": "reply"}
    return {**about, "state": "sent", "attempts": 1, "due_at": at, "settled_at": at}
