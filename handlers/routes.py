"""WHO ANSWERS WHAT. One table, read from top to bottom: the first row that has an answer speaks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.dialogue.conversation import Conversation
from bot.dialogue.effects import NewsShown
from bot.dialogue.lookups import Lookups, for_one_message
from bot.dialogue.message import Message, Text
from bot.dialogue.reply import TEXT_LIMIT, Card, Words, fitted, link, tap
from bot.dialogue.turn import Handler, Turn
from handlers import articles, contact, fallback, intake, keywords, media, menu, receipts, topics, welcome

OTHER_WAY = 24
"""Characters of a message up to which it may have been a search."""


@dataclass(frozen=True, slots=True)
class Route:
    """A name for logs and staff, and the handler. `keeps_list`: a bare number still opens the list shown before."""

    name: str
    handler: Handler
    keeps_list: bool = False


ROUTES: tuple[Route, ...] = (
    Route("receipt", receipts.reported),
    Route("unfollow", welcome.unfollowed),
    Route("follow", welcome.followed),
    Route("scan", welcome.scanned),
    Route("more", articles.more, keeps_list=True),
    Route("open", articles.opened, keeps_list=True),
    Route("related", articles.related),
    Route("contact", contact.advisor),
    Route("human", contact.human),
    Route("topics", topics.topics),
    Route("keyword", keywords.keyword),
    Route("newest", articles.newest),
    Route("intake", intake.intake),
    Route("small talk", welcome.small_talk),
    Route("article", articles.search),
    Route("media", media.media),
    Route("fallback", fallback.suggest),
)


def answer(message: Message, conversation: Conversation, lookups: Lookups) -> tuple[str, Turn]:
    """The name of the route that speaks, and its turn, ready to be sent. The last row always answers."""
    lookups = for_one_message(lookups, message.openid)
    spoken = menu.spoken(message, lookups)
    current = intake.fresh(conversation, lookups, message.at)
    for route in ROUTES:
        turn = route.handler(spoken, current, lookups)
        if turn is not None:
            return route.name, _finished(route, turn, message, current, lookups)
    raise AssertionError("the last route always answers")


def _finished(route: Route, turn: Turn, message: Message, before: Conversation, lookups: Lookups) -> Turn:
    turn = _continuing(turn, _without_stale(turn.conversation, before, keeps_list=route.keeps_list))
    if route.name == "intake":
        turn = _with_other_way(turn, message, before, lookups)
    else:
        turn = _with_open_question(turn, message, lookups)
    return _fitted(_with_news(turn, message, lookups), lookups)


def _continuing(turn: Turn, conversation: Conversation) -> Turn:
    return turn if conversation is turn.conversation else replace(turn, conversation=conversation)


def _without_stale(after: Conversation, before: Conversation, *, keeps_list: bool) -> Conversation:
    """更多 and bare numbers mean what was shown last: an older list or cut text no longer counts."""
    listing = after.listing if keeps_list or after.listing is not before.listing else None
    rest = after.rest if after.rest is not before.rest else ""
    if listing is after.listing and rest == after.rest:
        return after
    return replace(after, listing=listing, rest=rest)


def _with_other_way(turn: Turn, message: Message, before: Conversation, lookups: Lookups) -> Turn:
    """A message that began an inquiry may have asked for articles: where there are some, they are one tap away."""
    began = not intake.is_open(before) and intake.is_open(turn.conversation)
    match message.content, turn.reply:
        case Text(text=text), Words(text=said) if began and _finds_articles(text, lookups):
            other = tap(lookups.say("other_way_said"), lookups.say("other_way_asks", text=text.strip()))
            return replace(turn, reply=Words(f"{said}\n{lookups.say('other_way', tap=other)}"))
        case _:
            return turn


def _finds_articles(text: str, lookups: Lookups) -> bool:
    """Whoever tapped the way to the inquiry has chosen already; a long message tells a need."""
    return 2 <= len(text) <= OTHER_WAY and text != lookups.say("tap_inquiry") and lookups.articles.search(text).answered


def _with_open_question(turn: Turn, message: Message, lookups: Lookups) -> Turn:
    """After a digression the question that was open is asked again, in the same reply."""
    question = intake.question_again(turn.conversation, lookups, message.at)
    match turn.reply:
        case Words(text=text) if question:
            return replace(turn, reply=Words(f"{text}\n\n{question}"))
        case Card() as card if question:
            return replace(turn, reply=replace(card, description=f"{card.description}{lookups.say('resume_hint')}"))
        case _:
            return turn


def _with_news(turn: Turn, message: Message, lookups: Lookups) -> Turn:
    """News that could not be pushed goes out with the next words the follower gets."""
    newest = lookups.latest_broadcast()
    if newest <= turn.conversation.news_checked or not isinstance(turn.reply, Words):
        return turn
    checked = replace(turn.conversation, news_checked=newest)
    news = lookups.waiting_news(message.openid)
    if news.later:
        return turn
    if not news.articles:
        return replace(turn, conversation=checked)
    lines = [lookups.say("news_line", title=link(article.title, lookups.address(article))) for article in news.articles]
    said = "\n".join((turn.reply.text, "", lookups.say("news"), *lines))
    shown = NewsShown(news.broadcasts, tuple(article.id for article in news.articles))
    return Turn(Words(said), checked, (*turn.effects, shown))


def _fitted(turn: Turn, lookups: Lookups) -> Turn:
    """A text the platform would lose is cut; 更多 continues it."""
    if not isinstance(turn.reply, Words) or len(turn.reply.text.encode()) <= TEXT_LIMIT:
        return turn
    tail = "\n" + lookups.say("more_tail")
    head, rest = fitted(turn.reply.text, TEXT_LIMIT - len(tail.encode()))
    return replace(turn, reply=Words(head + tail), conversation=replace(turn.conversation, rest=rest))
