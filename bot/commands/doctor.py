"""Looks a set-up over and says in plain words what works, what is missing and what to do about it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TextIO
from urllib.parse import urlencode, urlsplit

from bot.adapters.redis_scripts import TROUBLE, Client
from bot.adapters.wechat.capabilities import Capabilities
from bot.adapters.wechat.crypto import signature
from bot.adapters.wechat.errors import Busy, NeedsOperator, NoRight, PlatformError
from bot.adapters.wechat.quota import Usage
from config.settings import Settings

GOOD, NOTE, BAD = "ok", "note", "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, and what to do if it does not."""

    state: str
    what: str
    advice: str = ""


Check = Callable[[], Iterable[Finding]]


class Platform(Protocol):
    """The calls the doctor makes; bot.adapters.wechat.client.Platform."""

    def check_token(self) -> None: ...
    def callback_ips(self) -> tuple[str, ...]: ...
    def shown_menu(self) -> Mapping[str, object]: ...


def examined(checks: Iterable[Check], out: TextIO) -> int:
    """Runs one check after the other and prints its findings; 1 where something has to be done."""
    failed = False
    for check in checks:
        for finding in _found(check):
            print(f"[{finding.state:>4}] {finding.what}", file=out)
            if finding.advice:
                print(f"       -> {finding.advice}", file=out)
            failed = failed or finding.state == BAD
    return int(failed)


