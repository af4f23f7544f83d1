"""The composition root: which real thing stands behind each port. Nothing else knows what is real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from bot.adapters.conversations import Conversations, Replayed
from bot.adapters.redis_scripts import Client, connected
from bot.adapters.staff.dingtalk import DingTalk
from bot.adapters.staff.feishu import Feishu
from bot.adapters.staff.mail import Mail
from bot.adapters.staff.wecom import WeCom
from bot.adapters.vault import Vault
from bot.adapters.wechat.callback import Callback, Refused
from bot.adapters.wechat.capabilities import Capabilities
from bot.answering import Answering, Router
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Effect
from bot.dialogue.form import Form
from bot.dialogue.lookups import Advisor, Articles, KeywordRule, Lookups, OpenLead, Topic, WaitingNews
from bot.dialogue.message import Message
from bot.dialogue.reply import Words, tap
from bot.dialogue.wording import Heard, Wording
from bot.store import broadcasts, deliveries, effects, followers, leads, migrate as migrations
from bot.store.base import Sessions, reading, sessions
from bot.understanding.lexicon import Lexicon
from bot.understanding.reader import Reader
from config import texts
from config.settings import Settings
from config.texts import Texts

HOT_TOPICS = 4
READER_CACHE = 256
"""Readings kept: several rows of the table look at the same message."""


@dataclass(frozen=True, slots=True)
class Front:
    """What a web process needs to answer the platform."""

    callback: Callback
    answering: Answering
    apology: Words
    checks: Mapping[str, Callable[[], object]]
    refused: type[Exception] = Refused
    replayed: type[Exception] = Replayed


@dataclass(frozen=True, slots=True)
class Base:
    """What every process has: settings, data files, rows, Redis and the vault."""

    settings: Settings
    texts: Texts
    sessions: Sessions
    redis: Client
    vault: Vault


def base(settings: Settings) -> Base:
    return Base(
        settings,
        texts.read(settings.config_dir),
        sessions(settings.database_url),
        connected(settings.redis_url),
        Vault(settings.data_key, settings.old_data_keys),
    )


def migrate(settings: Settings) -> None:
    migrations.upgrade(settings.database_url)


def reader(own: str = "") -> Reader:
    """The understanding of inquiries, with the words of config/understanding."""
    folder = Path(own) / "understanding" if own else texts.HERE / "understanding"
    return Reader(Lexicon.from_folder(folder if folder.is_dir() else texts.HERE / "understanding"))


def front(settings: Settings, router: Router) -> Front:
    """Everything behind the webhook. Starts the thread that keeps index and news number fresh."""
    made = base(settings)
    lookups = lookups_of(made)
    answering = Answering(
        conversations=Conversations(made.redis, made.vault, settings.draft_kept, window=settings.wechat.window),
        router=router,
        lookups=lookups,
        profile=partial(_profile, made.sessions),
        commit=partial(_commit, made, staff_channels(settings), _waker(made)),
    )
    wechat = settings.wechat
    return Front(
        callback=Callback(wechat.token, wechat.app_id, wechat.aes_key, wechat.mode, wechat.window),
        answering=answering,
        apology=Words(lookups.say("sorry")),
        checks={"redis": made.redis.ping, "database": partial(_select_one, made.sessions)},
    )


def lookups_of(made: Base) -> Lookups:
    """What handlers may ask."""
    articles, topics = _articles(made)
    understand = reader(made.settings.config_dir)
    rights = Capabilities.of(made.settings.wechat.account)
    advisor = _advisor(made.texts)
    news = _News(made.sessions)
    return Lookups(
        say=Wording(_phrases(made.texts), _facts(made.texts, topics, advisor)),
        heard=Heard.of(made.texts["replies"]["heard"]),
        understand=lru_cache(READER_CACHE)(understand),
        articles=articles,
        topics=topics,
        advisor=advisor,
        keywords=_keywords(made.texts),
        menu=made.texts["menu"]["says"],
        form=Form.from_toml(made.texts["intake"]),
        latest_broadcast=news.latest,
        waiting_news=partial(_waiting_news, made.sessions, articles),
        open_lead=partial(_open_lead, made),
        hands_over="hand_over" in rights,
        firm=made.texts["firm"]["name"],
        site=made.texts["firm"]["site"] or made.settings.site_url,
        place=understand.place,
    )


def staff_channels(settings: Settings) -> dict[str, Any]:
    """The channels that are set up, by name; the order is the order in which they are told."""
    staff = settings.staff
    channels: dict[str, Any] = {}
    if staff.wecom_url:
        channels["wecom"] = WeCom(staff.wecom_url)
    if staff.dingtalk_url:
        channels["dingtalk"] = DingTalk(staff.dingtalk_url, staff.dingtalk_secret)
    if staff.feishu_url:
        channels["feishu"] = Feishu(staff.feishu_url, staff.feishu_secret)
    if staff.smtp_url:
        channels["mail"] = Mail(staff.smtp_url, staff.mail_from, staff.mail_to)
    return channels


def _commit(
    made: Base, channels: Mapping[str, Any], wake: Callable[[], None], message: Message, done: tuple[Effect, ...]
) -> None:
    committed = effects.commit(made.sessions, made.vault, message, done, channels)
    if committed.outbox_ids:
        wake()


def _profile(sessions: Sessions, openid: str) -> Conversation:
    with reading(sessions) as session:
        known = followers.profile(session, openid)
    return Conversation(topics=known.topics, scene=known.scene)


def _waiting_news(sessions: Sessions, articles: Articles, openid: str) -> WaitingNews:
    with reading(sessions) as session:
        waiting = deliveries.waiting_news(session, openid, datetime.now(UTC))
    return WaitingNews(waiting.broadcasts, articles.get(waiting.articles))


def _open_lead(made: Base, openid: str, phones: tuple[str, ...]) -> OpenLead | None:
    with reading(made.sessions) as session:
        return leads.open_lead(session, made.vault, openid, phones, datetime.now(UTC))


def _phrases(files: Texts) -> dict[str, str]:
    return {**files["replies"]["phrases"], **files["intake"]["phrases"]}


def _facts(files: Texts, topics: tuple[Topic, ...], advisor: Advisor) -> dict[str, object]:
    hot = files["replies"]["phrases"]["separator"].join(tap(topic.name) for topic in topics[:HOT_TOPICS])
    return {
        "firm": files["firm"]["name"],
        "name": advisor.name,
        "phone": advisor.phone,
        "wechat": advisor.wechat,
        "hours": advisor.hours,
        "topic_taps": hot,
    }


def _advisor(files: Texts) -> Advisor:
    return Advisor(**files["firm"]["advisor"])


def _keywords(files: Texts) -> tuple[KeywordRule, ...]:
    rules = files["keywords"].get("rule", [])
    return tuple(KeywordRule(**{**rule, "words": tuple(rule["words"])}) for rule in rules)
