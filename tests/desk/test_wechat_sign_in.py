"""Signing in by one's own WeChat: a real platform stand-in, a real desk, both over HTTP; and everything that must not work."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import redis
import requests
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from bot.adapters.vault import Vault
from bot.adapters.wechat.capabilities import Capabilities
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.token import TokenStore
from bot.adapters.wechat.weblogin import WebLogin
from bot.simulator import people
from bot.simulator.app import Account, Simulator, serving
from bot.store.base import Sessions
from handlers.web.staff import Desk, desk_door
from handlers.web.staff.desk import OwnWeChat
from tests.browser.leaving import put_away
from tests.conftest import free_port
from tests.desk.conftest import make_desk
from tests.desk.people import PASSWORD, Clock, Office

WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0.47"
WECOM = f"{WECHAT} wxwork/4.1.20"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
BACK = "/staff/in/wechat/back"


@dataclass
class House:
    """The desk and the platform, each on a port of its own. people: openids of who holds which phone."""

    address: str
    office: Office
    sim: Simulator
    platform: str

    def person(self, name: str) -> str:
        return next(one.openid for one in self.sim.followers.following() if one.name == name)


@dataclass
class Phone:
    """Somebody's WeChat: keeps cookies, follows no redirect by itself. openid: who holds it."""

    house: House
    openid: str = ""
    agent: str = WECHAT

    def __post_init__(self) -> None:
        self.http = requests.Session()
        self.http.headers["User-Agent"] = self.agent

    def get(self, path: str) -> requests.Response:
        address = path if path.startswith("http") else f"{self.house.address}{path}"
        return self.http.get(address, allow_redirects=False, timeout=10)

    def post(self, path: str, **form: str) -> requests.Response:
        page = self.get("/staff/me").text or self.get("/staff/in").text
        token = re.search(
            r'name="csrf_token" value="([^"]+)"', page if "csrf_token" in page else self.get("/staff/in").text
        )
        assert token
        address = f"{self.house.address}/staff{path}"
        return self.http.post(address, data={"csrf_token": token[1], **form}, allow_redirects=False, timeout=10)

    def sign_in(self, name: str) -> None:
        assert self.post("/in", name=name, password=PASSWORD).headers["Location"] == "/staff/leads"

    def asks(self, path: str = "/in/wechat", **form: str) -> str:
        """Taps the button; the address at the platform to which the browser is sent."""
        answer = self.post(path, **form)
        assert answer.status_code == 303
        return answer.headers["Location"]

    def agrees(self, asked: str) -> str:
        """The platform's page knows who holds the phone; the address with the code."""
        answer = self.http.get(f"{asked.split('#')[0]}&sim_openid={self.openid}", allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def comes_back(self, asked: str) -> requests.Response:
        return self.get(self.agrees(asked))

    def binds(self) -> requests.Response:
        return self.comes_back(self.asks("/me/wechat", password=PASSWORD))

    def is_in(self) -> bool:
        return self.get("/staff/leads").status_code == 200


def own_wechat(sim: Simulator, platform: str, here: str, client: redis.Redis) -> OwnWeChat:
    tokens = TokenStore(client, Vault(bytes(range(32))), sim.account.app_id)
    calls = Platform(sim.account.app_id, sim.account.app_secret, platform, tokens)
    rights = Capabilities.of(sim.account.kind)
    login = WebLogin(calls, platform, here, lambda: rights.may("web_sign_in"))
    return OwnWeChat(login.closed, login.address, login.whose, login.origin)


@pytest.fixture
def build(store: Sessions, secrets: Vault, redis_url: str, clock: Clock) -> Iterator[Callable[..., House]]:
    """Builds the house for a kind of account."""
    ends: list[Callable[[], object]] = []
    client = redis.Redis.from_url(redis_url)

    def make(kind: str = "service", now: Callable[[], datetime] = clock) -> House:
        sim = Simulator(Account(kind=kind, callback_url=""))
        stand_in = serving(sim)
        platform = stand_in.__enter__()
        port = free_port()
        here = f"http://127.0.0.1:{port}"
        desk = replace(make_desk(store, secrets, redis_url, clock), now=now)
        desk = replace(desk, wechat=own_wechat(sim, platform, here, client))
        office = employed(desk, clock)
        server = make_server("127.0.0.1", port, office.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        ends.extend((lambda: stand_in.__exit__(None, None, None), server.shutdown, lambda: thread.join(10)))
        for name in ("李", "赵"):
            people.newcomer(sim, "", name).following = True
        return House(here, office, sim, platform)

    yield make
    for end in ends:
        end()
    client.close()


def employed(desk: Desk, clock: Clock) -> Office:
    app = Flask("test")
    desk_door(app, desk)
    office = Office(app, desk, clock)
    for name, role in (("li", "agent"), ("zhao", "agent"), ("root", "admin")):
        office.employ(name, role)
    return office


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    return build()


@pytest.fixture
def li(house: House) -> Phone:
    """Li's phone, signed in by password and bound."""
    phone = Phone(house, house.person("李"))
    phone.sign_in("li")
    assert phone.binds().headers["Location"] == "/staff/me"
    return phone


def refusals(house: House) -> list[tuple[str, str]]:
    return [(row.who, row.detail) for row in house.office.log("sign in failed")]


def test_the_link_of_a_notice_opens_the_lead_with_one_tap(house: House, li: Phone) -> None:
    number = house.office.lead()
    later = Phone(house, li.openid)
    door = later.get(f"/staff/leads/{number}").headers["Location"]
    page = later.get(door).text
    assert "用微信登录" in page
    assert f'name="next" value="/staff/leads/{number}"' in page
    asked = later.asks(next=f"/staff/leads/{number}")
    wanted = parse_qs(urlsplit(asked).query)
    assert list(wanted) == ["appid", "redirect_uri", "response_type", "scope", "state"], "the platform wants this order"
    assert wanted["redirect_uri"] == [f"{house.address}{BACK}"]
    assert wanted["scope"] == ["snsapi_base"]
    assert re.fullmatch(r"[0-9a-zA-Z]{1,128}", wanted["state"][0])
    back = later.comes_back(asked)
    assert back.headers["Location"] == f"/staff/leads/{number}"
    assert later.get(back.headers["Location"]).status_code == 200
    assert [(row.who, row.detail) for row in house.office.log("sign in")][-1] == ("li", "wechat")
    assert [row.who for row in house.office.log("wechat on")] == ["li"]


def test_binding_takes_the_password(house: House) -> None:
    phone = Phone(house, house.person("李"))
    phone.sign_in("li")
    assert phone.post("/me/wechat", password="a guess").headers["Location"] == "/staff/me"
    assert "当前密码不对" in phone.get("/staff/me").text
    assert house.office.log("wechat on") == []


def test_the_second_factor_is_still_asked_for(house: House, li: Phone) -> None:
    li.post("/me/totp")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", li.get("/staff/me").text)
    assert secret
    totp = pyotp.TOTP(secret[1])
    li.post("/me/totp/on", code=totp.at(house.office.clock()))
    house.office.clock.forward(minutes=2)
    later = Phone(house, li.openid)
    assert later.comes_back(later.asks(next="/staff/callers")).headers["Location"] == "/staff/in/code"
    assert not later.is_in()
    right = later.post("/in/code", code=totp.at(house.office.clock()))
    assert right.headers["Location"] == "/staff/callers"
    assert later.is_in()


def test_a_wechat_that_nobody_bound_opens_nothing(house: House, li: Phone) -> None:
    stranger = Phone(house, house.person("赵"))
    answer = stranger.comes_back(stranger.asks(next="/staff/leads/L1"))
    assert answer.status_code == 401
    assert "还没有绑定账号" in answer.text
    assert 'name="next" value="/staff/leads/L1"' in answer.text, "with the password they still get where they wanted"
    assert not stranger.is_in()
    assert refusals(house) == [("", "wechat_unknown")]


@pytest.mark.parametrize("state", ["", "0" * 32, "é"])
def test_a_code_without_the_state_of_this_browser_is_refused(house: House, li: Phone, state: str) -> None:
    """Somebody's link with their own code must not sign others in, nor may a link be made up."""
    later = Phone(house, li.openid)
    code = parse_qs(urlsplit(later.agrees(later.asks())).query)["code"][0]
    answer = later.get(f"{BACK}?code={code}&state={state}")
    assert answer.status_code == 401
    assert not later.is_in()
    assert refusals(house) == [("", "wechat_state")]


def test_a_link_begun_in_another_browser_is_refused(house: House, li: Phone) -> None:
    """Session fixation: the thief begins, the victim's WeChat agrees; neither of them is in."""
    thief, victim = Phone(house, li.openid), Phone(house, li.openid)
    link = victim.agrees(thief.asks())
    assert victim.get(link).status_code == 401
    assert not victim.is_in()
    assert not thief.is_in()


def test_a_code_counts_once(house: House, li: Phone) -> None:
    later = Phone(house, li.openid)
    link = later.agrees(later.asks())
    kept = dict(later.http.cookies)
    assert later.get(link).status_code == 303
    again = Phone(house, li.openid)
    again.http.cookies.update(kept)  # also with the cookie from before, as somebody who listened might have it
    answer = again.get(link)
    assert answer.status_code == 401
    assert refusals(house) == [("", "wechat_code")]
    assert not again.is_in()
    assert later.get(link).status_code == 401, "nor in the same browser: the state is gone, too"


def test_an_attempt_ends_after_five_minutes(house: House, li: Phone) -> None:
    later = Phone(house, li.openid)
    link = later.agrees(later.asks())
    house.office.clock.forward(minutes=5, seconds=1)
    assert later.get(link).status_code == 401


def test_a_session_from_before_is_worth_nothing_afterwards(house: House, li: Phone) -> None:
    later = Phone(house, li.openid)
    asked = later.asks()
    before = dict(later.http.cookies)
    assert later.comes_back(asked).status_code == 303
    thief = Phone(house)
    thief.http.cookies.update(before)
    assert not thief.is_in()


def test_nobody_binds_what_opens_the_account_of_another(house: House, li: Phone) -> None:
    zhao = Phone(house, li.openid)
    zhao.sign_in("zhao")
    zhao.binds()
    assert "已经绑定了别的账号" in zhao.get("/staff/me").text
    assert [(row.who, row.target) for row in house.office.log("refused")] == [("zhao", "wechat_taken")]
    later = Phone(house, li.openid)
    later.comes_back(later.asks())
    assert house.office.log("sign in")[-1].who == "li"


@pytest.mark.parametrize("end", ["signed out", "account closed"])
def test_a_binding_counts_only_in_the_session_that_asked(house: House, end: str) -> None:
    phone = Phone(house, house.person("李"))
    phone.sign_in("li")
    link = phone.agrees(phone.asks("/me/wechat", password=PASSWORD))
    if end == "signed out":
        phone.post("/out")
    else:
        house.office.browser("root").post("/people/li/disable")
    assert phone.get(link).status_code == 401
    assert house.office.log("wechat on") == []


@pytest.mark.parametrize("act", ["disable", "reset", "unbind"])
def test_who_was_shut_out_does_not_come_in_by_wechat(house: House, li: Phone, act: str) -> None:
    if act == "unbind":
        li.post("/me/wechat/off")
        assert [row.who for row in house.office.log("wechat off")] == ["li"]
    else:
        assert house.office.browser("root").post(f"/people/li/{act}").status_code in (200, 303)
    later = Phone(house, li.openid)
    assert later.comes_back(later.asks()).status_code == 401
    assert not later.is_in()
    if act == "disable":
        assert refusals(house) == [("li", "wechat_unknown")]


def test_who_looks_at_a_snapshot_is_nobody(house: House, li: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform shows pages to visitors with openids it made up, and says so."""
    answers = house.sim.endpoints["/sns/oauth2/access_token"]
    monkeypatch.setitem(
        house.sim.endpoints,
        "/sns/oauth2/access_token",
        replace(answers, answer=lambda sim, call: {**answers.answer(sim, call), "is_snapshotuser": 1}),
    )
    later = Phone(house, li.openid)
    assert later.comes_back(later.asks()).status_code == 401
    assert refusals(house) == [("", "wechat_code")]


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/wechat", "/staff/..//evil.example"])
def test_nobody_is_led_away(house: House, li: Phone, wanted: str) -> None:
    later = Phone(house, li.openid)
    assert later.comes_back(later.asks(next=wanted)).headers["Location"] == "/staff/leads"


def test_guessing_states_is_slowed_down(house: House) -> None:
    phone = Phone(house)
    answers = [phone.get(f"{BACK}?code=x&state={n}").status_code for n in range(32)]
    assert answers == [401] * 30 + [429] * 2


def test_a_forged_form_begins_nothing(house: House, li: Phone) -> None:
    for path in ("/in/wechat", "/me/wechat", "/me/wechat/off"):
        answer = li.http.post(
            f"{house.address}/staff{path}", data={"password": PASSWORD}, allow_redirects=False, timeout=10
        )
        assert answer.status_code == 400


def test_the_secret_and_the_codes_stay_out_of_the_log(
    house: House, li: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    later = Phone(house, li.openid)
    link = later.agrees(later.asks())
    later.get(link)
    later.get(link)
    ours = [
        record.getMessage() for record in caplog.records if record.name != "werkzeug" and "/sns/" in record.getMessage()
    ]
    assert ours
    assert not any(house.sim.account.app_secret in line for line in ours)
    assert not any(parse_qs(urlsplit(link).query)["code"][0] in line for line in ours)


@pytest.mark.parametrize(
    ("kind", "agent", "said"),
    [
        ("subscription", WECHAT, "没有网页授权"),
        ("service-unverified", WECHAT, "没有网页授权"),
        ("service", LAPTOP, "请在微信里打开这个页面"),
        ("service", WECOM, "请在微信里打开这个页面"),
        ("service", WECHAT, "绑定这个微信"),
    ],
)
def test_where_it_cannot_be_had_there_is_no_button_but_a_reason(
    build: Callable[..., House], kind: str, agent: str, said: str
) -> None:
    phone = Phone(build(kind), agent=agent)
    assert ("用微信登录</button>" in phone.get("/staff/in").text) is (said == "绑定这个微信")
    phone.sign_in("li")
    page = phone.get("/staff/me").text
    assert said in page
    assert ("绑定这个微信</button>" in page) is (said == "绑定这个微信")
    if kind != "service":
        assert phone.post("/me/wechat", password=PASSWORD).headers["Location"] == "/staff/me"
        assert Phone(phone.house).post("/in/wechat").headers["Location"] == "/staff/in"


@pytest.mark.browser
def test_on_a_phone_inside_wechat(build: Callable[..., House], browser: Chromium) -> None:
    """A real browser, with the policy that forbids forms to lead elsewhere: bound, out, and in again by one tap."""
    house = build(now=lambda: datetime.now(UTC))
    number = house.office.lead()
    context = browser.new_context(viewport={"width": 360, "height": 780}, locale="zh-CN", user_agent=WECHAT)
    context.add_cookies([{"name": "sim_openid", "value": house.person("赵"), "url": house.platform}])
    page: Page = context.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    try:
        page.goto(f"{house.address}/staff/me")
        page.get_by_label("账号").fill("li")
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.get_by_label("当前密码").last.fill(PASSWORD)
        page.get_by_role("button", name="绑定这个微信").click()
        expect(page.get_by_role("status")).to_contain_text("微信已绑定")
        page.get_by_role("button", name="退出登录").click()
        page.goto(f"{house.address}/staff/leads/{number}")
        page.get_by_role("button", name="用微信登录").click()
        expect(page.get_by_role("button", name="认领这条线索")).to_be_visible()
        assert complaints == []
    finally:
        put_away(context)