def _found(check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as trouble:  # noqa: BLE001 - a doctor goes on to the next complaint
        yield Finding(BAD, f"a check could not be made: {type(trouble).__name__}", "look at what failed above first")


# Each check is a generator of findings that takes what it looks at.


def settings_read(settings: Settings) -> Iterator[Finding]:
    """Nothing here is a mistake: reading the settings named those. These are choices worth a second thought."""
    wechat = settings.wechat
    yield Finding(GOOD, f"settings: account {wechat.app_id}, {wechat.account}, {wechat.mode} mode")
    if wechat.mode != "safe":
        yield Finding(
            NOTE,
            f"messages come in {wechat.mode} mode: anybody on the way can read them",
            "set 安全模式 in 设置与开发 > 基本配置, and WECHAT_MODE=safe here",
        )
    if not settings.public_url:
        yield Finding(
            NOTE, "PUBLIC_URL is not set", "without it links in notices lead nowhere and the callback is not checked"
        )
    if not settings.site_url:
        yield Finding(NOTE, "SITE_URL is not set", "the bot knows no articles; name the firm's site")
    if not _tells_staff(settings):
        yield Finding(
            BAD,
            "no staff channel is set up: nobody would learn of a lead",
            "set WECOM_ROBOT_URL, DINGTALK_ROBOT_URL, FEISHU_ROBOT_URL, or SMTP_URL with MAIL_FROM and MAIL_TO",
        )


def _tells_staff(settings: Settings) -> bool:
    staff = settings.staff
    return bool(staff.wecom_url or staff.dingtalk_url or staff.feishu_url or (staff.smtp_url and staff.mail_to))


def redis_serves(client: Client, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    try:
        started = time.perf_counter()
        client.ping()
        took = (time.perf_counter() - started) * 1000
        facts = _facts(client)
        seconds = client.time()
    except TROUBLE as trouble:
        advice = "start Redis, or set REDIS_URL; without it no message is answered"
        yield Finding(BAD, f"Redis does not answer: {type(trouble).__name__}", advice)
        return
    yield Finding(GOOD, f"Redis {facts.get('redis_version', '?')} answers in {took:.1f} ms")
    yield from _redis_keeps(facts)
    yield from _clocks_agree(seconds, now())


def _facts(client: Client) -> Mapping[str, object]:
    facts: Mapping[str, object] = client.info()
    # A cluster answers for each of its nodes; they are set up alike, so the first will do.
    first = next(iter(facts.values()), None)
    return first if isinstance(first, Mapping) and "redis_version" in first else facts


def _redis_keeps(facts: Mapping[str, object]) -> Iterator[Finding]:
    if not facts.get("aof_enabled"):
        yield Finding(
            NOTE,
            "Redis does not write a log (appendonly no): a crash forgets conversations and waiting jobs",
            "set appendonly yes; leads are in the database and do not depend on it",
        )
    if facts.get("maxmemory") and facts.get("maxmemory_policy") != "noeviction":
        yield Finding(
            BAD,
            f"Redis throws keys away when it is full ({facts.get('maxmemory_policy')})",
            "set maxmemory-policy noeviction: the locks and jobs must not vanish",
        )


def _clocks_agree(theirs: object, ours: float) -> Iterator[Finding]:
    if isinstance(theirs, (tuple, list)) and abs(float(theirs[0]) - ours) > 10:
        yield Finding(BAD, "the clocks of this machine and of Redis are apart", "run a time service (chrony) on both")


def database_serves(database: Callable[[], object]) -> Iterator[Finding]:
    """`database` asks it something simple and raises if that fails."""
    try:
        database()
    except Exception as trouble:  # noqa: BLE001 - whatever the driver raises, it is told, not thrown
        advice = "check DATABASE_URL and run: python -m bot migrate"
        yield Finding(BAD, f"the database does not answer: {type(trouble).__name__}", advice)
        return
    yield Finding(GOOD, "the database answers")


def token_comes(platform: Platform) -> Iterator[Finding]:
    try:
        platform.check_token()
    except PlatformError as error:
        yield Finding(BAD, f"the platform gives no access token: {error}", _token_advice(error))
        return
    yield Finding(GOOD, "the platform gives us access tokens")


_TOKEN_ADVICE: Mapping[int, str] = {
    40013: "WECHAT_APP_ID is not right: copy it from 设置与开发 > 基本配置",
    40001: "WECHAT_APP_SECRET is not right",
    40125: "WECHAT_APP_SECRET is not right: reset it in 基本配置 and copy it at once, it is shown only then",
    40243: "the AppSecret is frozen: thaw it on 微信开发者平台, which takes ten minutes",
    89503: "an administrator of the account has to confirm this address in WeChat",
    89506: "an administrator refused this address: it can be asked for again after 24 hours",
    89507: "an administrator refused this address: it can be asked for again after an hour",
    50004: "the account may not use tokens: look at 通知中心 on mp.weixin.qq.com",
    50007: "the account is frozen: look at 通知中心 on mp.weixin.qq.com",
}
_NOT_LISTED = (40164, 61004, 45035)


def _token_advice(error: PlatformError) -> str:
    if error.code in _NOT_LISTED:
        address = error.ip if isinstance(error, NeedsOperator) and error.ip else "this machine's public address"
        return f"put {address} on the whitelist: 微信开发者平台 > 我的业务 > 公众号 > API IP白名单"
    if isinstance(error, Busy):
        return "check WECHAT_API_BASE and that this machine may open connections to it"
    return _TOKEN_ADVICE.get(error.code or 0, error.reaction.means)


def callback_answers(
    public_url: str, token: str, get: Callable[[str], tuple[int, str]], now: datetime
) -> Iterator[Finding]:
    """Asks our own address the way the platform does when the address is saved. `get` gives status and body."""
    if not public_url:
        return
    address = f"{public_url}/wechat"
    if urlsplit(public_url).port not in (None, 80, 443):
        yield Finding(BAD, f"{address}: the platform calls only ports 80 and 443", "put a web server in front")
    try:
        status, body = get(f"{address}?{urlencode(query := _url_check(token, now))}")
    except OSError as trouble:
        advice = "start `python -m bot web`, and lead the web server's /wechat to it"
        yield Finding(BAD, f"{address} cannot be reached: {type(trouble).__name__}", advice)
        return
    if (status, body) == (200, query["echostr"]):
        yield Finding(GOOD, f"{address} answers as the platform wants it")
    elif status == 403:
        yield Finding(
            BAD, f"{address} refuses our signature", "the web process runs with another WECHAT_TOKEN or clock"
        )
    else:
        advice = "something between the platform and the bot changes the answer"
        yield Finding(BAD, f"{address} answers {status} and not the echo", advice)


def _url_check(token: str, now: datetime) -> dict[str, str]:
    stamp, nonce = str(int(now.timestamp())), str(secrets.randbelow(10**10))
    signed = signature(token, stamp, nonce)
    return {"signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": secrets.token_hex(8)}


def rights_stand(capabilities: Capabilities) -> Iterator[Finding]:
    """The table of what this account can do, and why not where it cannot."""
    for standing in capabilities.table():
        what = f"may {standing.right.means}"
        if standing.allowed:
            yield Finding(GOOD, what)
        else:
            yield Finding(NOTE, f"may not {standing.right.means}: {standing.reason}")
    if not capabilities.pushes:
        advice = "new articles go out with a follower's next message, and as drafts for staff to publish"
        yield Finding(NOTE, "this account can push to nobody", advice)


def menu_is_there(platform: Platform, capabilities: Capabilities) -> Iterator[Finding]:
    try:
        open_now = bool(platform.shown_menu().get("is_menu_open"))
    except PlatformError as error:
        yield Finding(NOTE, f"the menu cannot be looked at: {error}")
        return
    if open_now:
        yield Finding(GOOD, "followers see a menu")
    elif capabilities.menu:
        yield Finding(NOTE, "followers see no menu", "make it from config/menu.toml: python -m bot menu sync")
    else:
        yield Finding(NOTE, "followers see no menu; the bot offers its entries as text to tap")


def platform_knows_us(platform: Platform) -> Iterator[Finding]:
    try:
        addresses = platform.callback_ips()
    except NoRight:
        return
    except PlatformError as error:
        yield Finding(NOTE, f"the platform's own addresses cannot be asked for: {error}")
        return
    yield Finding(GOOD, f"callbacks come from {len(addresses)} addresses of the platform")


def quotas_left(usage: Iterable[Usage]) -> Iterator[Finding]:
    """Today's calls so far; what is nearly used up is worth a look."""
    for line in usage:
        if line.left is None:
            continue
        limit = line.used + line.left
        state = NOTE if line.left * 10 < limit else GOOD
        used = _MASS.get(line.name, "{name}: {used} of {limit} calls used today")
        yield Finding(state, used.format(name=line.name, used=line.used, limit=limit))


_MASS: Mapping[str, str] = {
    "mass_month": "mass sends: {used} of {limit} used this month",
    "mass_day": "mass sends: {used} of {limit} used today",
}
