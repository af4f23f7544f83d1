"""The platform's requests, signed and encrypted beforehand, and what their answers must say."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree

from bot.simulator.crypto import Cipher, signature
from tests.bench.articles import ANSWERED, question

TOKEN, AES_KEY, APP_ID = "benchtoken2026", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "wx1234567890abcdef"
_numbers = itertools.count(24_000_000_000_000_001)
_nonces = itertools.count(1_000_000_000)

TOWNS = (
    "昆山",
    "太仓",
    "常熟",
    "张家港",
    "嘉善",
    "平湖",
    "海宁",
    "桐乡",
    "江阴",
    "宜兴",
    "溧阳",
    "慈溪",
    "余姚",
    "义乌",
)
TRADES = ("精密模具", "注塑件", "汽车零部件", "数控机床", "锂电池", "光伏组件", "医疗器械", "食品包装", "电子元件")


def _turns(chance: random.Random) -> list[tuple[str, str]]:
    """What is said to the form, and what the answer to it must hold."""
    town, area, trade = chance.choice(TOWNS), chance.randrange(10, 99) * 100, chance.choice(TRADES)
    return [(f"想在{town}租{area}平厂房", f"已记：{town}"), ("买", "改成 买 吗"), (f"做{trade}", trade)]


@dataclass(frozen=True)
class Request:
    """One HTTP request as it goes over the wire. says: the answer holds it. same_as: number of the request before of
    the same follower that this one repeats; -1 = none. kind: for the table."""

    wire: bytes
    kind: str
    says: str = ""
    same_as: int = -1


def scripts(followers: int, seed: int, port: int, prefix: str = "oBench") -> Iterator[list[Request]]:
    """For each follower what they send, in order: of ten 5 article questions, 3 intake turns, an event, a repeat."""
    chance = random.Random(seed)
    for number in range(followers):
        yield _script(f"{prefix}{seed:04d}{number:012d}x{prefix}"[:28], chance, port)


def _script(openid: str, chance: random.Random, port: int) -> list[Request]:
    made = [_event(openid, chance, port)]
    turns = _turns(chance)
    asked_for = len(turns)
    rest = ["question"] * 5 + ["turn"] * len(turns)
    chance.shuffle(rest)
    for kind in rest:
        in_a_form = len(turns) < asked_for
        text, says = turns.pop(0) if kind == "turn" else (question(chance, in_a_form=in_a_form), ANSWERED)
        made.append(Request(_text(openid, text, next(_numbers), port), kind, says))
    again = chance.randrange(1, len(made))
    original = made[again]
    repeat = Request(_reworded(original.wire, port), "repeat", original.says, again)
    made.insert(again + 1, repeat)
    return made


def _event(openid: str, chance: random.Random, port: int) -> Request:
    nodes = chance.choice(
        (
            {"Event": "CLICK", "EventKey": "CONTACT"},
            {"Event": "VIEW", "EventKey": "https://site.example/"},
            {"Event": "LOCATION", "Latitude": "31.2", "Longitude": "121.4", "Precision": "60"},
        )
    )
    return Request(_safe(_xml(openid, MsgType="event", **nodes), port), "event")


def _text(openid: str, text: str, number: int, port: int) -> bytes:
    return _safe(_xml(openid, MsgType="text", Content=text, MsgId=str(number)), port)


def _xml(openid: str, **nodes: str) -> str:
    head = {"ToUserName": "gh_bench", "FromUserName": openid, "CreateTime": str(int(time.time()))}
    body = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in (head | nodes).items())
    return f"<xml>{body}</xml>"


_CIPHER = Cipher(AES_KEY, APP_ID)


def _safe(xml: str, port: int) -> bytes:
    return _sealed(_CIPHER.encrypt(xml.encode()), port)


def _sealed(encrypted: str, port: int) -> bytes:
    stamp, nonce = str(int(time.time())), str(next(_nonces))
    query = {
        "signature": signature(TOKEN, stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": signature(TOKEN, stamp, nonce, encrypted),
    }
    body = f"<xml><ToUserName><![CDATA[gh_bench]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return _http(urlencode(query), body.encode(), port)


def _reworded(wire: bytes, port: int) -> bytes:
    """The same message in a new request, as the platform repeats it: other timestamp, nonce and signature."""
    body = ElementTree.fromstring(wire.split(b"\r\n\r\n", 1)[1])
    return _sealed(body.findtext("Encrypt") or "", port)


def flood(port: int, count: int) -> list[Request]:
    """One follower, as fast as it goes."""
    return [
        Request(_text("oFlood00000000000000000000x", "光模块", next(_numbers), port), "flood") for _ in range(count)
    ]


def plain_hello(followers: int, port: int) -> Iterator[list[Request]]:
    """Plain mode: everybody says hello ten times."""
    for number in range(followers):
        openid = f"oPlain{number:022d}"
        made = []
        for _ in range(10):
            stamp, nonce = str(int(time.time())), str(next(_nonces))
            query = {"signature": signature(TOKEN, stamp, nonce), "timestamp": stamp, "nonce": nonce}
            xml = _xml(openid, MsgType="text", Content="hello", MsgId=str(next(_numbers)))
            made.append(Request(_http(urlencode(query), xml.encode(), port), "hello", "Hello World!"))
        yield made


def safe_echo(followers: int, port: int) -> Iterator[list[Request]]:
    for number in range(followers):
        openid = f"oEcho{number:023d}"
        yield [Request(_text(openid, f"echo {n}", next(_numbers), port), "echo", f"echo {n}") for n in range(10)]


def _http(query: str, body: bytes, port: int) -> bytes:
    head = (
        f"POST /wechat?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def readable(body: bytes) -> str:
    """The answer without its cipher, moments and envelope: what a follower reads."""
    if not body.startswith(b"<"):
        return body.decode()
    tree = ElementTree.fromstring(body)
    encrypted = tree.findtext("Encrypt")
    if encrypted is not None:
        tree = ElementTree.fromstring(_CIPHER.decrypt(encrypted))
    return "\n".join(text.strip() for node in tree if node.tag != "CreateTime" for text in node.itertext())
