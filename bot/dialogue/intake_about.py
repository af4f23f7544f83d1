"""What a message is about: the inquiry, the lead handed in, an article, or nothing the intake should answer."""

from __future__ import annotations

from bot.dialogue.inquiry import IDLE
from bot.dialogue.intake_steps import Talk
from bot.dialogue.wording import plain

BEGINS_FROM = 0.5
"""How much a message must look like an inquiry to begin one (Reading.inquiry)."""

SHORTEST_HEADING, MOST_LOOKED_AT = 5, 5
"""Characters that a piece of a title must have to stand for the article, and how many articles are looked at."""

_CONTACTS = frozenset({"mobile", "landline", "wechat"})


def is_for_others(talk: Talk) -> bool:
    """Greetings and calls for help are answered elsewhere, and then the question is put again."""
    if talk.reading.values or talk.said.place:
        return False
    return talk.hears("helps") or any(talk.lookups.heard(name, talk.said.text) for name in ("help", "greeting"))


def is_greeted(talk: Talk) -> bool:
    return not talk.said.place and talk.lookups.heard("greeting", talk.said.text)


def is_small_talk_first(talk: Talk) -> bool:
    """好的 and 谢谢 are no command while nothing is open."""
    return talk.inquiry.state == IDLE and any(
        talk.lookups.heard(name, talk.said.text) for name in ("thanks", "greeting")
    )


def starts(talk: Talk) -> bool:
    return talk.hears("start") or talk.hears("start_only")


def is_digression(talk: Talk) -> bool:
    """Something the articles clearly answer; a question needs less than a bare word to count as one."""
    found = talk.lookups.articles.search(talk.said.text)
    return found.answered and (found.clear or bool(found.topic) or talk.form.is_question(talk.said.text))


def names_an_article(talk: Talk) -> bool:
    """The very words of the title of something found: 人形机器人产能扩张 is no answer to a question about taxes."""
    words = plain(talk.said.text)
    if len(words) < SHORTEST_HEADING:
        return False
    found = talk.lookups.articles.search(talk.said.text)
    return found.answered and any(words in plain(article.title) for article in found.articles[:MOST_LOOKED_AT])


def is_about_lead(talk: Talk) -> bool:
    reading, inquiry = talk.reading, talk.inquiry
    if inquiry.reopened or inquiry.doubts or talk.form.remark(talk.said.text) or talk.hears("amend"):
        return True
    if talk.form.named_to_change(talk.said.text):
        return True
    if reading.corrects or reading.adds or reading.removes or reading.inquiry >= BEGINS_FROM or starts(talk):
        return True
    if _CONTACTS & reading.values.keys() or _CONTACTS & reading.problems.keys():
        return True
    return _says_more_of_the_lead(talk)


def is_half_a_number(talk: Talk) -> bool:
    """A phone number with a digit too few or too many, and nothing else: whoever sends it wants to be called."""
    digits = sum(char.isdigit() for char in talk.said.text)
    return bool(_CONTACTS & talk.reading.problems.keys()) and digits * 2 > len(talk.said.text.strip())


def _says_more_of_the_lead(talk: Talk) -> bool:
    """6000平, or 面积再大一点，6000平: a measure, or a value for a slot that is named."""
    given = {slot.name for name in talk.reading.values if (slot := talk.form.slot(name))}
    if given & talk.form.named_in(talk.said.text):
        return True
    keys = [talk.form.key(name) for name in talk.reading.values]
    measured = any(key is not None and key.kind in ("range", "number") for key in keys)
    return measured and not talk.form.is_question(talk.said.text)


def not_a_need(talk: Talk) -> bool:
    """Nothing but words that could as well be searched for."""
    keys = [talk.form.key(name) for name in talk.reading.values]
    return not talk.reading.corrects and all(key is not None and key.kind == "text" for key in keys)
