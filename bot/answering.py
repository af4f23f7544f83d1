"""The road of one message: hold the conversation, route, make rows of the effects, keep, answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.adapters.conversations import Conversations, Flooding, Held, Unavailable
from bot.adapters.wechat.windows import opened_by
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Effect, Noted, PersonErased, Unfollowed
from bot.dialogue.lookups import Lookups, WaitingNews
from bot.dialogue.message import Message
from bot.dialogue.reply import SILENCE, Card, Reply, Words, fitted, link
from bot.dialogue.turn import Turn
from bot.store.patience import Away
from bot.store.reply_news import NewsTaken

log = logging.getLogger(__name__)

Router = Callable[[Message, Conversation, Lookups], tuple[str, Turn]]
Commit = Callable[[Message, tuple[Effect, ...]], None]
Profile = Callable[[str], Conversation]
Note = Callable[[Message, tuple[Noted, ...]], bytes]
Listener = Callable[[Message, Reply], None]

NO_NEWS = WaitingNews((), ())
PAGE = "page"
"""The key of what is saved while somebody types: one for all, so that it pushes out no message's reply."""


class Unfinished(Exception):
    """Something was away in the middle: nothing was said, and the same message may come again."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What answering one message takes.

    profile: the conversation of a follower Redis does not know (any more), with what the database does. Raises Away.
    commit: makes rows of effects in one transaction; a repeat with the same message key changes nothing. Raises Away.
    note: questions and begun inquiries as they are kept until a worker makes rows of them, so that an answer needs no database.
    heard: is told of each turn that was kept, for staff to read; not of somebody who leaves.
    wait: how long a message waits for the follower's message before it; under the platform's 5 s.
    """

    conversations: Conversations
    router: Router
    lookups: Lookups
    profile: Profile
    commit: Commit
    note: Note
    heard: Listener = lambda _message, _reply: None
    wait: timedelta = timedelta(seconds=4)

    def answer(
        self, message: Message, nonce: str | None, holding: Callable[[Held], None] = lambda _held: None
    ) -> Reply:
        """The reply to a message; a repeat gets the reply the first one got.

        holding: told of the held conversation, for whoever has to hold it longer.
        Raises Replayed for a forged repeat, Occupied or Unavailable when the conversation cannot be had in time, and
        Unfinished or Lost when it could not be kept.
        """
        try:
            with self.conversations.hold(message.openid, message.key, nonce, self.wait) as held:
                holding(held)
                return held.answered if held.answered is not None else self._new_answer(message, held)
        except Flooding as flooding:
            return Words(self.lookups.say("slow_down")) if flooding.first else SILENCE

    def looked(self, openid: str) -> Conversation:
        """What is remembered of a follower, as it is now. Raises Occupied, Unavailable."""
        with self.conversations.hold(openid, PAGE, None, self.wait) as held:
            return self._known(openid, held)[0]

    def on_page(self, message: Message, work: Callable[[Conversation, Lookups], Turn]) -> Reply:
        """The same road for what a follower does on a page of ours: the same lock, rows and memory.

        A key of PAGE is worked on however often it comes; any other only once, as with messages.
        Raises Away, Lost, Occupied, Unavailable.
        """
        with self.conversations.hold(message.openid, message.key, None, self.wait) as held:
            if held.answered is not None and message.key != PAGE:
                return held.answered
            before, whole = self._known(message.openid, held)
            turn = work(before, self.lookups)
            noted = self._commit(_known_apart(message), turn)
            held.keep(turn.conversation, turn.reply, owed=held.before.owed, whole=whole, asked=noted)
            return turn.reply

    def _new_answer(self, message: Message, held: Held) -> Reply:
        before, whole = self._known(message.openid, held)
        turn, asked = self._committed(message, before)
        if _forgets(turn.effects):
            held.forget()
            return turn.reply
        turn, owed = _paid(turn, held.before.owed, self.lookups)
        try:
            held.keep(turn.conversation, turn.reply, opened_by(message), owed=owed, whole=whole, asked=asked)
        except Unavailable as trouble:  # rows may be written: the repeat finds them, and says what was to be said
            raise Unfinished("the conversation could not be kept") from trouble
        self.heard(message, turn.reply)
        return turn.reply

    def _known(self, openid: str, held: Held) -> tuple[Conversation, bool]:
        """The conversation so far, and whether it has what the database knows: without one answers go on."""
        kept = held.before
        if kept.conversation is not None and kept.whole:
            return kept.conversation, True
        try:
            profile = self.profile(openid)
        except Away:
            return kept.conversation or Conversation(), False
        known = kept.conversation or profile
        return replace(known, topics=known.topics or profile.topics, scene=known.scene or profile.scene), True

    def _committed(self, message: Message, before: Conversation) -> tuple[Turn, bytes]:
        """The turn with its rows written, and questions for later. Rows first: a crash before Redis is told makes the
        platform ask again, and the rows know the message key."""
        try:
            turn = self._turn(message, before, self.lookups)
            return turn, self._commit(message, turn)
        except NewsTaken:  # another channel was faster with the same article
            turn = self._turn(message, before, replace(self.lookups, waiting_news=lambda _: NO_NEWS))
            return turn, self._commit(message, turn)
        except Away as trouble:
            raise Unfinished("the database is away") from trouble

    def _turn(self, message: Message, before: Conversation, lookups: Lookups) -> Turn:
        try:
            route, turn = self.router(message, before, lookups)
        except Away:  # news waits until the database is back; without it most messages need none
            route, turn = self.router(message, before, replace(lookups, latest_broadcast=lambda: 0))
        log.info("answering", extra={"route": route, "reply": type(turn.reply).__name__})
        return turn

    def _commit(self, message: Message, turn: Turn) -> bytes:
        noted = tuple(effect for effect in turn.effects if isinstance(effect, Noted))
        if len(noted) == len(turn.effects):
            return self.note(message, noted) if noted else b""
        self.commit(message, turn.effects)
        return b""


def _known_apart(message: Message) -> Message:
    """Rows know a message by its key, and what is saved while typing has the same one for all."""
    return replace(message, key=f"{PAGE}:{message.openid}:{message.at.timestamp()}") if message.key == PAGE else message


def _forgets(effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(effect, PersonErased | Unfollowed) for effect in effects)


def _paid(turn: Turn, owed: Reply | None, lookups: Lookups) -> tuple[Turn, Reply | None]:
    """The turn with an answer of before that came too late; where words cannot hold both it stays owed."""
    late, now = _as_words(owed), _as_words(turn.reply)
    if not late or not now:
        return turn, owed if late else None
    text = "\n\n".join((lookups.say("late_answer"), late, now))
    head, rest = fitted(text)
    if rest:
        tail = "\n" + lookups.say("more_tail")
        head, rest = fitted(text, len(head.encode()) - len(tail.encode()))
        head += tail
    return replace(
        turn, reply=Words(head), conversation=replace(turn.conversation, rest=rest or turn.conversation.rest)
    ), None


def _as_words(reply: Reply | None) -> str:
    match reply:
        case Words(text):
            return text
        case Card(title, description, _, url):
            return f"{link(title, url)}\n{description}"
        case _:
            return ""
