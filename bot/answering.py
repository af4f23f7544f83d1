"""The road of one message: hold the conversation, route, make rows of the effects, keep, answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.adapters.conversations import Conversations, Held
from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import Effect, PersonErased
from bot.dialogue.lookups import Lookups
from bot.dialogue.message import Message
from bot.dialogue.reply import Reply
from bot.dialogue.turn import Turn

log = logging.getLogger(__name__)

Router = Callable[[Message, Conversation, Lookups], tuple[str, Turn]]
Commit = Callable[[Message, tuple[Effect, ...]], None]
Profile = Callable[[str], Conversation]


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

        Raises Replayed for a forged repeat, Busy or Unavailable when the conversation cannot be had in time.
        """
        with self.conversations.hold(message.openid, message.key, nonce, self.wait) as held:
            if held.answered is not None:
                return held.answered
            return self._new_answer(message, held)

    def _new_answer(self, message: Message, held: Held) -> Reply:
        known = held.conversation
        before = known if known is not None else self.profile(message.openid)
        route, turn = self.router(message, before, self.lookups)
        # Rows first: a crash before Redis is told makes the platform ask again, and the rows know the message key.
        if turn.effects:
            self.commit(message, turn.effects)
        held.keep(turn.conversation, turn.reply, forget=_forgets(turn.effects))
        log.info("answered", extra={"route": route, "reply": type(turn.reply).__name__})
        return turn.reply


def _forgets(effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(effect, PersonErased) for effect in effects)
