"""Lets go of what inquiries that were only begun may no longer hold: names and numbers without consent after a day, all
of it after a week."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.adapters.conversations import Conversations, Lost, Occupied
from bot.dialogue.conversation import Conversation
from bot.dialogue.form import Form
from bot.dialogue.intake_age import aged

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=0.2)
"""How long to wait for somebody who writes at this very moment: their message does it by itself."""


def let_go_of_inquiries(conversations: Conversations, form: Form, now: Callable[[], datetime]) -> int:
    """Nobody has to write for it. Returns how many conversations hold less now. Raises Unavailable where Redis is away."""
    return sum(
        _forgotten(conversations, openid, form, now()) for openid in conversations.resting(form.times.unconsented)
    )


def _forgotten(conversations: Conversations, openid: str, form: Form, now: datetime) -> bool:
    try:
        with conversations.hold(openid, "forget", None, PATIENCE) as held:
            before = held.conversation
            after = _without_what_is_over(before, form, now) if before else before
            if after is None or after == before:
                return False
            held.settle(after)
    except (Occupied, Lost):
        return False
    return True


def _without_what_is_over(conversation: Conversation, form: Form, now: datetime) -> Conversation:
    """The same as the follower's next message would leave."""
    inquiry = aged(conversation.inquiry, form, now)
    return conversation if inquiry == conversation.inquiry else replace(conversation, inquiry=inquiry, rest="")
