"""wechatpy's client with what it lacks: timeouts everywhere, one renewal of the token, quick retries, our errors."""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, SSLError
from wechatpy import WeChatClient

from bot.adapters.wechat.errors import Busy, NeedsOperator, PlatformError, SomeFailed, TokenRefused, Unsure, error_from
from bot.adapters.wechat.token import Fetched, TokenStore

Watch = Callable[[str, PlatformError | None, float], None]
"""Told of every call: its path, how it ended (None = well) and the seconds it took."""

Admit = Callable[[str], PlatformError | None]
"""Asked before every call by its path; an error it gives is raised instead of calling."""

PAUSES = (0.2, 0.6)
"""Seconds before each quick retry, give or take a half."""

REPEATABLE_WRITES = frozenset({"message/mass/sendall", "message/mass/send", "message/template/send"})
"""Sends that carry an id of ours, so that the platform itself refuses the second of two."""

ONCE_ONLY = frozenset(
    {
        *REPEATABLE_WRITES,
        "message/custom/send",
        "message/mass/preview",
        "message/subscribe/bizsend",
        "draft/add",
        "freepublish/submit",
        "material/add_material",
        "tags/create",
        "menu/addconditional",
        "qrcode/create",
        "sns/oauth2/access_token",  # a code counts once
        "clear_quota",
        "openapi/quota/clear",
    }
)
"""Calls that do something new each time: after a cut connection nobody knows whether it was done."""

ELSEWHERE = ("sns/", "customservice/")
"""Beginnings of calls that do not lie under /cgi-bin."""
UPLOADS = frozenset({"media/uploadimg", "media/upload", "material/add_material"})


