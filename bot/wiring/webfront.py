"""Everything behind the webhook of a web process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from bot.adapters import asked
from bot.adapters.conversations import Lost, Occupied, Replayed, Unavailable
from bot.adapters.redis_scripts import TROUBLE
from bot.adapters.wechat.callback import Callback, Refused
from bot.adapters.wechat.errors import PlatformError, Unsure
from bot.answering import Answering, Router, Unfinished
from bot.deadline import Cut, Deadline, Send
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Effect, PersonErased, Unfollowed
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message
from bot.dialogue.reply import Card, Reply, Words
from bot.dialogue.transcript import readable
from bot.dialogue.wording import Wording
from bot.replies import OwnReplies
from bot.store import effects, followers, talks
from bot.store.base import Sessions, reading
from bot.store.patience import Away, Patience
from bot.store.talklog import TalkLog
from bot.store.talks import Line
from bot.vitals import Vitals
from bot.wiring.accounts import Account, account_of, tokens_of
from bot.wiring.common import Base, base, select_one
from bot.wiring.library import Library, library_of
from bot.wiring.people import bury, channel_names, routing_of
from bot.wiring.talking import conversations_of, facts_of, lookups_of, replies_of
from config.settings import Settings

if TYPE_CHECKING:
    from dramatiq.brokers.redis import RedisBroker

BUSY = (Away, Lost, Occupied, Unavailable)
"""What a conversation cannot be had or kept for just now."""


@dataclass(frozen=True, slots=True)
class Front:
    """What a web process needs to answer the platform and staff.

    wake: tells a worker that there is something to do: notices, unless another job is named.
    close: writes what waits and lets go of threads and connections; nothing can be answered afterwards.
    refused, replayed, again: errors that mean a stranger, a forged repeat, and that the platform should ask again.
    """

    callback: Callback
    answering: Answering
    answer: Callable[[Message, str | None], Reply]
    apology: Words
    checks: Mapping[str, Callable[[], object]]
    made: Base
    library: Library
    lookups: Lookups
    replies: OwnReplies
    channels: tuple[str, ...]
    wake: Callable[..., object]
    close: Callable[[], object]
    refused: type[Exception] = Refused
    replayed: type[Exception] = Replayed
    again: tuple[type[Exception], ...] = (Cut, Occupied, Lost, Unfinished)


def front(settings: Settings, router: Router) -> Front:
    """Everything behind the webhook. Starts the threads that keep the index fresh and write talk."""
    made = base(settings)
    library, replies = library_of(made), replies_of(made)
    patience = Patience()
    lookups = _patient(lookups_of(made, library, replies), patience)
    library.first_look()
    library.keep_fresh(replies.refresh)
    talk = TalkLog(made.sessions, made.vault)
    talk.keep_writing()
    triage = routing_of(made).triage
    closing = ExitStack()
    for end in (made.close, talk.close, library.close):  # the last one is called first
        closing.callback(end)
    channels, wake = channel_names(settings), partial(_wake, settings.redis_url)
    answering = Answering(
        conversations=conversations_of(made),
        router=router,
        lookups=lookups,
        profile=lambda openid: patience.ask(partial(_profile, made.sessions, openid)),
        commit=lambda message, done: patience.do(partial(commit, made, channels, triage, wake, message, done)),
        note=partial(asked.entry, made.vault),
        heard=partial(_heard, talk),
    )
    deadline = Deadline(answering.answer, answering.conversations, _sender(account_of(made)), settings.threads * 2)
    wechat = settings.wechat
    return Front(
        callback=Callback(wechat.token, wechat.app_id, wechat.aes_key, wechat.mode, wechat.window),
        answering=answering,
        answer=deadline.answer,
        apology=Words(lookups.say("sorry")),
        checks={"redis": made.redis.ping, "database": partial(select_one, made.sessions)},
        made=made,
        library=library,
        lookups=lookups,
        replies=replies,
        channels=channels,
        wake=wake,
        close=closing.close,
    )


def _patient(lookups: Lookups, patience: Patience) -> Lookups:
    """What asks the database, with an end to the waiting. Raises Away there."""
    waiting_news, open_lead = lookups.waiting_news, lookups.open_lead
    return replace(
        lookups,
        waiting_news=lambda openid: patience.ask(partial(waiting_news, openid)),
        open_lead=lambda openid: patience.ask(partial(open_lead, openid)),
    )


def _sender(account: Account) -> Send:
    """Customer-service messages for answers that came too late, within what the follower's windows hold."""

    def send(openid: str, reply: Reply) -> bool:
        if not account.rights.customer_messages or not isinstance(reply, Words | Card):
            return False
        window = account.ledger.spend(openid, datetime.now(UTC))
        if not window:
            return False
        try:
            if isinstance(reply, Card):
                account.platform.send_card(openid, reply)
            else:
                account.platform.send_text(openid, reply.text)
        except Unsure:
            return True  # twice would be worse than perhaps not at all
        except PlatformError as error:
            account.ledger.give_back(openid, window)
            account.ledger.correct(openid, error)
            return False
        return True

    return send


def worded(front: Front, text: str) -> str:
    """A phrase of staff as it would be said. Raises KeyError, ValueError, IndexError for braces that mean nothing."""
    facts = facts_of(front.made.texts, front.lookups.topics, front.lookups.advisor)
    return Wording({**front.replies.phrases, "tried": text}, facts)("tried")


def vitals_of(front: Front) -> Vitals:
    made = front.made
    return Vitals(made.sessions, made.redis, front.library.index, tokens_of(made), partial(datetime.now, UTC))


def commit(
    made: Base,
    channels: tuple[str, ...],
    triage: effects.Triage,
    wake: Callable[[], object],
    message: Message,
    done: tuple[Effect, ...],
) -> None:
    now = datetime.now(UTC)
    committed = effects.commit(made.sessions, made.vault, message, done, channels, now, triage)
    if any(isinstance(effect, PersonErased | Unfollowed) for effect in done):
        bury(made, message.at)
    if committed.outbox_ids:
        wake()


def _heard(talk: TalkLog, message: Message, reply: Reply) -> None:
    """Both sides of one turn, as far as there is something to read in them."""
    for who, said in ((talks.FOLLOWER, readable(message.content)), (talks.BOT, readable(reply))):
        if said is not None:
            talk.note(Line(message.openid, message.at, who, *said))


def _wake(redis_url: str, job: str = "notify") -> None:
    """Somebody should hear at once; where Redis is away the clock comes round anyway."""
    from bot.adapters.tasks import enqueue

    with suppress(*TROUBLE):
        enqueue(_broker(redis_url), job)


@cache
def _broker(redis_url: str) -> RedisBroker:
    from bot.adapters.tasks import build_broker  # loaded with the first lead, not before the first answer

    return build_broker(redis_url)


def _profile(sessions: Sessions, openid: str) -> Conversation:
    with reading(sessions) as session:
        known = followers.profile(session, openid)
    return Conversation(topics=known.topics, pace=known.pace, scene=known.scene)
