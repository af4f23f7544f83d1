"""Web login of followers: codes, user tokens and profiles."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from bot.simulator.api import Call, Endpoint
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

CODE_LIFE = 300
TOKEN_LIFE = 7200
REFRESH_LIFE = 30 * 86400


@dataclass(slots=True)
class Grant:
    """What one person allowed: made with a code, good for a token and a refresh token."""

    openid: str
    scope: str
    at: float
    used: bool = False
    access: str = ""
    access_until: float = 0.0
    refresh: str = ""


class Logins:
    def __init__(self) -> None:
        self.codes: dict[str, Grant] = {}
        self.access: dict[str, Grant] = {}
        self.refresh: dict[str, Grant] = {}


def authorize(sim: Simulator, openid: str, scope: str, redirect_uri: str, state: str) -> str:
    """The person agreed; gives the address their browser is sent to."""
    code = secrets.token_urlsafe(24)
    sim.logins.codes[code] = Grant(openid, scope, sim.clock.now().timestamp())
    mark = "&" if urlsplit(redirect_uri).query else "?"
    return f"{redirect_uri}{mark}{urlencode({'code': code, 'state': state})}"


def access_token(sim: Simulator, call: Call) -> Json:
    _own(sim, call)
    code = call.query.get("code")
    if not code:
        raise Fail(41008)
    grant = sim.logins.codes.get(code)
    if grant is None:
        raise Fail(40029)
    if grant.used:
        raise Fail(40163)
    if sim.clock.now().timestamp() - grant.at > CODE_LIFE:
        raise Fail(42003)
    grant.used = True
    return _granted(sim, grant)


def _own(sim: Simulator, call: Call) -> None:
    if not call.query.get("appid"):
        raise Fail(41002)
    if call.query["appid"] != sim.account.app_id:
        raise Fail(40013)
    if not call.query.get("secret"):
        raise Fail(41004)
    if call.query["secret"] != sim.account.app_secret:
        raise Fail(40125)


def _granted(sim: Simulator, grant: Grant) -> Json:
    grant.access, grant.refresh = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
    grant.access_until = sim.clock.now().timestamp() + TOKEN_LIFE
    sim.logins.access[grant.access] = grant
    sim.logins.refresh[grant.refresh] = grant
    return {
        "access_token": grant.access,
        "expires_in": TOKEN_LIFE,
        "refresh_token": grant.refresh,
        "openid": grant.openid,
        "scope": grant.scope,
    }


def refresh_token(sim: Simulator, call: Call) -> Json:
    grant = sim.logins.refresh.get(call.query.get("refresh_token", ""))
    if grant is None:
        raise Fail(40030)
    if sim.clock.now().timestamp() - grant.at > REFRESH_LIFE:
        raise Fail(42002)
    return _granted(sim, grant)


def _grant(sim: Simulator, call: Call) -> Grant:
    grant = sim.logins.access.get(call.query.get("access_token", ""))
    if grant is None:
        raise Fail(40001)
    if grant.access_until <= sim.clock.now().timestamp():
        raise Fail(42001)
    if grant.openid != call.query.get("openid"):
        raise Fail(40003)
    return grant


def user_info(sim: Simulator, call: Call) -> Json:
    grant = _grant(sim, call)
    if "snsapi_userinfo" not in grant.scope:
        raise Fail(48001)
    follower = sim.followers.get(grant.openid)
    blank = dict.fromkeys(("province", "city", "country", "headimgurl"), "")
    return {"openid": grant.openid, "nickname": follower.name if follower else "", "sex": 0, "privilege": [], **blank}


def auth(sim: Simulator, call: Call) -> Json:
    _grant(sim, call)
    return {}


ENDPOINTS = (
    Endpoint("/sns/oauth2/access_token", "GET", access_token, "oauth", None, 50_000, token=False),
    Endpoint("/sns/oauth2/refresh_token", "GET", refresh_token, "oauth", token=False),
    Endpoint("/sns/userinfo", "GET", user_info, "oauth", token=False),
    Endpoint("/sns/auth", "GET", auth, "oauth", token=False),
)
