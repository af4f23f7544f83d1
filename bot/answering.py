"""The road of one message: hold the conversation, route, make rows of the effects, keep, answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.adapters.conversations import Conversations, Held
from bot.adapters.wechat.windows import opened_by
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Effect, PersonErased, Unfollowed
from bot.dialogue.lookups import Lookups, WaitingNews
from bot.dialogue.message import Message
from bot.dialogue.reply import Reply
from bot.dialogue.turn import Turn
from bot.store.deliveries import NewsTaken

log = logging.getLogger(__name__)

Router = Callable[[Message, Conversation, Lookups], tuple[str, Turn]]
Commit = Callable[[Message, tuple[Effect, ...]], None]
Profile = Callable[[str], Conversation]

NO_NEWS = WaitingNews((), ())
PAGE = "page"
"""The key of what is saved while somebody types: one for all, so that it pushes out no message's reply."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What answering one message takes.

    profile: the conversation of a follower Redis does not know (any more), with what the database does.
    commit: makes rows of effects in one transaction; a repeat with the same message key changes nothing.
    wait: how long a message waits for the follower's message before it; under the platform's 5 s.
    """

    conversations: Conversations
    router: Router
    lookups: Lookups
    profile: Profile
    commit: Commit
    wait: timedelta = timedelta(seconds=4)

    def answer(self, message: Message, nonce: str | None) -> Reply:
        """The reply to a message; a repeat gets the reply the first one got.

        Raises Replayed for a forged repeat, Occupied or Unavailable when the conversation cannot be had in time.
        """
        with self.conversations.hold(message.openid, message.key, nonce, self.wait) as held:
            if held.answered is not None:
                return held.answered
            return self._new_answer(message, held)

    def looked(self, openid: str) -> Conversation:
        """What is remembered of a follower, as it is now. Raises Occupied, Unavailable."""
        with self.conversations.hold(openid, PAGE, None, self.wait) as held:
            return held.conversation if held.conversation is not None else self.profile(openid)

    def on_page(self, message: Message, work: Callable[[Conversation, Lookups], Turn]) -> Reply:
        """The same road for what a follower does on a page of ours: the same lock, rows and memory.

        A key of PAGE is worked on however often it comes; any other only once, as with messages.
        Raises Lost, Occupied, Unavailable.
        """
        with self.conversations.hold(message.openid, message.key, None, self.wait) as held:
            if held.answered is not None and message.key != PAGE:
                return held.answered
            known = held.conversation
            turn = work(known if known is not None else self.profile(message.openid), self.lookups)
            self._commit(message, turn)
            held.keep(turn.conversation, turn.reply)
            return turn.reply

    def _new_answer(self, message: Message, held: Held) -> Reply:
        known = held.conversation
        before = known if known is not None else self.profile(message.openid)
        turn = self._committed(message, before)
        if _forgets(turn.effects):
            held.forget()
        else:
            held.keep(turn.conversation, turn.reply, opened_by(message))
        return turn.reply

    def _committed(self, message: Message, before: Conversation) -> Turn:
        """The turn, with its rows written: rows first, for a crash before Redis is told makes the platform ask again,
        and the rows know the message key."""
        route, turn = self.router(message, before, self.lookups)
        log.info("answering", extra={"route": route, "reply": type(turn.reply).__name__})
        try:
            self._commit(message, turn)
        except NewsTaken:  # another channel was faster with the same article
            _, turn = self.router(message, before, replace(self.lookups, waiting_news=lambda _: NO_NEWS))
            self._commit(message, turn)
        return turn

    def _commit(self, message: Message, turn: Turn) -> None:
        if turn.effects:
            self.commit(message, turn.effects)


def _forgets(effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(effect, PersonErased | Unfollowed) for effect in effects)
