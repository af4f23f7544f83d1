"""Fixed answers the firm has written itself, by keyword, priority and time of day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from functools import lru_cache

from bot.dialogue.conversation import Conversation
from bot.dialogue.lookups import KeywordRule, Lookups
from bot.dialogue.message import Message, Text
from bot.dialogue.reply import Words
from bot.dialogue.turn import Turn
from bot.dialogue.wording import plain
from bot.dialogue.worktime import SHANGHAI


def keyword(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Text(text=text):
            rule = matching(lookups.keywords, text, message.at)
            return Turn(Words(rule.answer), conversation) if rule else None
        case _:
            return None


def matching(rules: Iterable[KeywordRule], text: str, at: datetime) -> KeywordRule | None:
    """The rule that answers: highest priority first, exact before contains, then the order of the file."""
    said = plain(text)
    fitting = [rule for rule in rules if fits(rule, said) and is_open(rule.hours, at)]
    return max(fitting, key=lambda rule: (rule.priority, rule.match == "exact"), default=None)


def fits(rule: KeywordRule, text: str) -> bool:
    """text: as `plain` makes it."""
    words = _plain_each(rule.words)
    return text in words if rule.match == "exact" else any(map(text.__contains__, words))


@lru_cache(1024)  # every message is held against the same rules
def _plain_each(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(plain, words))


def is_open(hours: str, at: datetime) -> bool:
    """Whether `at` lies in hours like 09:00-18:00; a span may run over midnight."""
    if not hours:
        return True
    begin, end = (time.fromisoformat(part.strip()) for part in hours.split("-"))
    now = at.astimezone(SHANGHAI).time()
    return begin <= now < end if begin <= end else now >= begin or now < end
