"""A follower's phone for the transcripts: speaks encrypted XML to the webhook as the platform would."""

from __future__ import annotations

import itertools
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.simulator.crypto import Cipher, signature

_numbers = itertools.count(24_000_000_000_000_001)


@dataclass
class Answer:
    """What came back: `kind` is silence, text, news, image or transfer_customer_service."""

    kind: str
    text: str = ""
    title: str = ""
    url: str = ""


@dataclass
class Phone:
    """One follower. `send` takes nodes of a message, `event` those of an event; both give the answer."""

    client: FlaskClient
    token: str
    aes_key: str
    app_id: str
    openid: str = "oSim_transcript_1"
    clock: int = field(default_factory=lambda: int(time.time()))

    def send(self, kind: str, **nodes: str) -> Answer:
        return self.post(self.xml(MsgType=kind, MsgId=str(next(_numbers)), **nodes))

    def say(self, text: str) -> Answer:
        return self.send("text", Content=text)

    def event(self, event: str, **nodes: str) -> Answer:
        return self.post(self.xml(MsgType="event", Event=event, **nodes))

    def xml(self, **nodes: str) -> str:
        self.clock += 1
        head = {"ToUserName": "gh_transcript", "FromUserName": self.openid, "CreateTime": str(self.clock)}
        body = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in (head | nodes).items())
        return f"<xml>{body}</xml>"

    def post(self, xml: str, late: int = 0) -> Answer:
        """late: seconds after which the platform sends this try."""
        response, cipher = self.sent(xml, late)
        assert response.status_code == 200, response.status
        return self._answer(response.data, cipher)

    def sent(self, xml: str, late: int = 0) -> tuple[TestResponse, Cipher]:
        """The bare response of one try, and what opens it."""
        cipher = Cipher(self.aes_key, self.app_id)
        encrypted = cipher.encrypt(xml.encode())
        stamp, nonce = str(int(time.time()) + late), str(next(_numbers))
        query = {
            "timestamp": stamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "signature": signature(self.token, stamp, nonce),
            "msg_signature": signature(self.token, stamp, nonce, encrypted),
        }
        body = f"<xml><ToUserName>gh_transcript</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        response = self.client.post("/wechat", query_string=query, data=body.encode(), content_type="text/xml")
        return response, cipher

    def _answer(self, data: bytes, cipher: Cipher) -> Answer:
        if data in (b"success", b""):
            return Answer("silence")
        sealed = ET.fromstring(data)
        sent = [sealed.findtext(name) or "" for name in ("TimeStamp", "Nonce", "Encrypt")]
        assert sealed.findtext("MsgSignature") == signature(self.token, *sent)
        reply = ET.fromstring(cipher.decrypt(sent[2]))
        assert reply.findtext("ToUserName") == self.openid
        item = reply.find("Articles/item")
        kind = reply.findtext("MsgType") or ""
        if item is not None:
            return Answer(
                kind, item.findtext("Description") or "", item.findtext("Title") or "", item.findtext("Url") or ""
            )
        return Answer(kind, reply.findtext("Content") or "")
