"""GET and POST /wechat: trust is settled here, then the message goes down its road and the reply comes back sealed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from flask import Blueprint, Response, request
from prometheus_client import Counter, Histogram

from bot.dialogue.message import Message
from bot.dialogue.reply import Reply

log = logging.getLogger(__name__)

CALLBACKS = Counter("wechat_callbacks_total", "Callbacks by what became of them", ["outcome"])
SECONDS = Histogram(
    "wechat_answer_seconds",
    "Time from callback to reply; the platform waits 5 s",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4.5, 5),
)


class Opened(Protocol):
    """A verified callback: the message, its nonce, and the function that seals the reply for the platform."""

    @property
    def message(self) -> Message: ...
    @property
    def nonce(self) -> str: ...
    @property
    def seal(self) -> Callable[[Reply], bytes]: ...


class Callback(Protocol):
    def verify_url(self, query: Mapping[str, str], now: datetime) -> str: ...
    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Opened: ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """refused: the callback's error, with `status` and `reason`. replayed: a forged repeat.
    apology: what a follower hears when nothing else can be said."""

    callback: Callback
    answer: Callable[[Message, str], Reply]
    refused: type[Exception]
    replayed: type[Exception]
    apology: Reply


def webhook_door(webhook: Webhook) -> Blueprint:
    door = Blueprint("webhook", __name__)

    @door.get("/wechat")
    def verify() -> Response:
        return _guarded(webhook, lambda: webhook.callback.verify_url(request.args, datetime.now(UTC)).encode())

    @door.post("/wechat")
    def receive() -> Response:
        started = time.perf_counter()
        response = _guarded(webhook, lambda: _answer(webhook))
        SECONDS.observe(time.perf_counter() - started)
        return response

    return door


def _answer(webhook: Webhook) -> bytes:
    opened = webhook.callback.open(request.args, request.get_data(cache=False), datetime.now(UTC))
    try:
        reply = webhook.answer(opened.message, opened.nonce)
    except webhook.replayed:
        raise
    except Exception:  # the last door: somebody must answer the follower
        log.exception("could not answer")
        CALLBACKS.labels("apology").inc()
        reply = webhook.apology
    return opened.seal(reply)


def _guarded(webhook: Webhook, work: Callable[[], bytes]) -> Response:
    """What a stranger sends is refused with a status and one log line; nobody is told why in detail."""
    try:
        body = work()
    except webhook.refused as refused:
        status, reason = getattr(refused, "status", 400), getattr(refused, "reason", "")
        return _turned_away(status, reason)
    except webhook.replayed:
        return _turned_away(403, "replayed")
    CALLBACKS.labels("answered").inc()
    return Response(body, mimetype="application/xml" if body.startswith(b"<") else "text/plain")


def _turned_away(status: int, reason: str) -> Response:
    log.warning("callback refused", extra={"status": status, "reason": reason, "peer": request.remote_addr})
    CALLBACKS.labels("refused").inc()
    return Response("", status=status, mimetype="text/plain")
