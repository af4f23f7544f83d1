"""Names and numbers without consent leave Redis after a day, although nobody writes; the need itself stays a week."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.adapters.conversations import Conversations
from bot.adapters.redis_scripts import Client
from bot.dialogue.conversation import Conversation
from bot.dialogue.inquiry import Answer, Inquiry
from bot.dialogue.reply import Words
from jobs.forget import let_go_of_inquiries
from tests.intake.talking import FORM

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NO_WAIT = timedelta(0)
ANSWERS = {"area": Answer({"min": 3000, "max": 3000, "unit": "m2"}), "mobile": Answer(["+8613800001234"])}
CONSENT = {"contact": {"notice": "1", "at": "", "key": ""}}


def draft(since: timedelta) -> Conversation:
    return Conversation(inquiry=Inquiry(answers=ANSWERS, at=NOW - since, began=NOW - since), topics=("optical",))


def kept(conversations: Conversations, client: Client, openid: str, conversation: Conversation, ago: timedelta) -> None:
    with conversations.hold(openid, "m1", None, NO_WAIT) as held:
        held.keep(conversation, Words("已记：138 0000 1234"))
    client.pexpire(f"c:{{{openid}}}", round((7 * DAY - ago).total_seconds() * 1000))


def read(conversations: Conversations, openid: str, key: str = "m2") -> Conversation:
    with conversations.hold(openid, key, None, NO_WAIT) as held:
        assert held.conversation is not None
        assert held.answered is None
        return held.conversation


def forgot(conversations: Conversations) -> int:
    return let_go_of_inquiries(conversations, FORM, lambda: NOW)


def test_a_number_without_consent_goes_after_a_day_and_the_need_stays(
    conversations: Conversations, client: Client
) -> None:
    kept(conversations, client, "oA", draft(25 * HOUR), 25 * HOUR)
    assert forgot(conversations) == 1
    left = read(conversations, "oA", "m1")  # the reply that repeated the number is gone, too
    assert left.inquiry is not None
    assert set(left.inquiry.answers) == {"area"}
    assert left.topics == ("optical",)
    assert forgot(conversations) == 0


def test_what_is_left_is_kept_no_longer_for_having_been_looked_at(conversations: Conversations, client: Client) -> None:
    kept(conversations, client, "oA", draft(25 * HOUR), 25 * HOUR)
    forgot(conversations)
    assert client.pttl("c:{oA}") <= (7 * DAY - 25 * HOUR).total_seconds() * 1000


def test_a_day_is_not_over_before_it_is_over(conversations: Conversations, client: Client) -> None:
    kept(conversations, client, "oA", draft(23 * HOUR), 23 * HOUR)
    assert forgot(conversations) == 0
    assert "mobile" in read(conversations, "oA").inquiry.answers  # type: ignore[union-attr]


def test_a_number_with_consent_stays(conversations: Conversations, client: Client) -> None:
    agreed = draft(25 * HOUR)
    assert agreed.inquiry is not None
    agreed = replace(agreed, inquiry=replace(agreed.inquiry, consents=CONSENT))
    kept(conversations, client, "oA", agreed, 25 * HOUR)
    assert forgot(conversations) == 0


def test_whoever_is_writing_just_now_is_left_alone(conversations: Conversations, client: Client) -> None:
    kept(conversations, client, "oA", draft(25 * HOUR), 25 * HOUR)
    with conversations.hold("oA", "m2", None, NO_WAIT):
        assert forgot(conversations) == 0
    assert forgot(conversations) == 1
