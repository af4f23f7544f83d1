"""Turns a Reply into the platform's XML with wechatpy's replies, made safe for whatever the words contain."""

from __future__ import annotations

from datetime import datetime

from wechatpy.replies import ArticlesReply, BaseReply, ImageReply, TextReply, TransferCustomerServiceReply

from bot.adapters.wechat.xml import clean
from bot.dialogue.message import Message
from bot.dialogue.reply import Card, HandOver, Picture, Reply, Silence, Words, fitted

SUCCESS = b"success"
LONGEST_TEXT = 2047
"""Bytes; the platform loses longer texts without a word (reference §2)."""


def rendered(reply: Reply, to: Message, now: datetime) -> bytes:
    """The XML, or `success` where there is nothing to say."""
    answer = _platform_reply(reply)
    if answer is None:
        return SUCCESS
    answer.source, answer.target, answer.time = _safe(to.account), _safe(to.openid), int(now.timestamp())
    return bytes(answer.render().encode())


def _platform_reply(reply: Reply) -> BaseReply | None:
    match reply:
        case Words(text):
            content = _cut(clean(text))
            return TextReply(content=_safe(content)) if content.strip() else None
        case Card(title, description, picture, url):
            facts = {"title": title, "description": description, "image": picture, "url": url}
            return ArticlesReply(articles=[{name: _safe(value) for name, value in facts.items()}])
        case Picture(media_id):
            return ImageReply(image=_safe(media_id))
        case HandOver():
            return TransferCustomerServiceReply()
        case Silence():
            return None


def _safe(text: str) -> str:
    """wechatpy puts values into CDATA as they are: an end mark inside would close it and let nodes in."""
    return clean(text).replace("]]>", "]]]]><![CDATA[>")


def _cut(text: str) -> str:
    head, _ = fitted(text, LONGEST_TEXT)
    return head or text.encode()[:LONGEST_TEXT].decode(errors="ignore")
