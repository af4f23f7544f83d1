"""What the dialogue is given: the form, the firm's words, and everything a handler may ask."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

import sqlalchemy as sa

from bot.adapters import asked
from bot.adapters.conversations import Conversations, Pace
from bot.adapters.links import FormLinks, ReadingLinks
from bot.adapters.wechat.capabilities import Capabilities
from bot.dialogue.effects import ArticleRead
from bot.dialogue.form import Form
from bot.dialogue.lookups import Advisor, Articles, Lookups, OpenLead, Topic, WaitingNews
from bot.dialogue.message import Message, Other
from bot.dialogue.reply import tap
from bot.dialogue.wording import Heard, Wording
from bot.replies import OwnReplies, own_replies
from bot.store import leads, reply_news
from bot.store.base import Sessions, reading
from bot.wiring.common import Base, reader
from bot.wiring.library import Library
from config.texts import Texts

HOT_TOPICS = 4
READINGS_KEPT = 256
"""Several rows of the table look at the same message."""


def conversations_of(made: Base) -> Conversations:
    settings = made.settings
    pace = Pace(settings.follower_burst)
    return Conversations(made.redis, made.vault, settings.draft_kept, window=settings.wechat.window, pace=pace)


def form_of(made: Base) -> Form:
    """The inquiry, with the times for which drafts are kept as the environment says."""
    form, settings = Form.from_toml(made.texts["intake"]), made.settings
    times = replace(form.times, draft=settings.draft_kept, unconsented=settings.unconsented_kept)
    return replace(form, times=times)


def replies_of(made: Base) -> OwnReplies:
    """What the firm says in its own words, as staff last changed it."""
    replies = own_replies(made.sessions, made.texts.files, _phrases(made.texts))
    with suppress(
        sa.exc.OperationalError, sa.exc.ProgrammingError
    ):  # a database that is not there yet has changed nothing
        replies.refresh()
    return replies


def lookups_of(made: Base, library: Library, replies: OwnReplies) -> Lookups:
    """What handlers may ask."""
    understand = reader(made.settings.config_dir)
    rights = Capabilities.of(made.settings.wechat.account)
    advisor = Advisor(**made.texts["firm"]["advisor"])
    topics = library.taxonomy.topics
    return Lookups(
        say=Wording(replies.phrases, facts_of(made.texts, topics, advisor)),
        heard=Heard.of(made.texts["replies"]["heard"]),
        understand=lru_cache(READINGS_KEPT)(understand),
        wants_human=understand.wants_human,
        articles=library.articles,
        topics=topics,
        advisor=advisor,
        keywords=replies,
        menu=replies.says,
        form=form_of(made),
        latest_broadcast=lambda: library.latest_news,
        waiting_news=partial(_waiting_news, made.sessions, library.articles),
        open_lead=partial(_open_lead, made),
        entries=tuple if rights.menu else replies.entries,
        hands_over=rights.hand_over,
        pushes=rights.pushes,
        firm=made.texts["firm"]["name"],
        site=made.texts["firm"]["site"] or made.settings.site_url,
        place=understand.place,
        page=links_of(made).to,
        trail=reading_links_of(made).to if keeps_readings(made) else lambda _, article: article.url,
    )


def links_of(made: Base) -> FormLinks:
    lasts = timedelta(hours=made.texts["intake"].get("page", {}).get("link_hours", 24))
    return FormLinks(made.vault, made.settings.public_url, lasts)


def reading_links_of(made: Base) -> ReadingLinks:
    return ReadingLinks(made.vault, made.settings.public_url)


def keeps_readings(made: Base) -> bool:
    """Whether the firm wants to know who opens which article."""
    return bool(made.texts["firm"].get("reading_links", True))


def note_reading(made: Base, openid: str, article: int) -> None:
    """On its way to the database by Redis, so that nobody waits for it. Raises what Redis raises while it is away."""
    message = Message(openid, "", datetime.now(UTC), f"read {article} {openid}", Other("page"))
    made.redis.rpush(asked.ASKED, asked.entry(made.vault, message, (ArticleRead(article),)))


def _waiting_news(sessions: Sessions, articles: Articles, openid: str) -> WaitingNews:
    with reading(sessions) as session:
        waiting = reply_news.waiting(session, openid, datetime.now(UTC))
    return WaitingNews(waiting.broadcasts, articles.get(waiting.articles), waiting.later)


def _open_lead(made: Base, openid: str) -> OpenLead | None:
    with reading(made.sessions) as session:
        return leads.open_lead(session, made.vault, openid, datetime.now(UTC))


def _phrases(files: Texts) -> dict[str, str]:
    return {**files["replies"]["phrases"], **files["intake"]["phrases"]}


def facts_of(files: Texts, topics: tuple[Topic, ...], advisor: Advisor) -> dict[str, object]:
    hot = files["replies"]["phrases"]["separator"].join(tap(topic.name) for topic in topics[:HOT_TOPICS])
    return {
        "firm": files["firm"]["name"],
        "name": advisor.name,
        "phone": advisor.phone,
        "wechat": advisor.wechat,
        "hours": advisor.hours,
        "topic_taps": hot,
    }
