"""QR codes with a scene, and short keys."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint, wanted
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

THIRTY_DAYS = 2_592_000
DEFAULT_EXPIRY = 60
PERMANENT = 100_000
TEXT_SCENES = ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE")
NUMBER_SCENES = ("QR_SCENE", "QR_LIMIT_SCENE")
BASE62 = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class QrCode:
    ticket: str
    scene: str
    url: str
    until: float

    @property
    def is_permanent(self) -> bool:
        return self.until == float("inf")


def create(sim: Simulator, call: Call) -> Json:
    action = call.body.get("action_name")
    if action not in TEXT_SCENES + NUMBER_SCENES:
        raise Fail(40052)
    scene = _scene(call.body, str(action))
    seconds = None if "LIMIT" in str(action) else _expiry(call.body)
    if seconds is None and sum(code.is_permanent for code in sim.qrcodes.values()) >= PERMANENT:
        raise Fail(45009)
    code = _made(sim, scene, seconds)
    answer: Json = {"ticket": code.ticket, "url": code.url}
    return answer | ({"expire_seconds": seconds} if seconds else {})


def _scene(body: Json, action: str) -> str:
    scene = wanted(wanted(body, "action_info", dict, 40053), "scene", dict, 40053)
    if action in TEXT_SCENES:
        text = wanted(scene, "scene_str", str, 40053)
        if not 1 <= len(text) <= 64:
            raise Fail(40053)
        return text
    number = wanted(scene, "scene_id", int, 40053)
    if not 1 <= number <= (100_000 if "LIMIT" in action else 0xFFFFFFFF):
        raise Fail(40053)
    return str(number)


def _expiry(body: Json) -> int:
    seconds = body.get("expire_seconds", DEFAULT_EXPIRY)
    if not isinstance(seconds, int) or not 1 <= seconds <= THIRTY_DAYS:
        raise Fail(40053)
    return seconds


def _made(sim: Simulator, scene: str, seconds: int | None) -> QrCode:
    until = sim.clock.now().timestamp() + seconds if seconds else float("inf")
    ticket = "gQH" + secrets.token_urlsafe(60)
    code = QrCode(ticket, scene, f"http://weixin.qq.com/q/{ticket[-20:]}", until)
    sim.qrcodes[ticket] = code
    return code


def scanned(sim: Simulator, ticket: str) -> QrCode | None:
    """The code behind a ticket, while it is valid."""
    code = sim.qrcodes.get(ticket)
    return code if code and code.until > sim.clock.now().timestamp() else None


def shorten(sim: Simulator, call: Call) -> Json:
    data = call.field("long_data", str)
    seconds = call.body.get("expire_seconds", THIRTY_DAYS)
    if len(data.encode()) > 4096:
        raise Fail(9410010)
    if not isinstance(seconds, int) or seconds > THIRTY_DAYS:
        raise Fail(9410011)
    key = "".join(secrets.choice(BASE62) for _ in range(15))
    sim.short_keys[key] = (data, sim.clock.stamp(), seconds)
    return {"short_key": key}


def lengthen(sim: Simulator, call: Call) -> Json:
    data, created, seconds = sim.short_keys.get(str(call.body.get("short_key")), ("", 0, 0))
    left = created + seconds - sim.clock.stamp()
    if left <= 0:
        raise Fail(9410012)
    return {"long_data": data, "create_time": created, "expire_seconds": left}


ENDPOINTS = (
    Endpoint("/cgi-bin/qrcode/create", "POST", create, "qrcode", 100_000),
    Endpoint("/cgi-bin/shorten/gen", "POST", shorten, "qrcode"),
    Endpoint("/cgi-bin/shorten/fetch", "POST", lengthen, "qrcode"),
)
