"""Article answers: one clear hit is a card, several are a numbered list, none is said kindly."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from bot.dialogue.conversation import Conversation, Listing
from bot.dialogue.effects import Asked
from bot.dialogue.intake_labels import covered
from bot.dialogue.lookups import AT_ONCE, Article, Found, Lookups
from bot.dialogue.message import Message, Text
from bot.dialogue.reply import Card, Words, link
from bot.dialogue.turn import Turn
from bot.dialogue.wording import plain
from bot.dialogue.worktime import SHANGHAI

PAGE = AT_ONCE
CLOSE = 3
"""Articles that are offered where none answers."""
TITLE = 34
SHOWN_KEPT = 24
NEWEST, NEAR = 20, 20
_OF_A_PERSON = ("contact", "mobile", "landline", "wechat")
"""What a question may hold that is not to be kept with it: questions are statistics for staff, in the open."""

_NUMBER = re.compile(r"(?:第)?\s*([0-9]{1,2}|[一二三四五六七八九十])\s*(?:篇|个|条)?")
_HAN_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九十", 1)}


def more(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    """更多: the rest of a long text first, then the next page of the list. 换一批: others of the same kind."""
    match message.content:
        case Text(text=text) if lookups.heard("more", text) and conversation.rest:
            return Turn(Words(conversation.rest), conversation)
        case Text(text=text) if lookups.heard("more", text) and conversation.listing:
            return _next_page("found_many", conversation, conversation.listing, message.at, lookups)
        case Text(text=text) if lookups.heard("another", text) and conversation.listing:
            return _another(conversation, conversation.listing, message.at, lookups)
        case Text(text=text) if lookups.heard("more", text) or lookups.heard("another", text):
            return Turn(Words(lookups.say("nothing_listed")), conversation)
        case _:
            return None


def opened(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    """A number, 看2 or 第三篇 opens an article of the list shown last."""
    match message.content:
        case Text(text=text) if conversation.listing:
            number = _number(text, lookups)
            return _open(number, conversation, conversation.listing, message.at, lookups) if number else None
        case _:
            return None


def related(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Text(text=text) if lookups.heard("related", text) and conversation.shown:
            found = lookups.articles.related(conversation.shown[-1], limit=10)
            if not found:
                return Turn(Words(lookups.say("no_related")), conversation)
            return _list(lookups.say("related"), text, found, conversation, message.at, lookups)
        case _:
            return None


def newest(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Text(text=text) if lookups.heard("newest", text):
            found = lookups.articles.newest(limit=NEWEST)
            return _newest(text, found, conversation, message.at, lookups) if found else None
        case _:
            return None


def search(message: Message, conversation: Conversation, lookups: Lookups) -> Turn | None:
    match message.content:
        case Text(text=text) if sum(char.isalnum() for char in text) >= 2:
            return _search(text, conversation, message.at, lookups)
        case _:
            return None


def _newest(text: str, found: tuple[Article, ...], conversation: Conversation, at: datetime, lookups: Lookups) -> Turn:
    """What the follower has been shown is nothing new: it comes last."""
    unseen = tuple(article for article in found if article.id not in conversation.shown)
    seen = tuple(article for article in found if article.id in conversation.shown)
    heading = lookups.say("newest" if unseen else "newest_seen")
    return _list(heading, text, (*unseen, *seen), conversation, at, lookups)


def _search(text: str, conversation: Conversation, at: datetime, lookups: Lookups) -> Turn | None:
    found, question = lookups.articles.search(text), covered(text, lookups.understand(text), _OF_A_PERSON)
    if found.close:
        return _close(text, question, found, conversation, at, lookups)
    if not found.answered or not found.articles:
        return _nothing(text, question, conversation, lookups)
    alone = found.clear or len(found.articles) == 1
    if alone and not (found.read_as or found.missed_period or _may_be_inquiry(text, lookups)):
        return _card(found.articles[0], replace(conversation, listing=None), at, lookups, question)
    if found.clear:
        found = replace(found, articles=found.articles[:1], more=())
    return _list(_heading(found, lookups), question, found.articles, conversation, at, lookups, found.more)


def _may_be_inquiry(text: str, lookups: Lookups) -> bool:
    """Only words carry the tap to the inquiry; a card has none."""
    reading = lookups.understand(text)
    return reading.inquiry > 0.0 or bool(reading.values)


def _heading(found: Found, lookups: Lookups) -> str:
    """What the list is, and how the message was read where that may surprise."""
    name = next((known.name for known in lookups.topics if known.key == found.topic), "")
    notes = [lookups.say("read_as", text=found.read_as)] if found.read_as else []
    if found.missed_period:
        notes.append(lookups.say("period_missed", period=found.period))
    if name and found.period and not found.missed_period:
        return "\n".join((*notes, lookups.say("period_topic", period=found.period, topic=name)))
    return "\n".join((*notes, lookups.say("topic_listed", topic=name) if name else lookups.say("found_many")))


def _close(text: str, question: str, found: Found, conversation: Conversation, at: datetime, lookups: Lookups) -> Turn:
    """The nearest articles, and said that they are no more: for staff the question stays unanswered."""
    heading, offered = lookups.say("found_close", question=_quoted(text)), found.articles[:CLOSE]
    turn = _list(heading, question, offered, conversation, at, lookups)
    asked = Asked(question, answered=False, shown=tuple(article.id for article in offered))
    return Turn(turn.reply, replace(turn.conversation, misses=conversation.misses), (asked,))


def _nothing(text: str, question: str, conversation: Conversation, lookups: Lookups) -> Turn:
    missed = replace(conversation, misses=conversation.misses + 1, listing=None)
    reply = "fallback_again" if missed.misses >= 3 else "nothing_found"
    return Turn(Words(lookups.say(reply, question=_quoted(text))), missed, (Asked(question, answered=False),))


def _quoted(text: str) -> str:
    return _short(text.strip().replace("<", "＜"), 20)


def _list(
    heading: str,
    question: str,
    found: tuple[Article, ...],
    conversation: Conversation,
    at: datetime,
    lookups: Lookups,
    more: tuple[int, ...] = (),
) -> Turn:
    """A numbered list of what was found; `more`: ids of what follows."""
    listing = Listing(question, (*(article.id for article in found), *more))
    answered = replace(conversation, misses=0) if conversation.misses else conversation
    return _page(heading, answered, listing, found[:PAGE], at, lookups)


def _next_page(heading: str, conversation: Conversation, listing: Listing, at: datetime, lookups: Lookups) -> Turn:
    page = lookups.articles.get(listing.ids[listing.shown : listing.shown + PAGE])
    if not page:
        return Turn(Words(lookups.say("no_more")), conversation)
    return _page(lookups.say(heading), conversation, listing, page, at, lookups)


def _another(conversation: Conversation, listing: Listing, at: datetime, lookups: Lookups) -> Turn:
    """The next of the list; after its end what is near to its first and was not shown lately."""
    if listing.shown < len(listing.ids):
        return _next_page("found_another", conversation, listing, at, lookups)
    near = lookups.articles.related(listing.ids[0], limit=NEAR)
    fresh = tuple(one for one in near if one.id not in listing.ids and one.id not in conversation.shown)
    if not fresh:
        return Turn(Words(lookups.say("no_more")), conversation)
    return _list(lookups.say("found_near"), listing.question, fresh, conversation, at, lookups)


def _page(
    heading: str,
    conversation: Conversation,
    listing: Listing,
    page: tuple[Article, ...],
    at: datetime,
    lookups: Lookups,
) -> Turn:
    after = replace(listing, shown=min(listing.shown + PAGE, len(listing.ids)))
    lines = [_line(number, article, at, lookups) for number, article in enumerate(page, listing.shown + 1)]
    tail = lookups.say("found_more" if after.shown < len(listing.ids) else "found_end")
    ids = tuple(article.id for article in page)
    asked = Asked(listing.question, answered=True, shown=ids)
    on = replace(conversation, listing=after, shown=_shown(conversation, ids))
    return Turn(Words("\n".join((heading, *lines, tail))), on, (asked,))


def _line(number: int, article: Article, at: datetime, lookups: Lookups) -> str:
    title = link(_short(article.title, TITLE), lookups.address(article))
    return lookups.say("found_line", number=number, title=title, date=_date(article.published, at, lookups))


def _number(text: str, lookups: Lookups) -> int:
    """Which article of the list is meant, 0 for none."""
    said = lookups.heard.after("opening", text) or plain(text)
    match = _NUMBER.fullmatch(said)
    if not match:
        return 0
    return _HAN_DIGITS.get(match[1]) or int(match[1])


def _open(number: int, conversation: Conversation, listing: Listing, at: datetime, lookups: Lookups) -> Turn:
    if number > len(listing.ids):
        return Turn(Words(lookups.say("not_on_list", number=number, last=listing.shown)), conversation)
    article = next(iter(lookups.articles.get((listing.ids[number - 1],))), None)
    if article is None:
        return Turn(Words(lookups.say("no_more")), conversation)
    return _card(article, conversation, at, lookups, listing.question)


def _card(article: Article, conversation: Conversation, at: datetime, lookups: Lookups, question: str) -> Turn:
    hint = lookups.say("card_hint", summary=_short(article.summary, 60), date=_date(article.published, at, lookups))
    asked = Asked(question, answered=True, shown=(article.id,))
    card = Card(article.title, hint, article.picture, lookups.address(article))
    return Turn(card, replace(conversation, shown=_shown(conversation, (article.id,)), misses=0), (asked,))


def _shown(conversation: Conversation, ids: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys((*(old for old in conversation.shown if old not in ids), *ids)))[-SHOWN_KEPT:]


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _date(published: datetime, at: datetime, lookups: Lookups) -> str:
    day, today = published.astimezone(SHANGHAI), at.astimezone(SHANGHAI)
    return lookups.say("date" if day.year == today.year else "date_year", year=day.year, month=day.month, day=day.day)
