"""The group robots of WeCom, DingTalk and Feishu, and the staff group their messages arrive in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

KEPT = 2000
HOUR = 3600
MINUTE = 60


class Refused(Exception):
    """The robot answers with this JSON instead of taking the message."""

    def __init__(self, answer: Json) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass(slots=True)
class Rules:
    """keys empty: every key is right. A secret: the message must be signed. A keyword: it must be in the text."""

    wecom_keys: list[str] = field(default_factory=list)
    dingtalk_tokens: list[str] = field(default_factory=list)
    dingtalk_secret: str = ""
    dingtalk_keyword: str = ""
    feishu_ids: list[str] = field(default_factory=list)
    feishu_secret: str = ""
    feishu_keyword: str = ""
    a_minute: int = 20


@dataclass(frozen=True, slots=True)
class StaffMessage:
    id: int
    at: str
    channel: str
    kind: str
    title: str
    text: str
    body: Json

    def as_json(self) -> Json:
        return asdict(self)


class StaffGroup:
    """What staff see, and how often each robot spoke in the last minute."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.messages: deque[StaffMessage] = deque(maxlen=KEPT)
        self._ids = itertools.count(1)
        self._spoke: dict[str, deque[float]] = defaultdict(deque)

    def put_rules(self, values: Json) -> None:
        unknown = sorted(set(values) - {field.name for field in fields(Rules)})
        if unknown:
            raise ValueError(f"no such rule: {', '.join(unknown)}")
        for name, value in values.items():
            setattr(self.rules, name, value)

    def may_speak(self, robot: str, now: float) -> bool:
        spoke = self._spoke[robot]
        while spoke and spoke[0] <= now - MINUTE:
            spoke.popleft()
        if len(spoke) >= self.rules.a_minute:
            return False
        spoke.append(now)
        return True

    def add(self, at: str, channel: str, kind: str, title: str, text: str, body: Json) -> None:
        self.messages.append(StaffMessage(next(self._ids), at, channel, kind, title, text, body))

    def since(self, last: int) -> list[StaffMessage]:
        return [message for message in tuple(self.messages) if message.id > last]


def wecom(sim: Simulator, query: Mapping[str, str], body: Json) -> Json:
    key, rules = query.get("key", ""), sim.staff.rules
    if not key or (rules.wecom_keys and key not in rules.wecom_keys):
        raise Refused(_err(93000, "invalid webhook url, hint: [sim]"))
    kind = body.get("msgtype")
    reader = WECOM.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Refused(_err(40008, "invalid message type, hint: [sim]"))
    title, text = reader(_part(body, str(kind), _err(44004, "empty content, hint: [sim]")))
    if not sim.staff.may_speak(f"wecom:{key}", sim.clock.now().timestamp()):
        raise Refused(_err(45009, "api freq out of limit, hint: [sim]"))
    sim.staff_says("wecom", str(kind), title, text, body)
    return _err(0, "ok")


def _err(code: int, message: str) -> Json:
    return {"errcode": code, "errmsg": message}


def _part(body: Json, name: str, refusal: Json) -> Json:
    part = body.get(name)
    if not isinstance(part, dict):
        raise Refused(refusal)
    return part


def _wecom_content(longest: int) -> Callable[[Json], tuple[str, str]]:
    def read(part: Json) -> tuple[str, str]:
        content = part.get("content")
        if not isinstance(content, str) or not content.strip():
            raise Refused(_err(44004, "empty content, hint: [sim]"))
        if len(content.encode()) > longest:
            raise Refused(_err(40058, f"content exceed max length {longest}, hint: [sim]"))
        return "", content

    return read


def _wecom_image(part: Json) -> tuple[str, str]:
    try:
        data = base64.b64decode(str(part.get("base64")), validate=True)
    except ValueError as error:
        raise Refused(_err(40009, "invalid image size, hint: [sim]")) from error
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != part.get("md5"):
        raise Refused(_err(301019, "media md5 not match, hint: [sim]"))
    return "", f"[image {len(data)} bytes]"


def _wecom_news(part: Json) -> tuple[str, str]:
    articles = part.get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
        raise Refused(_err(40058, "articles: 1 to 8, hint: [sim]"))
    return str(articles[0].get("title", "")), "\n".join(f"{each.get('title')} {each.get('url')}" for each in articles)


def _wecom_card(part: Json) -> tuple[str, str]:
    main = part.get("main_title") or {}
    rows = part.get("horizontal_content_list") or []
    lines = [f"{row.get('keyname')}: {row.get('value', '')}" for row in rows]
    return str(main.get("title", "")), "\n".join([str(main.get("desc", "")), *lines])


WECOM: dict[str, Callable[[Json], tuple[str, str]]] = {
    "text": _wecom_content(2048),
    "markdown": _wecom_content(4096),
    "markdown_v2": _wecom_content(4096),
    "image": _wecom_image,
    "news": _wecom_news,
    "file": lambda part: ("", f"[file {part.get('media_id')}]"),
    "template_card": _wecom_card,
}


