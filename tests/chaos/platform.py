"""The platform's side: sends each message up to three times, to either machine, and remembers every answer."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import random
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode
from xml.etree import ElementTree

from bot.simulator.crypto import Cipher, signature

TOKEN, APP_ID = "chaostoken2026", "wx1234567890abcdef"
INTERVAL = 5.0
_ids = itertools.count(secrets.randbelow(10**9) * 10**7 + 10**16)


@dataclass
class Sent:
    """One message. answers: text of every 200, in the order they came. silent: it was acknowledged with nothing."""

    openid: str
    text: str
    answers: list[str] = field(default_factory=list)
    silent: int = 0
    refused: list[int] = field(default_factory=list)
    seconds: float = 0.0
    xml: bytes = b""

    @property
    def heard(self) -> str:
        """What the follower sees: the first answer."""
        return self.answers[0] if self.answers else ""


class Platform:
    """faults: how often a try is cut off by us, and how often a copy goes to the other machine at the same time."""

    def __init__(self, ports: list[int], aes_key: str, faults: float = 0.05) -> None:
        self._ports, self._faults = ports, faults
        self._cipher = Cipher(aes_key, APP_ID)
        self._guard = threading.Lock()
        self.sent: list[Sent] = []

    def say(self, openid: str, text: str) -> Sent:
        """Until it is answered or given up."""
        sent = Sent(openid, text, xml=self._xml(openid, text))
        with self._guard:
            self.sent.append(sent)
        began = time.monotonic()
        for number in range(3):
            if self._try(sent):
                break
            if number < 2:
                time.sleep(max(0.0, INTERVAL * (number + 1) - (time.monotonic() - began)))
        sent.seconds = time.monotonic() - began
        return sent

    def say_together(self, openid: str, texts: Sequence[str]) -> list[Sent]:
        """Messages of one moment, which reach the bot in any order and at the same time."""
        said: list[Sent] = []
        threads = [threading.Thread(target=lambda text=text: said.append(self.say(openid, text))) for text in texts]
        for thread in random.sample(threads, len(threads)):
            thread.start()
            time.sleep(random.random() * 0.05)
        for thread in threads:
            thread.join(60)
        return said

    def _try(self, sent: Sent) -> bool:
        chance = random.random()
        first, other = random.sample(self._ports, 2)
        if chance < self._faults:  # the line is cut: the bot may or may not have got it
            self._post(first, sent, cut=True)
            return self._post(other, sent)
        copy = None
        if chance < 2 * self._faults:
            copy = threading.Thread(target=self._post, args=(other, sent), daemon=True)
            copy.start()
        done = self._post(first, sent)
        if copy:
            copy.join()
        return done or bool(sent.answers)

    def _post(self, port: int, sent: Sent, *, cut: bool = False) -> bool:
        stamp, nonce = str(int(time.time())), str(secrets.randbelow(10**12))
        encrypted = self._cipher.encrypt(sent.xml)
        query = {
            "signature": signature(TOKEN, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": sent.openid,
            "encrypt_type": "aes",
            "msg_signature": signature(TOKEN, stamp, nonce, encrypted),
        }
        body = f"<xml><ToUserName>gh_chaos</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        line = self._line(port)
        try:
            line.request("POST", f"/wechat?{urlencode(query)}", body.encode(), {"Content-Type": "text/xml"})
            if cut:
                time.sleep(random.random() * 0.03)
                return False
            answer = line.getresponse()
            return self._take(sent, answer.status, answer.read())
        except (OSError, http.client.HTTPException):
            return False
        finally:
            with contextlib.suppress(OSError):
                line.close()

    def _line(self, port: int) -> http.client.HTTPConnection:
        """As nginx in front does it: a machine that takes no connection is passed over at once."""
        for each in (port, *(other for other in self._ports if other != port)):
            line = http.client.HTTPConnection("127.0.0.1", each, timeout=INTERVAL)
            with contextlib.suppress(ConnectionRefusedError):
                line.connect()
                return line
        return http.client.HTTPConnection("127.0.0.1", port, timeout=INTERVAL)

    def _take(self, sent: Sent, status: int, body: bytes) -> bool:
        if status != 200:
            sent.refused.append(status)
            return False
        if body in (b"", b"success"):
            sent.silent += 1
            return True
        encrypted = ElementTree.fromstring(body).findtext("Encrypt") or ""
        tree = ElementTree.fromstring(self._cipher.decrypt(encrypted))
        words = [text.strip() for node in tree if node.tag != "CreateTime" for text in node.itertext() if text.strip()]
        sent.answers.append("\n".join(words))
        return True

    def _xml(self, openid: str, text: str) -> bytes:
        return (
            f"<xml><ToUserName>gh_chaos</ToUserName><FromUserName>{openid}</FromUserName>"
            f"<CreateTime>{int(time.time())}</CreateTime><MsgType>text</MsgType>"
            f"<Content><![CDATA[{text}]]></Content><MsgId>{next(_ids)}</MsgId></xml>"
        ).encode()