class Wire(WeChatClient):  # type: ignore[misc]  # wechatpy has no types
    """Everything wechatpy's own API classes ask for goes through `_request` here."""

    def __init__(
        self,
        app_id: str,
        secret: str,
        api_base: str,
        tokens: TokenStore,
        session: requests.Session | None = None,
        timeout: float = 5.0,
        watch: Watch | None = None,
        sleep: Callable[[float], None] = time.sleep,
        admit: Admit | None = None,
    ) -> None:
        super().__init__(app_id, secret, timeout=timeout, auto_retry=False)
        self._http = session or _session()
        self._root = api_base.rstrip("/")
        self._tokens = tokens
        self._watch = watch
        self._sleep = sleep
        self._admit = admit
        logging.getLogger("urllib3.connectionpool").addFilter(_without_secrets)

    def fetch(self, force: bool) -> Fetched:
        """A token by stable_token; its body, unlike the address of the older call, appears in no log."""
        body = {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": self.secret,
            "force_refresh": force,
        }
        answer = self._answer("post", "stable_token", {"data": _encoded(body)}, token=None)
        with sensible("stable_token"):
            return Fetched(str(answer["access_token"]), int(answer.get("expires_in", 7200)))

    def web_visitor(self, code: str) -> Mapping[str, Any]:
        """Whose code of the web sign-in this is. The call takes the account's secret and no token of ours."""
        asked = {"appid": self.appid, "secret": self.secret, "code": code, "grant_type": "authorization_code"}
        return self._answer("get", "sns/oauth2/access_token", {"params": asked}, token=None)

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        call = url_or_endpoint.lstrip("/")
        shape = kwargs.pop("result_processor", None)
        if isinstance(kwargs.get("data"), dict):
            kwargs["data"] = _encoded(kwargs["data"])
        answer = self._patiently(method, call, kwargs)
        return shape(answer) if shape else answer

    def _patiently(self, method: str, call: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        for pause in self._pauses(call):
            try:
                return self._with_token(method, call, kwargs)
            except Busy as busy:
                if busy.wait or isinstance(busy, SomeFailed):
                    raise
            self._sleep(pause * random.uniform(0.5, 1.5))
        return self._with_token(method, call, kwargs)

    @staticmethod
    def _pauses(call: str) -> tuple[float, ...]:
        return PAUSES if call not in ONCE_ONLY or call in REPEATABLE_WRITES else ()

    def _with_token(self, method: str, call: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        token = self._tokens.get(self.fetch)
        try:
            return self._answer(method, call, kwargs, token)
        except TokenRefused:
            pass  # somebody else took a new one, or it ran out: renewed once, below
        return self._answer(method, call, kwargs, self._tokens.renew(token, self.fetch))

    def _answer(self, method: str, call: str, kwargs: Mapping[str, Any], token: str | None) -> Mapping[str, Any]:
        if self._admit and (refusal := self._admit(call)):
            raise refusal
        started = time.monotonic()
        answer, error = self._asked(method, call, kwargs, token)
        if self._watch:
            self._watch(call, error, time.monotonic() - started)
        if error:
            raise error
        return answer

    def _asked(
        self, method: str, call: str, kwargs: Mapping[str, Any], token: str | None
    ) -> tuple[Mapping[str, Any], PlatformError | None]:
        try:
            response = self._sent(method, call, kwargs, token)
        except requests.RequestException as trouble:
            # The exception is dropped, not chained: it holds the address, and with it the token.
            return {}, _lost(call, trouble)
        answer = _decoded(response)
        if answer is None:
            return {}, _no_answer(call, f"HTTP {response.status_code} without JSON")
        return _Answer(call, answer), self._judged(answer, call, token)

    def _sent(self, method: str, call: str, kwargs: Mapping[str, Any], token: str | None) -> requests.Response:
        params = dict(kwargs.get("params") or {})
        if token is not None:
            params["access_token"] = token
        return self._http.request(
            method,
            self._address(call),
            params=params,
            data=kwargs.get("data"),
            files=kwargs.get("files"),
            headers={"Content-Type": "application/json; charset=utf-8"} if kwargs.get("data") else None,
            timeout=self.timeout * (6 if call in UPLOADS else 1),
            allow_redirects=False,
        )

    def _address(self, call: str) -> str:
        return f"{self._root}/{call}" if call.startswith(ELSEWHERE) else f"{self._root}/cgi-bin/{call}"

    def _judged(self, answer: Mapping[str, Any], call: str, token: str | None) -> PlatformError | None:
        words = str(answer.get("errmsg", ""))
        for secret in (self.secret, token):
            words = words.replace(secret, "***") if secret else words
        error = error_from({**answer, "errmsg": words}, call)
        if token is None and isinstance(error, TokenRefused):
            # On the token call itself these codes mean a wrong secret: no renewal helps.
            return NeedsOperator(error.code, error.message, error.rid, call)
        return error


class _Answer(dict[str, Any]):
    """A success; asking it for something it does not hold is an error of ours, too."""

    def __init__(self, call: str, facts: Mapping[str, Any]) -> None:
        super().__init__(facts)
        self.call = call

    def __missing__(self, name: str) -> Any:
        raise _no_answer(self.call, f"success without {name}")


def _session() -> requests.Session:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=64))
    return session


def _encoded(body: Mapping[str, Any]) -> bytes:
    """UTF-8 as it is: the platform refuses escapes in menus and shows them in drafts (reference, ground rules)."""
    return json.dumps(body, ensure_ascii=False).encode(errors="replace")


def _decoded(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(response.content.decode(errors="replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _lost(call: str, trouble: requests.RequestException) -> PlatformError:
    name = type(trouble).__name__
    return Busy(None, f"no connection: {name}", call=call) if _never_sent(trouble) else _no_answer(call, name)


def _no_answer(call: str, what: str) -> PlatformError:
    return (Unsure if call in ONCE_ONLY else Busy)(None, f"no answer: {what}", call=call)


@contextmanager
def sensible(call: str) -> Iterator[None]:
    """What is read out of a success that holds something else than the manual says is no answer."""
    try:
        yield
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as odd:
        raise _no_answer(call, f"success that makes no sense ({type(odd).__name__})") from None


def _never_sent(trouble: requests.RequestException) -> bool:
    if isinstance(trouble, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(trouble.args[0] if trouble.args else None, "reason", None)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError, SSLError))


_SECRET = re.compile(r"((?:access_token|secret|appsecret|code)=)[^&\s]+")


def _without_secrets(record: logging.LogRecord) -> bool:
    """urllib3 writes whole addresses at DEBUG; the platform wants the token in the address."""
    if isinstance(record.args, tuple):
        record.args = tuple(_SECRET.sub(r"\1***", arg) if isinstance(arg, str) else arg for arg in record.args)
    return True
