"""The small calls every account may make: addresses, the callback test, JS-SDK tickets."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

TICKET_LIFE = 7200


def callback_ips(_sim: Simulator, _call: Call) -> Json:
    return {"ip_list": ["127.0.0.1", "101.226.103.0/25"]}


def api_ips(_sim: Simulator, _call: Call) -> Json:
    return {"ip_list": ["127.0.0.1", "121.51.90.217"]}


def callback_check(sim: Simulator, call: Call) -> Json:
    if call.body.get("action") not in ("dns", "ping", "all"):
        raise Fail(40202)
    if call.body.get("check_operator", "DEFAULT") not in ("CHINANET", "UNICOM", "CAP", "DEFAULT"):
        raise Fail(40203)
    if not sim.account.callback_url:
        raise Fail(40201)
    dns = [{"ip": "127.0.0.1", "real_operator": "UNICOM"}]
    ping = [{"ip": "127.0.0.1", "from_operator": "UNICOM", "package_loss": "0%", "time": "1.000ms"}]
    return {"dns": dns, "ping": ping}


def ticket(sim: Simulator, call: Call) -> Json:
    kind = call.query.get("type", "jsapi")
    if kind not in ("jsapi", "wx_card"):
        raise Fail(40097)
    now = sim.clock.now().timestamp()
    text, until = sim.tickets.get(kind, ("", 0.0))
    if until - now < 300:
        text, until = secrets.token_urlsafe(64), now + TICKET_LIFE
        sim.tickets[kind] = (text, until)
    return {"ticket": text, "expires_in": int(until - now)}


ENDPOINTS = (
    Endpoint("/cgi-bin/getcallbackip", "GET", callback_ips),
    Endpoint("/cgi-bin/get_api_domain_ip", "GET", api_ips),
    Endpoint("/cgi-bin/callback/check", "POST", callback_check),
    Endpoint("/cgi-bin/ticket/getticket", "GET", ticket),
)
