"""Builds the callbacks of every message kind and event, and pushes them to the bot as the platform does."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import requests

from bot.simulator import xml
from bot.simulator.crypto import Cipher, signature
from bot.simulator.replies import Verdict, judge
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

# The nodes of each kind with what they hold unless the sender says otherwise.
MESSAGES: dict[str, Json] = {
    "text": {"Content": ""},
    "image": {"PicUrl": "http://mmbiz.qpic.cn/mmbiz_jpg/sample/0", "MediaId": "SIM_USER_IMAGE"},
    "voice": {"MediaId": "SIM_USER_VOICE", "Format": "amr", "MediaId16K": "SIM_USER_VOICE_16K"},
    "video": {"MediaId": "SIM_USER_VIDEO", "ThumbMediaId": "SIM_USER_THUMB"},
    "shortvideo": {"MediaId": "SIM_USER_SHORT", "ThumbMediaId": "SIM_USER_THUMB"},
    "location": {"Location_X": 31.2304, "Location_Y": 121.4737, "Scale": 16, "Label": ""},
    "link": {"Title": "", "Description": "", "Url": "https://example.com/"},
}
_SCAN: Json = {"EventKey": "", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "SIM"}}
_PICS: Json = {
    "EventKey": "",
    "SendPicsInfo": {"Count": 1, "PicList": {"item": [{"PicMd5Sum": "0cc175b9c0f1b6a831c399e269772661"}]}},
}
_PLACE: Json = {"Location_X": "31", "Location_Y": "121", "Scale": "15", "Label": "", "Poiname": ""}
EVENTS: dict[str, Json] = {
    "subscribe": {"EventKey": ""},
    "unsubscribe": {"EventKey": ""},
    "SCAN": {"EventKey": "", "Ticket": ""},
    "LOCATION": {"Latitude": 31.23, "Longitude": 121.473, "Precision": 65.0},
    "CLICK": {"EventKey": ""},
    "VIEW": {"EventKey": "", "MenuId": 430000001},
    "view_miniprogram": {"EventKey": "", "MenuId": 430000001},
    "scancode_push": _SCAN,
    "scancode_waitmsg": _SCAN,
    "pic_sysphoto": _PICS,
    "pic_photo_or_album": _PICS,
    "pic_weixin": _PICS,
    "location_select": {"EventKey": "", "SendLocationInfo": _PLACE},
    "TEMPLATESENDJOBFINISH": {"MsgID": 300000001, "Status": "success"},
    "MASSSENDJOBFINISH": {
        "MsgID": 900001,
        "Status": "send success",
        "TotalCount": 0,
        "FilterCount": 0,
        "SentCount": 0,
        "ErrorCount": 0,
    },
    "PUBLISHJOBFINISH": {"PublishEventInfo": {"publish_id": 2247600001, "publish_status": 0}},
    "subscribe_msg_popup_event": {
        "SubscribeMsgPopupEvent": {"List": [{"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": 2}]}
    },
    "subscribe_msg_change_event": {
        "SubscribeMsgChangeEvent": {"List": [{"TemplateId": "T1", "SubscribeStatusString": "reject"}]}
    },
    "subscribe_msg_sent_event": {
        "SubscribeMsgSentEvent": {
            "List": [{"TemplateId": "T1", "MsgID": 1800000000000000001, "ErrorCode": 0, "ErrorStatus": "success"}]
        }
    },
    "kf_create_session": {"KfAccount": "a@gh"},
    "kf_close_session": {"KfAccount": "a@gh"},
    "kf_switch_session": {"FromKfAccount": "a@gh", "ToKfAccount": "b@gh"},
    "user_info_modified": {"OpenID": "", "AppID": "", "RevokeInfo": "1"},
    "user_authorization_revoke": {"OpenID": "", "AppID": "", "RevokeInfo": "1"},
    "user_authorization_cancellation": {"OpenID": "", "AppID": "", "RevokeInfo": "1"},
    "qualification_verify_success": {"ExpiredTime": 1767225600},
    "qualification_verify_fail": {"FailTime": 1767225600, "FailReason": "by time"},
    "naming_verify_success": {"ExpiredTime": 1767225600},
    "naming_verify_fail": {"FailTime": 1767225600, "FailReason": "by time"},
    "annual_renew": {"ExpiredTime": 1767225600},
    "verify_expired": {"ExpiredTime": 1767225600},
}
HEADERS = {
    "Content-Type": "text/xml",
    "User-Agent": "Mozilla/4.0",
    "Accept": "*/*",
    "Pragma": "no-cache",
    "Connection": "close",
}


@dataclass(slots=True)
class Outcome:
    """What came of one push. answered: the platform is content (an answer, or the silent `success`)."""

    msg_id: int | None
    create_time: int
    answered: bool = False
    tries: int = 0
    duration: float = 0.0
    reply: Json | None = None
    problems: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    copies: list[Json | None] = field(default_factory=list)

    def as_json(self) -> Json:
        return asdict(self)


class Pusher:
    """Signs, encrypts, sends, repeats, and judges the answers."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._cipher = Cipher(sim.account.aes_key, sim.account.app_id)
        self._failures = 0
        self._silent_until = 0.0
        self.url_check = "not made yet"

    def push(self, nodes: Json) -> tuple[Outcome, Verdict]:
        """All tries of one message or event, and the judgement of the answer that ended them."""
        outcome = Outcome(nodes.get("MsgId"), nodes["CreateTime"])
        started = time.perf_counter()
        if self._is_marked():
            outcome.problems.append("not pushed: too many failures in the last minute")
            return outcome, Verdict(broken=True)
        copies = self._copies(nodes, outcome)
        verdict = self._tries(nodes, outcome)
        for copy in copies:
            copy.join()
        outcome.duration = round(time.perf_counter() - started, 4)
        outcome.reply, outcome.answered = verdict.reply, not verdict.broken
        outcome.problems += verdict.problems
        self._remember_reached(outcome)
        self._mark(failed=verdict.broken)
        return outcome, verdict

    def _tries(self, nodes: Json, outcome: Outcome) -> Verdict:
        settings = self._sim.knobs.settings
        for number in range(1, settings.tries + 1):
            began = time.perf_counter()
            outcome.tries = number
            verdict = self._once(nodes, outcome)
            if verdict is not None:
                return verdict
            if number < settings.tries:
                time.sleep(max(0.0, settings.interval - (time.perf_counter() - began)))
        return Verdict(broken=True)

    def _once(self, nodes: Json, outcome: Outcome) -> Verdict | None:
        """One try: the judgement of a 200 answer in time, else None."""
        query, body = self.signed(nodes)
        began, limit = time.perf_counter(), self._sim.knobs.settings.interval
        status, content = self._post(f"{self._url()}{urlencode(query)}", body, limit)
        seconds = time.perf_counter() - began
        if isinstance(content, str):
            outcome.problems.append(content)
        elif seconds > limit:
            outcome.problems.append(f"the answer took {seconds:.1f} s")
        elif status != 200:
            outcome.problems.append(f"the status is {status}")
        outcome.statuses.append(status)
        in_time = isinstance(content, bytes) and status == 200 and seconds <= limit
        verdict = self._judge(nodes, content) if in_time and isinstance(content, bytes) else None
        self._log(nodes, query, body, status, seconds, content, verdict)
        return verdict

    def _post(self, url: str, body: bytes, limit: float) -> tuple[int, bytes | str]:
        """Status and body, or status 0 and what went wrong."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(url, data=body, headers=HEADERS, timeout=limit, allow_redirects=False)
                return answer.status_code, answer.content
        except requests.Timeout:
            return 0, "no answer in time"
        except requests.RequestException as error:
            return 0, f"no connection: {type(error).__name__}"

    def _url(self) -> str:
        url = self._sim.account.callback_url
        return url + ("&" if "?" in url else "?")

    def signed(self, nodes: Json) -> tuple[dict[str, str], bytes]:
        """Query and body of one try, with a fresh timestamp and nonce."""
        account = self._sim.account
        # The real time, however the simulated clock was moved: the bot's own clock is not.
        stamp, nonce = str(self._sim.clock.real_stamp()), str(secrets.randbelow(9 * 10**8) + 10**8)
        query = {"signature": signature(account.token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
        query["openid"] = str(nodes["FromUserName"])
        plain = xml.document(nodes)
        if account.mode == "plain":
            return query, plain
        encrypted = self._cipher.encrypt(plain)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = signature(account.token, stamp, nonce, encrypted)
        if account.mode == "compatible":
            return query, xml.document(nodes | {"Encrypt": encrypted})
        return query, xml.document({"ToUserName": nodes["ToUserName"], "Encrypt": encrypted})

    def _judge(self, nodes: Json, answer: bytes) -> Verdict:
        return judge(self._sim.account, self._cipher, self._sim.media, nodes, answer)

    def _copies(self, nodes: Json, outcome: Outcome) -> list[threading.Thread]:
        """The same message sent again at the same time, as it happens on the live platform."""

        def send() -> None:
            verdict = self._once(nodes, Outcome(None, 0))
            outcome.copies.append(verdict.reply if verdict else None)

        threads = [threading.Thread(target=send, daemon=True) for _ in range(self._sim.knobs.settings.duplicates)]
        for thread in threads:
            thread.start()
        return threads

    def _remember_reached(self, outcome: Outcome) -> None:
        """The page shows whether the bot is there; what every push shows is newer than the check."""
        if any(outcome.statuses):
            self.url_check = "ok"
        else:
            self.url_check = f"failed: {outcome.problems[-1] if outcome.problems else 'no answer'}"

    def _is_marked(self) -> bool:
        return self._sim.knobs.settings.mark_fail and self._sim.clock.now().timestamp() < self._silent_until

    def _mark(self, *, failed: bool) -> None:
        self._failures = self._failures + 1 if failed else 0
        if self._failures >= self._sim.knobs.settings.mark_fail_after:
            self._silent_until = self._sim.clock.now().timestamp() + 60
            self._failures = 0

    def _log(
        self,
        nodes: Json,
        query: dict[str, str],
        body: bytes,
        status: int,
        seconds: float,
        content: bytes | str,
        verdict: Verdict | None,
    ) -> None:
        plain = xml.document(nodes)
        sent = plain if self._sim.account.mode == "plain" else plain + b"\n\n" + body
        detail = {
            "what": nodes.get("Event") or nodes["MsgType"],
            "gist": str(nodes.get("Content") or nodes.get("EventKey") or "")[:40],
            "openid": query["openid"],
            "problems": list(verdict.problems) if verdict else [],
            "query": query,
        }
        now, path = self._sim.clock.now(), self._sim.account.callback_url
        self._sim.wire.add(now, "callback", "POST", path, status, seconds, sent, self._readable(content), **detail)

    def _readable(self, content: bytes | str) -> bytes | str:
        """The answer, with the decrypted reply before it."""
        if isinstance(content, str) or b"<Encrypt>" not in content:
            return content
        try:
            return self._cipher.decrypt(str(xml.read(content).get("Encrypt"))) + b"\n\n" + content
        except Exception:  # noqa: BLE001 - only for showing; judging it is done elsewhere
            return content

    def check_url(self) -> bool:
        """The GET check the platform makes when the callback address is saved."""
        account = self._sim.account
        stamp, nonce = str(self._sim.clock.real_stamp()), str(secrets.randbelow(9 * 10**8) + 10**8)
        echo = str(secrets.randbelow(10**18) + 10**18)
        query = {
            "signature": signature(account.token, stamp, nonce),
            "echostr": echo,
            "timestamp": stamp,
            "nonce": nonce,
        }
        began = time.perf_counter()
        status, content = self._get(f"{self._url()}{urlencode(query)}")
        right = status == 200 and content == echo.encode()
        found = "ok" if right else f"failed: {content if isinstance(content, str) else f'status {status}'}"
        # While the bot is not up this is asked every second: one row for it is enough.
        if found != self.url_check:
            self.url_check = found
            now, seconds = self._sim.clock.now(), time.perf_counter() - began
            self._sim.wire.add(
                now, "callback", "GET", account.callback_url, status, seconds, "", content, what="check", query=query
            )
        return right

    def _get(self, url: str) -> tuple[int, bytes | str]:
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(url, headers=HEADERS, timeout=5, allow_redirects=False)
                return answer.status_code, answer.content
        except requests.RequestException as error:
            return 0, f"no connection: {type(error).__name__}"