def dingtalk(sim: Simulator, query: Mapping[str, str], body: Json) -> Json:
    rules, token = sim.staff.rules, query.get("access_token", "")
    if not token or (rules.dingtalk_tokens and token not in rules.dingtalk_tokens):
        raise Refused(_err(300005, "token is not exist"))
    if rules.dingtalk_secret:
        _check_dingtalk_sign(rules.dingtalk_secret, query)
    kind = str(body.get("msgtype"))
    if kind not in DINGTALK:
        raise Refused(_err(40035, "unsupported msgtype"))
    title, text = DINGTALK[kind](_part(body, kind, _err(40035, "param error: json")))
    if not text.strip():
        raise Refused(_err(40035, "param error: content is empty"))
    if rules.dingtalk_keyword and rules.dingtalk_keyword not in title + text:
        raise Refused(
            _err(310000, "keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]")
        )
    if not sim.staff.may_speak(f"dingtalk:{token}", sim.clock.now().timestamp()):
        raise Refused(_err(130101, "send too fast, exceed 20 times per minute"))
    sim.staff_says("dingtalk", kind, title, text, body)
    return _err(0, "ok")


def _check_dingtalk_sign(secret: str, query: Mapping[str, str]) -> None:
    stamp = query.get("timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp) / 1000) > HOUR:
        raise Refused(_err(310000, "invalid timestamp, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"))
    right = base64.b64encode(hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), "sha256")).decode()
    if not hmac.compare_digest(right, query.get("sign", "")):
        raise Refused(_err(310000, "sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"))


DINGTALK: dict[str, Callable[[Json], tuple[str, str]]] = {
    "text": lambda part: ("", str(part.get("content") or "")),
    "markdown": lambda part: (str(part.get("title") or ""), str(part.get("text") or "")),
    "link": lambda part: (str(part.get("title") or ""), f"{part.get('text')} {part.get('messageUrl')}"),
    "actionCard": lambda part: (str(part.get("title") or ""), str(part.get("text") or "")),
    "feedCard": lambda part: ("", "\n".join(str(link.get("title")) for link in part.get("links") or [])),
}


def feishu(sim: Simulator, hook: str, body: Json) -> Json:
    rules = sim.staff.rules
    if rules.feishu_ids and hook not in rules.feishu_ids:
        raise Refused(_feishu_error(19001, "param invalid: incoming webhook access token invalid"))
    if rules.feishu_secret:
        _check_feishu_sign(rules.feishu_secret, body)
    kind = str(body.get("msg_type"))
    title, text = _feishu_text(kind, body)
    if rules.feishu_keyword and rules.feishu_keyword not in title + text:
        raise Refused(_feishu_error(19024, "Key Words Not Found"))
    if not sim.staff.may_speak(f"feishu:{hook}", sim.clock.now().timestamp()):
        raise Refused(_feishu_error(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"))
    sim.staff_says("feishu", kind, title, text, body)
    return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


def _feishu_error(code: int, message: str) -> Json:
    return {"code": code, "data": {}, "msg": message}


def _check_feishu_sign(secret: str, body: Json) -> None:
    stamp = str(body.get("timestamp", ""))
    right = base64.b64encode(hmac.digest(f"{stamp}\n{secret}".encode(), b"", "sha256")).decode()
    late = not stamp.isdigit() or abs(time.time() - int(stamp)) > HOUR
    if late or not hmac.compare_digest(right, str(body.get("sign", ""))):
        message = "sign match fail or timestamp is not within one hour from current time"
        raise Refused(_feishu_error(19021, message))


def _feishu_text(kind: str, body: Json) -> tuple[str, str]:
    bad = _feishu_error(9499, "Bad Request")
    if kind == "interactive":
        return _feishu_card(_part(body, "card", bad))
    content = _part(body, "content", bad)
    if kind == "text":
        title, text = "", str(content.get("text") or "")
    elif kind == "post":
        title, text = _feishu_post(content)
    elif kind in ("image", "share_chat"):
        title, text = "", f"[{kind}]"
    else:
        raise Refused(bad)
    if not text.strip():
        raise Refused(bad)
    return title, text


def _feishu_post(content: Json) -> tuple[str, str]:
    post = content.get("post") or {}
    language: Json = post.get("zh_cn") or next(iter(post.values()), {})
    lines = ["".join(str(run.get("text", "")) for run in line) for line in language.get("content") or []]
    return str(language.get("title") or ""), "\n".join(lines)


def _feishu_card(card: Json) -> tuple[str, str]:
    title = str(((card.get("header") or {}).get("title") or {}).get("content", ""))
    elements = card.get("elements") or (card.get("body") or {}).get("elements") or []
    return title, "\n".join(line for element in elements for line in _feishu_lines(element))


def _feishu_lines(element: Json) -> list[str]:
    parts = [element, element.get("text") or {}, *(part.get("text") or {} for part in element.get("fields") or [])]
    return [str(part["content"]) for part in parts if isinstance(part, dict) and part.get("content")]
