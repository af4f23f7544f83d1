"""What the WSGI server loads in each web process."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from flask import Flask

from bot import wiring
from bot.adapters.redis_scripts import TROUBLE
from bot.adapters.wechat.errors import PlatformError
from bot.adapters.wechat.trouble import told
from bot.commands import conditional, cores, logs
from bot.dialogue.conversation import Conversation
from bot.dialogue.intake_page import on_a_page
from bot.dialogue.lookups import KeywordRule
from bot.dialogue.message import Message, Text
from bot.dialogue.reply import Reply
from bot.taking import typed
from bot.vitals import Pulse
from config.settings import read
from handlers.routes import answer
from handlers.web.app import create_app
from handlers.web.form import FormPage
from handlers.web.health import Health
from handlers.web.own_pages import OwnPages, Shown, own_pages_door
from handlers.web.reading import ReadingRoom, reading_door
from handlers.web.staff import Desk
from handlers.web.staff.desk import OwnReplies, OwnWeChat, Tried
from handlers.web.strangers import Strangers
from handlers.web.webhook import Webhook

log = logging.getLogger(__name__)

READINGS_KNOWN = 4096
"""Who taps a link again soon costs Redis nothing."""


def app() -> Flask:
    logs.set_up()
    settings = read(os.environ)
    front = wiring.front(settings, answer)
    atexit.register(front.close)
    made = make(front)
    # Only now: the threads that answer start after this, and those that build the index may go where they like.
    if settings.own_cores:
        cores.settle(Path(settings.data_dir) / "cores.lock")
    gc.collect()
    gc.freeze()  # what was made here stays for good: no collection need look at it again
    return made


def make(front: wiring.Front) -> Flask:
    """The application on a wired front; tests hand in one of their own."""
    settings = front.made.settings
    strangers = Strangers(settings.stranger_burst)
    silent = threading.Semaphore(max(1, settings.threads // 4))
    errors = (front.refused, front.replayed, front.again)
    pulse = Pulse(front.made.redis)

    def answered(message: Message, nonce: str | None) -> Reply:
        pulse.beat()
        return front.answer(message, nonce)

    webhook = Webhook(front.callback, answered, *errors, front.apology, strangers, silent)
    health = Health(front.checks, wiring.vitals_of(front))
    made = create_app(webhook, health, desk_of(front), form_of(front), settings.trusted_proxies)
    made.register_blueprint(own_pages_door(own_pages_of(front)))
    made.register_blueprint(reading_door(reading_room_of(front)))
    return made


def reading_room_of(front: wiring.Front) -> ReadingRoom:
    """Links that were given out go on leading to their articles when the firm no longer wants to know who opens them."""
    once = lru_cache(READINGS_KNOWN)(partial(wiring.note_reading, front.made))

    def note(openid: str, article: int) -> None:
        if wiring.keeps_readings(front.made):
            with suppress(*TROUBLE):
                once(openid, article)

    def address(article: int) -> str:
        return next((found.url for found in front.library.articles.get((article,))), "")

    opened = wiring.reading_links_of(front.made).opened
    return ReadingRoom(opened, address, note, front.lookups.firm, front.lookups.site)


def own_pages_of(front: wiring.Front) -> OwnPages:
    def find(ending: str) -> Shown | None:
        row = wiring.own_page(front.made, ending)
        return (
            Shown(row.title, row.category, row.picture, tuple(row.body.split("\n")), row.published_at) if row else None
        )

    return OwnPages(find, front.made.texts["firm"]["name"])


def desk_of(front: wiring.Front) -> Desk:
    made, settings = front.made, front.made.settings
    account = wiring.account_of(made)
    return Desk(
        sessions=made.sessions,
        secrets=made.vault,
        secret_key=settings.secret_key,
        limiter_url=settings.redis_url,
        texts=made.texts["desk"],
        form=front.lookups.form,
        score=made.texts["staff"]["score"],
        labels=made.texts["staff"]["slots"],
        firm=made.texts["firm"]["name"],
        topics={topic.key: topic.name for topic in front.lookups.topics},
        place=front.lookups.place,
        articles=front.library.articles.get,
        channels=front.channels,
        wake=front.wake,
        forget=partial(wiring.forget, made, front.answering.conversations),
        protected=timedelta(days=made.texts["duty"]["routing"]["protected_days"]),
        still_open=partial(_still_open, account),
        account=account.standing,
        usage=lambda: account.usage(datetime.now(UTC)),
        vitals=wiring.vitals_of(front),
        write_article=_writer(front),
        make_code=partial(_made_code, account, made.texts["desk"]["platform"]),
        html_of=partial(wiring.html_of, made),
        news=made.texts["staff"]["news"],
        wechat=_own_wechat(made, account),
        replies=_own_replies(front, account),
        secure=settings.public_url.startswith("https:"),
    )


def _made_code(account: wiring.Account, refusals: Mapping[str, str], scene: str, days: int) -> tuple[str, str]:
    try:
        return account.platform.qr_code(scene, timedelta(days=days) if days else None)[1], ""
    except PlatformError as error:
        log.warning("no QR code was made: %s", error)
        return "", told(error, refusals)


def _own_wechat(made: wiring.Base, account: wiring.Account) -> OwnWeChat:
    login = wiring.web_login_of(made, account)
    return OwnWeChat(login.closed, login.address, login.whose, login.origin)


def _writer(front: wiring.Front) -> Callable[[str, str, str, str], tuple[int, str]]:
    taker = wiring.taker_of(front.made, front.library)

    def write(title: str, category: str, body: str, url: str) -> tuple[int, str]:
        return typed(taker, title, category, body, url, "", front.made.settings.public_url)

    return write


def _own_replies(front: wiring.Front, account: wiring.Account) -> OwnReplies:
    def tried(text: str, at: datetime, rules: Iterable[KeywordRule]) -> Tried:
        """The routes themselves, for a follower nobody knows; nothing of it is kept."""
        message = Message("", "", at, "tried", Text(text))
        route, turn = answer(message, Conversation(), replace(front.lookups, keywords=rules, page=lambda *_: ""))
        return Tried(route, on_a_page(turn.reply) or getattr(turn.reply, "title", ""), front.lookups.understand(text))

    return OwnReplies(front.replies.shipped, tried, partial(wiring.worded, front), _menu_putter(front, account))


def _menu_putter(front: wiring.Front, account: wiring.Account) -> Callable[[Mapping[str, Any]], tuple[str, str]]:
    """Brings the platform's menus in step with these; what to say of it, and why it was refused."""
    topics = [topic.key for topic in front.lookups.topics]
    known = conditional.Tags(topics, partial(wiring.bare_tag_of, front.made))

    def put(menu: Mapping[str, Any]) -> tuple[str, str]:
        if not account.rights.menu:
            return "menu_not_allowed", ""
        try:
            menus = conditional.resolved(menu.get("conditional", ()), known, account.platform)
            conditional.bring_in_step(account.platform, menu["button"], menus)
            front.wake("follow")  # to put the tags on whoever follows their topics: it may take minutes
        except conditional.NoTag as missing:
            return "menu_no_tag", missing.name
        except PlatformError as error:
            log.warning("the menu was not taken: %s", error)
            return "menu_refused", told(error, front.made.texts["desk"]["platform"])
        return "menu_saved", ""

    return put


def form_of(front: wiring.Front) -> FormPage:
    settings = front.made.settings
    return FormPage(
        lookups=front.lookups,
        looked=front.answering.looked,
        on_page=front.answering.on_page,
        whose=wiring.links_of(front.made).whose,
        secret_key=settings.secret_key,
        limiter_url=settings.redis_url,
        busy=wiring.BUSY,
        secure=settings.public_url.startswith("https:"),
    )


def _still_open(account: wiring.Account, openid: str) -> int | None:
    """None where this account may not write to followers at all, or where Redis is away and nobody knows."""
    if not account.rights.customer_messages:
        return None
    with suppress(*TROUBLE):
        return account.ledger.may_send(openid, datetime.now(UTC))
    return None
