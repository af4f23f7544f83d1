"""The platform's API, one method per call we use, named as its manual names it; errors are those of errors.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import requests

from bot.adapters.wechat.errors import PlatformError, QuotaUsed, SomeFailed
from bot.adapters.wechat.token import TokenStore
from bot.adapters.wechat.wire import Watch, Wire, sensible
from bot.dialogue.reply import Card

TAGGED_AT_ONCE = 50
RECORDS_AT_ONCE, RECORD_OF_OURS = 10_000, 2002
DRAFT_TITLE, DRAFT_AUTHOR, DRAFT_DIGEST, DRAFT_CONTENT = 32, 16, 120, 20_000
"""What a draft holds, in characters (reference §7.2); a content of DRAFT_CONTENT is one too long already."""
DRAFT_SOURCE, BODY_PICTURE = 1024, 1 << 20
"""In bytes; a picture of BODY_PICTURE is too large already."""


@dataclass(frozen=True, slots=True)
class DraftArticle:
    """One article of a draft; `thumb_media_id` is a permanent picture, images in `content` come from upload_image."""

    title: str
    content: str
    thumb_media_id: str
    author: str = ""
    digest: str = ""
    content_source_url: str = ""

    def to_dict(self) -> dict[str, Any]:
        facts = {
            "title": self.title,
            "content": self.content,
            "thumb_media_id": self.thumb_media_id,
            "author": self.author,
            "digest": self.digest,
            "content_source_url": self.content_source_url,
        }
        return {"article_type": "news", **{name: value for name, value in facts.items() if value}}


@dataclass(frozen=True, slots=True)
class Tag:
    id: int
    name: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """What the platform still tells of a follower; nickname and picture went in 2021. `subscribed_at` in seconds."""

    openid: str
    subscribed: bool
    subscribed_at: int = 0
    remark: str = ""
    tags: tuple[int, ...] = ()
    channel: str = ""
    scene: str = ""


@dataclass(frozen=True, slots=True)
class Followers:
    """One page; an empty `next` means that it was the last."""

    openids: tuple[str, ...]
    next: str
    total: int


@dataclass(frozen=True, slots=True)
class Published:
    """How a publishing job stands (reference §7.5): 0 done, 1 running, others failed."""

    status: int
    article_id: str = ""
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatRecord:
    """One line of the chat record; what was said is not kept."""

    openid: str
    at: datetime
    by_us: bool


class Today(Protocol):
    """Today's calls; bot.adapters.wechat.quota.Today. Never raises."""

    def take(self, call: str) -> bool: ...
    def may_ask(self, call: str) -> bool: ...
    def limited(self, call: str, limit: int, used: int) -> None: ...


@dataclass(frozen=True, slots=True)
class ApiQuota:
    limit: int
    used: int
    left: int


@dataclass(frozen=True, slots=True)
class WebVisitor:
    """Who opened a page inside WeChat. is_virtual: looked at a snapshot of it, and the openid is made up."""

    openid: str
    is_virtual: bool = False


