"""What the group robots have in common: one POST of JSON, and the truth in the body of the answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from bot.adapters.staff.errors import Later, Misconfigured, NotTold, Refused

TIMEOUT = httpx.Timeout(8.0, connect=4.0)
MINUTE = timedelta(minutes=1)


def post(url: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """The JSON of a 2xx answer; anything else is one of the errors."""
    try:
        answer = httpx.post(httpx.URL(url).copy_merge_params(params or {}), json=body, timeout=TIMEOUT)
    except httpx.TransportError as error:
        raise Later(type(error).__name__) from None  # its text may hold the address, which is a secret
    except (httpx.InvalidURL, ValueError):
        raise Misconfigured("the address is not one") from None
    return _body(answer)


def check(code: object, message: object, table: Mapping[int, type[NotTold]]) -> None:
    """0 is the only success. A code we do not know goes to an operator: repeating blindly helps nobody."""
    if code == 0:
        return
    kind = table.get(code, Misconfigured) if isinstance(code, int) else Misconfigured
    said = f"{code} {message}"[:200]
    raise Later(said, MINUTE if code != -1 else timedelta(0)) if kind is Later else kind(said)


def signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def cut(text: str, limit: int) -> str:
    """At most `limit` bytes: the middle goes, the last line stays, for it holds the link."""
    if len(text.encode()) <= limit:
        return text
    tail = "\n…\n" + text.rsplit("\n", 1)[-1]
    if len(tail.encode()) >= limit:
        return text.encode()[:limit].decode(errors="ignore")
    return text.encode()[: limit - len(tail.encode())].decode(errors="ignore") + tail


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    said = f"HTTP {answer.status_code}"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Later(said, MINUTE)
    if answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        raise Refused(said)
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or answer.status_code == httpx.codes.REQUEST_TIMEOUT:
        raise Later(said)
    if not answer.is_success:
        raise Misconfigured(said)
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        raise Misconfigured(f"{said} without JSON") from None
    if not isinstance(body, dict):
        raise Misconfigured(f"{said} without an answer")
    return body
