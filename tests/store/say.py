"""Messages and leads for the tests, with as little to say as possible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.dialogue.effects import LeadSubmitted
from bot.dialogue.message import Content, Message, Text

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
HELLO = Text("好")
PHONE = "+8613800001234"
CHANNELS = ("wecom", "dingtalk")


def message(key: str, openid: str = "oA", content: Content = HELLO, after: timedelta = timedelta()) -> Message:
    return Message(openid=openid, account="gh_1", at=NOON + after, key=key, content=content)


def inquiry(number: str = "L1124-AAAA", phone: str = PHONE, **slots: Any) -> LeadSubmitted:
    values = {"deal": "rent", "company": "星火精密", "contact": "王总", "mobile": [phone], **slots}
    return LeadSubmitted(number, values, {"contact": {"notice": "2026-11"}}, ("想租三千平厂房",), (7,), "expo")
