"""GET and POST /wechat: trust is settled here, then the message goes down its road and the reply comes back sealed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from flask import Blueprint, Response, request
from prometheus_client import Counter, Histogram
from werkzeug.exceptions import RequestEntityTooLarge

from bot.dialogue.message import Message
from bot.dialogue.reply import Reply
from handlers.web.strangers import Strangers

log = logging.getLogger(__name__)

PLATFORM_WAITS = 5.2
"""Seconds after which the platform has hung up and asks again. Only silence is sure to make it: what it does about an
error status is not written anywhere."""

LAST_TRY = (8, 60)
"""A try sent so many seconds after the message is the platform's last. (Beyond, it is the clocks that differ.)"""

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
    def sent(self) -> datetime: ...
    @property
    def seal(self) -> Callable[[Reply], bytes]: ...


class Callback(Protocol):
    def verify_url(self, query: Mapping[str, str], now: datetime) -> str: ...
    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Opened: ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """refused: the callback's error, with `status` and `reason`. replayed: a forged repeat.
    again: errors after which the platform should ask again.
    apology: what a follower hears when nothing else can be said.
    silent: how many requests may wait for the platform to hang up; strangers: who is not listened to."""

    callback: Callback
    answer: Callable[[Message, str], Reply]
    refused: type[Exception]
    replayed: type[Exception]
    again: tuple[type[Exception], ...]
    apology: Reply
    strangers: Strangers
    silent: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(8))


def webhook_door(webhook: Webhook) -> Blueprint:
    door = Blueprint("webhook", __name__)

    @door.get("/wechat")
    def verify() -> Response:
        return _guarded(webhook, lambda: webhook.callback.verify_url(request.args, datetime.now(UTC)).encode())

    @door.post("/wechat")
    def receive() -> Response:
        started = time.perf_counter()
        if webhook.strangers.is_shut_out(request.remote_addr):
            return _turned_away(429, "too many refusals")
        response = _guarded(webhook, lambda: _answer(webhook, started))
        SECONDS.observe(time.perf_counter() - started)
        return response

    return door


def _answer(webhook: Webhook, started: float) -> bytes | None:
    """The sealed reply; None where the platform was kept waiting until it hung up, to ask again."""
    opened = webhook.callback.open(request.args, request.get_data(cache=False), datetime.now(UTC))
    try:
        return opened.seal(webhook.answer(opened.message, opened.nonce))
    except webhook.replayed:
        raise
    except webhook.again as trouble:
        log.warning("not answered in time", extra={"error": type(trouble).__name__})
        if not _is_last(opened) and _kept_silent(webhook, started):
            return None
    except Exception:  # the last door: somebody must answer the follower
        log.exception("could not answer")
    CALLBACKS.labels("apology").inc()
    return opened.seal(webhook.apology)


def _is_last(opened: Opened) -> bool:
    """Both moments are the platform's, so our clock does not matter."""
    first, last = LAST_TRY
    return first <= (opened.sent - opened.message.at).total_seconds() <= last


def _kept_silent(webhook: Webhook, started: float) -> bool:
    """False where so many wait already that nobody else could be answered."""
    if not webhook.silent.acquire(blocking=False):
        return False
    try:
        time.sleep(max(0.0, PLATFORM_WAITS - (time.perf_counter() - started)))
    finally:
        webhook.silent.release()
    return True


def _guarded(webhook: Webhook, work: Callable[[], bytes | None]) -> Response:
    """What a stranger sends is refused with a status and one log line; nobody is told why in detail."""
    try:
        body = work()
    except webhook.refused as refused:
        status, reason = getattr(refused, "status", 400), getattr(refused, "reason", "")
        webhook.strangers.refused(request.remote_addr)
        return _turned_away(status, reason)
    except webhook.replayed:
        webhook.strangers.refused(request.remote_addr)
        return _turned_away(403, "replayed")
    except RequestEntityTooLarge:
        webhook.strangers.refused(request.remote_addr)
        return _turned_away(413, "body too large")
    if body is None:
        CALLBACKS.labels("again").inc()
        return Response("", status=503, mimetype="text/plain")
    CALLBACKS.labels("answered").inc()
    return Response(body, mimetype="application/xml" if body.startswith(b"<") else "text/plain")


def _turned_away(status: int, reason: str) -> Response:
    log.warning("callback refused", extra={"status": status, "reason": reason, "peer": request.remote_addr})
    CALLBACKS.labels("refused").inc()
    return Response("", status=status, mimetype="text/plain")