class Platform:
    """All calls have a timeout, renew a refused token once and repeat a busy answer where that is safe.

    watch: told of every call, for the quota ledger, the remembered rights and the figures.
    today: asked before every call; without it nothing is counted.
    """

    def __init__(
        self,
        app_id: str,
        secret: str,
        api_base: str,
        token_store: TokenStore,
        session: requests.Session | None = None,
        timeout: float = 5.0,
        watch: Watch | None = None,
        sleep: Callable[[float], None] = time.sleep,
        today: Today | None = None,
    ) -> None:
        self.app_id = app_id
        self._today = today
        self._tokens = token_store
        self._wire = Wire(app_id, secret, api_base, token_store, session, timeout, watch, sleep, self._admit)

    def _admit(self, call: str) -> PlatformError | None:
        """A limit that our own count reached is looked up at the platform before it is believed: the larger an account,
        the more it may; and staff may have set the counts back at mp.weixin.qq.com."""
        if self._today is None or self._today.take(call):
            return None
        if self._today.may_ask(call):
            with suppress(PlatformError, KeyError, TypeError, ValueError):
                quota = self.quota(f"/cgi-bin/{call}")
                if quota.limit:
                    self._today.limited(call, quota.limit, quota.used)
        return None if self._today.take(call) else QuotaUsed(45009, "used up for today", call=call)

    # Customer-service messages (§4). They have no id of ours: after a cut connection they end as Unsure.

    def send_text(self, openid: str, text: str) -> None:
        self._wire.message.send_text(openid, text)

    def send_card(self, openid: str, card: Card) -> None:
        article = {"title": card.title, "description": card.description, "url": card.url, "picurl": card.picture}
        self._custom(openid, "news", {"articles": [article]})

    def send_image(self, openid: str, media_id: str) -> None:
        self._wire.message.send_image(openid, media_id)

    def send_menu(self, openid: str, head: str, options: Mapping[str, str], tail: str) -> None:
        """`options`: menu ids and what is tapped; the tap comes back as Text with that `menu_id`."""
        rows = [{"id": menu_id, "content": content} for menu_id, content in options.items()]
        self._custom(openid, "msgmenu", {"head_content": head, "list": rows, "tail_content": tail})

    def typing(self, openid: str) -> None:
        self._post("message/custom/typing", {"touser": openid, "command": "Typing"})

    def _custom(self, openid: str, kind: str, content: Mapping[str, Any]) -> None:
        self._post("message/custom/send", {"touser": openid, "msgtype": kind, kind: content})

    # Web sign-in (§10.1)

    def web_visitor(self, code: str) -> WebVisitor:
        """Whose one-time code this is; it counts once and for five minutes."""
        answer = self._wire.web_visitor(code)
        return WebVisitor(str(answer["openid"]), answer.get("is_snapshotuser") == 1)

    def chat_records(self, start: datetime, end: datetime) -> Iterator[ChatRecord]:
        """Who wrote when, within 24 hours; BadRequest or NeedsOperator (65400) where the account keeps none."""
        asked = {"starttime": int(start.timestamp()), "endtime": int(end.timestamp()), "number": RECORDS_AT_ONCE}
        call, number, following = "customservice/msgrecord/getmsglist", 0, 1
        while following > number:
            number = following
            answer = self._post(call, {**asked, "msgid": number})
            with sensible(call):
                rows = [_record(row) for row in answer.get("recordlist", ())]
                is_last = int(answer.get("number", 0)) < RECORDS_AT_ONCE
                following = number if is_last else int(answer["msgid"])
            yield from rows

    # Content (§7)

    def upload_image(self, image: bytes, filename: str) -> str:
        """The address of a picture that article bodies may show: jpg or png under 1 MB."""
        return str(self._wire.media.upload_image((_plain(filename), image)))

    def add_material(self, kind: str, data: bytes, filename: str) -> str:
        """The permanent media_id; `kind` is image, voice or thumb."""
        answer = self._wire.post(
            "material/add_material", params={"type": kind}, files={"media": (_plain(filename), data)}
        )
        return str(answer["media_id"])

    def add_draft(self, articles: Sequence[DraftArticle]) -> str:
        return str(self._post("draft/add", {"articles": [article.to_dict() for article in articles]})["media_id"])

    def delete_draft(self, media_id: str) -> None:
        self._post("draft/delete", {"media_id": media_id})

    def publish(self, media_id: str) -> str:
        """The publish_id; accepted, not yet published (PUBLISHJOBFINISH tells)."""
        return str(self._post("freepublish/submit", {"media_id": media_id})["publish_id"])

    def published(self, publish_id: str) -> Published:
        answer = self._post("freepublish/get", {"publish_id": publish_id})
        with sensible("freepublish/get"):
            items = answer.get("article_detail", {}).get("item", [])
            urls = tuple(str(item["article_url"]) for item in items)
            return Published(int(answer["publish_status"]), str(answer.get("article_id", "")), urls)

    # Mass sends and notices (§8, §9). A repeat with the same id raises AlreadyDone with the first job's msg_id.

    def mass_to_tag(self, tag_id: int, media_id: str, clientmsgid: str) -> str:
        chosen = {"filter": {"is_to_all": False, "tag_id": tag_id}}
        return self._mass("message/mass/sendall", chosen, media_id, clientmsgid)

    def mass_to_followers(self, openids: Sequence[str], media_id: str, clientmsgid: str) -> str:
        """To 2 … 10 000 openids; service accounts only."""
        return self._mass("message/mass/send", {"touser": list(openids)}, media_id, clientmsgid)

    def _mass(self, path: str, to: Mapping[str, Any], media_id: str, clientmsgid: str) -> str:
        article = {"msgtype": "mpnews", "mpnews": {"media_id": media_id}, "send_ignore_reprint": 1}
        return str(self._post(path, {**to, **article, "clientmsgid": clientmsgid})["msg_id"])

    def mass_preview(self, media_id: str, openid: str = "", wechat_name: str = "") -> None:
        to = {"towxname": wechat_name} if wechat_name else {"touser": openid}
        self._post("message/mass/preview", {**to, "msgtype": "mpnews", "mpnews": {"media_id": media_id}})

    def mass_status(self, msg_id: str) -> str:
        """SEND_SUCCESS, SENDING, SEND_FAIL or DELETE."""
        return str(self._post("message/mass/get", {"msg_id": msg_id})["msg_status"])

    def send_template(
        self, openid: str, template_id: str, data: Mapping[str, str], url: str = "", client_msg_id: str = ""
    ) -> str:
        """The msgid; the platform sends one openid and client_msg_id only once within 10 minutes."""
        values = {name: {"value": value} for name, value in data.items()}
        body: dict[str, Any] = {"touser": openid, "template_id": template_id, "data": values}
        body |= {name: value for name, value in (("url", url), ("client_msg_id", client_msg_id)) if value}
        return str(self._post("message/template/send", body)["msgid"])

    def send_notice(self, openid: str, template_id: str, data: Mapping[str, str], page: str = "") -> None:
        """A subscription notice; it has no id of ours. RecipientLost with why = consent: not subscribed, or used up."""
        values = {name: {"value": value} for name, value in data.items()}
        body = {"touser": openid, "template_id": template_id, "data": values, "page": page}
        # One page of the manual requires these two, another gives defaults (reference §9.2): they do no harm.
        self._post("message/subscribe/bizsend", {**body, "miniprogram_state": "formal", "lang": "zh_CN"})

    # Users and tags (§6)

    def tags(self) -> tuple[Tag, ...]:
        with sensible("tags/get"):
            return tuple(_tag(each) for each in self._wire.tag.get())

    def create_tag(self, name: str) -> Tag:
        with sensible("tags/create"):
            return _tag(self._wire.tag.create(name))

    def tag(self, openids: Sequence[str], tag_id: int) -> None:
        """Tags any number of followers, 50 a call. Raises SomeFailed with those that were left."""
        self._in_portions("tags/members/batchtagging", openids, tag_id)

    def untag(self, openids: Sequence[str], tag_id: int) -> None:
        self._in_portions("tags/members/batchuntagging", openids, tag_id)

    def _in_portions(self, path: str, openids: Sequence[str], tag_id: int) -> None:
        for start in range(0, len(openids), TAGGED_AT_ONCE):
            self._tagged(path, list(openids[start : start + TAGGED_AT_ONCE]), tag_id)

    def _tagged(self, path: str, openids: list[str], tag_id: int) -> None:
        try:
            self._post(path, {"openid_list": openids, "tagid": tag_id})
        except SomeFailed as failed:
            if not failed.openids:
                raise
            self._post(path, {"openid_list": list(failed.openids), "tagid": tag_id})

    def user(self, openid: str) -> User:
        with sensible("user/info"):
            return _user(self._wire.user.get(openid))

    def followers(self, after: str = "") -> Followers:
        """Up to 10 000 openids that follow on `after`."""
        answer = self._wire.user.get_followers(after or None)
        with sensible("user/get"):
            openids = tuple(map(str, answer.get("data", {}).get("openid", ())))
            # The last page may repeat its own last id as the next one (reference §6): an empty page is the end, too.
            following = str(answer.get("next_openid", "")) if openids else ""
            return Followers(openids, following, int(answer.get("total", 0)))

    # Menu (§5)

    def create_menu(self, menu: Mapping[str, Any]) -> None:
        self._wire.menu.create(dict(menu))

    def menu(self) -> Mapping[str, Any] | None:
        """None where no menu was made through the API."""
        answer: Mapping[str, Any] = self._wire.menu.get()
        return answer if "menu" in answer else None

    def shown_menu(self) -> Mapping[str, Any]:
        """What followers see, also a menu made on the website; every kind of account may ask."""
        answer: Mapping[str, Any] = self._wire.menu.get_menu_info()
        return answer

    def delete_menu(self) -> None:
        """The conditional menus go with it."""
        self._wire.menu.delete()

    def add_conditional_menu(self, menu: Mapping[str, Any]) -> str:
        return str(self._wire.menu.add_conditional(dict(menu))["menuid"])

    def delete_conditional_menu(self, menu_id: str) -> None:
        self._wire.menu.del_conditional(menu_id)

    # QR codes (§10.3)

    def qr_code(self, scene: str, expires: timedelta | None = None) -> tuple[str, str]:
        """The ticket and the address inside the code; without `expires` it is permanent (100 000 an account)."""
        body: dict[str, Any] = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": scene}}}
        if expires is not None:
            body |= {"action_name": "QR_STR_SCENE", "expire_seconds": int(expires.total_seconds())}
        answer = self._wire.qrcode.create(body)
        return str(answer["ticket"]), str(answer["url"])

    # The account itself (§3)

    def callback_ips(self) -> tuple[str, ...]:
        with sensible("getcallbackip"):
            return tuple(map(str, self._wire.misc.get_wechat_ips()))

    def check_callback(self) -> Mapping[str, Any]:
        """The platform's own look at our address: DNS and ping, per operator."""
        return self._post("callback/check", {"action": "all", "check_operator": "DEFAULT"})

    def quota(self, path: str) -> ApiQuota:
        """Today's calls of one API; `path` like /cgi-bin/message/custom/send."""
        quota = self._post("openapi/quota/get", {"cgi_path": path})["quota"]
        with sensible("openapi/quota/get"):
            return ApiQuota(int(quota["daily_limit"]), int(quota["used"]), int(quota["remain"]))

    def clear_quota(self) -> None:
        """All daily counts back to zero: ten times a month, by hand only."""
        self._post("clear_quota", {"appid": self.app_id})

    def check_token(self) -> None:
        """Whether the platform gives us a token: asks it, whatever is stored."""
        self._wire.fetch(False)

    def _post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._wire.post(path, data=dict(body))
        return answer


def _plain(filename: str) -> str:
    """The platform does not understand how HTTP writes other letters in the name of a file."""
    return "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in filename
    )


def _tag(facts: Mapping[str, Any]) -> Tag:
    return Tag(int(facts["id"]), str(facts["name"]), int(facts.get("count", 0)))


def _record(facts: Mapping[str, Any]) -> ChatRecord:
    at = datetime.fromtimestamp(int(facts["time"]), UTC)
    return ChatRecord(str(facts["openid"]), at, int(facts["opercode"]) == RECORD_OF_OURS)


def _user(facts: Mapping[str, Any]) -> User:
    return User(
        openid=str(facts["openid"]),
        subscribed=bool(facts.get("subscribe")),
        subscribed_at=int(facts.get("subscribe_time") or 0),
        remark=str(facts.get("remark") or ""),
        tags=tuple(facts.get("tagid_list") or ()),
        channel=str(facts.get("subscribe_scene") or ""),
        scene=str(facts.get("qr_scene_str") or facts.get("qr_scene") or ""),
    )
