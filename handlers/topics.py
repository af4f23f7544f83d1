"""Following industry chains: 订阅, 退订, 我的订阅."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import TopicsChosen
from bot.dialogue.lookups import Lookups, Topic
from bot.dialogue.message import Message, Text
from bot.dialogue.reply import Words, tap
from bot.dialogue.turn import Turn
from bot.dialogue.wording import plain

PACES = {"pace_now": "", "pace_daily": "daily", "pace_weekly": "weekly"}
"""How often somebody wants to hear: the ways of saying it in config/replies.toml, and what is kept."""
SHOWN = 10
"""Topics listed at once: each line carries a tappable answer of about 90 bytes, and a text holds 1800."""


def topics(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Text(text=text):
            return _answer(text, conversation, lookups)
        case _:
            return None


def _answer(text: str, conversation: Conversation, lookups: Lookups) -> Turn | None:
    heard = lookups.heard
    pace = next((name for name in PACES if heard(name, text)), None)
    if pace is not None:
        return _paced(pace, conversation, lookups)
    if heard("mine", text):
        return Turn(Words(_mine(conversation, lookups)), conversation)
    if heard("topics", text):
        return Turn(
            Words(lookups.say("topics_list", lines=_lines(lookups.topics, conversation, lookups))), conversation
        )
    if heard("unsubscribe_all", text):
        return _chosen((), conversation, Words(lookups.say("topic_unsubscribed_all")))
    if named := heard.after("unsubscribe_before", text):
        return _unsubscribe(_named(named, lookups.topics), conversation, lookups)
    if named := heard.after("subscribe_before", text):
        return _subscribe(named, conversation, lookups)
    if (named := heard.after("follow_before", text)) and _named(named, lookups.topics):
        return _subscribe(named, conversation, lookups)
    return None


def _subscribe(named: str, conversation: Conversation, lookups: Lookups) -> Turn:
    wanted = _named(named, lookups.topics)
    if not wanted:
        return Turn(
            Words(lookups.say("topic_unknown", name=named, lines=_lines(lookups.topics, conversation, lookups))),
            conversation,
        )
    keys = tuple(dict.fromkeys((*conversation.topics, *(topic.key for topic in wanted))))
    return _chosen(keys, conversation, Words(lookups.say("topic_subscribed", names=_names(wanted, lookups))))


def _unsubscribe(named: list[Topic], conversation: Conversation, lookups: Lookups) -> Turn | None:
    if not named:
        return None
    gone = {topic.key for topic in named}
    keys = tuple(key for key in conversation.topics if key not in gone)
    return _chosen(keys, conversation, Words(lookups.say("topic_unsubscribed", names=_names(named, lookups))))


def _paced(said: str, conversation: Conversation, lookups: Lookups) -> Turn:
    """For all their topics. Who has none yet keeps the wish for the first one."""
    wanted = replace(conversation, pace=PACES[said])
    reply = lookups.say(said)
    if not conversation.topics:
        shown = lookups.say("topics_none", lines=_lines(lookups.topics, conversation, lookups))
        return Turn(Words(f"{reply}\n{shown}"), wanted)
    return _chosen(conversation.topics, wanted, Words(reply))


def _chosen(keys: tuple[str, ...], conversation: Conversation, reply: Words) -> Turn:
    return Turn(reply, replace(conversation, topics=keys), (TopicsChosen(keys, conversation.pace),))


def _named(text: str, known: tuple[Topic, ...]) -> list[Topic]:
    """The topics a text names: by its whole text first, else by every name or synonym in it, longest first."""
    words = plain(text)
    exact = [topic for topic in known if words in _words(topic)]
    return exact or [topic for topic in known if any(len(word) > 1 and word in words for word in _words(topic))]


def _words(topic: Topic) -> list[str]:
    return [plain(word) for word in (topic.name, *topic.words)]


def _mine(conversation: Conversation, lookups: Lookups) -> str:
    mine = [topic for topic in lookups.topics if topic.key in conversation.topics]
    if not mine:
        return lookups.say("topics_none", lines=_lines(lookups.topics, conversation, lookups))
    return lookups.say(
        "topics_mine",
        names=_names(mine, lookups),
        lines=_lines(mine, conversation, lookups),
        pace=_pace(conversation, lookups),
    )


def _pace(conversation: Conversation, lookups: Lookups) -> str:
    """How often they hear now, and the other two to tap."""
    now = next(name for name, kept in PACES.items() if kept == conversation.pace)
    others = (tap(lookups.say(f"tap_{name}")) for name in PACES if name != now)
    return lookups.say("pace_line", now=lookups.say(f"tap_{now}"), others="\u3000".join(others))


def _lines(shown: Iterable[Topic], conversation: Conversation, lookups: Lookups) -> str:
    return "\n".join(_line(topic, topic.key in conversation.topics, lookups) for topic in list(shown)[:SHOWN])


def _line(topic: Topic, on: bool, lookups: Lookups) -> str:
    verb = lookups.say("tap_unsubscribe" if on else "tap_subscribe")
    name = "topic_line_on" if on else "topic_line_off"
    return lookups.say(name, name=topic.name, tap=tap(verb, f"{verb}{topic.name}"))


def _names(shown: Iterable[Topic], lookups: Lookups) -> str:
    return lookups.say("separator").join(topic.name for topic in shown)
