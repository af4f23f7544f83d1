"""GET and POST /wechat: trust is settled here, then the message goes down its road and the reply comes back sealed.

Messages come in by the thousand, so POST is plain WSGI in front of Flask: sessions, limits and routing of the desk and
the form would cost as much as the answer itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from prometheus_client import Counter, Histogram
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from bot.commands import tracing
from bot.dialogue.message import Message
from bot.dialogue.reply import Reply
from handlers.web.strangers import Strangers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

PATH = "/wechat"

BODY_CAP = 1 << 20
"""Bytes; the platform's own messages are a few kilobytes."""

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


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes back over HTTP."""

    body: bytes
    status: int = 200
    kind: str = "text/plain; charset=utf-8"


def webhook_door(webhook: Webhook) -> Blueprint:
    """The platform's question whether this is the right address: a GET, once."""
    door = Blueprint("webhook", __name__)

    @door.get(PATH)
    def verify() -> Response:
        sent = _guarded(
            webhook, request.remote_addr, lambda: webhook.callback.verify_url(request.args, datetime.now(UTC)).encode()
        )
        return Response(sent.body, sent.status, content_type=sent.kind)

    return door


def receiving(webhook: Webhook, others: WSGIApplication) -> WSGIApplication:
    """Takes the platform's messages; everything else is for `others`."""

    def door(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
            return others(environ, start)
        number = tracing.begin(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            sent = _received(webhook, environ)
        finally:
            tracing.end()
        status = f"{sent.status} {HTTPStatus(sent.status).phrase}"
        head = [("Content-Type", sent.kind), ("Content-Length", str(len(sent.body))), ("X-Request-Id", number)]
        start(status, head)
        return [sent.body]

    return door


def _received(webhook: Webhook, environ: WSGIEnvironment) -> Sent:
    started, peer = time.perf_counter(), environ.get("REMOTE_ADDR")
    if webhook.strangers.is_shut_out(peer):
        return _turned_away(429, "too many refusals", peer)
    sent = _guarded(webhook, peer, lambda: _answer(webhook, _query(environ), _body(environ), started))
    SECONDS.observe(time.perf_counter() - started)
    return sent


def _query(environ: WSGIEnvironment) -> Mapping[str, str]:
    """Of what is given twice, the first counts."""
    given = environ.get("QUERY_STRING", "").encode("latin-1").decode(errors="replace")
    return dict(reversed(parse_qsl(given, keep_blank_values=True)))


def _body(environ: WSGIEnvironment) -> bytes:
    """Raises HTTPException where it is too large or cut off."""
    return get_input_stream(environ, max_content_length=BODY_CAP).read()


def _answer(webhook: Webhook, query: Mapping[str, str], body: bytes, started: float) -> bytes | None:
    """The sealed reply; None where the platform was kept waiting until it hung up, to ask again."""
    opened = webhook.callback.open(query, body, datetime.now(UTC))
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


def _guarded(webhook: Webhook, peer: str | None, work: Callable[[], bytes | None]) -> Sent:
    """What a stranger sends is refused with a status and one log line; nobody is told why in detail."""
    try:
        body = work()
    except webhook.refused as refused:
        status, reason = getattr(refused, "status", 400), getattr(refused, "reason", "")
    except webhook.replayed:
        status, reason = 403, "replayed"
    except RequestEntityTooLarge:
        status, reason = 413, "body too large"
    except HTTPException as trouble:
        status, reason = trouble.code or 400, "cut off"
    else:
        return _told(body)
    webhook.strangers.refused(peer)
    return _turned_away(status, reason, peer)


def _told(body: bytes | None) -> Sent:
    if body is None:
        CALLBACKS.labels("again").inc()
        return Sent(b"", 503)
    CALLBACKS.labels("answered").inc()
    return Sent(body, kind="application/xml; charset=utf-8") if body.startswith(b"<") else Sent(body)


def _turned_away(status: int, reason: str, peer: str | None) -> Sent:
    log.warning("callback refused", extra={"status": status, "reason": reason, "peer": peer})
    CALLBACKS.labels("refused").inc()
    return Sent(b"", status)
