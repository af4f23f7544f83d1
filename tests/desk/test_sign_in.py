"""Coming in and staying in: passwords, codes, sessions, and those who may not."""

from __future__ import annotations

import re

import pyotp
import pytest
from flask import Flask

from bot.store import staff
from bot.store.base import reading
from handlers.web.staff import Desk
from tests.desk.people import PASSWORD, Browser, Clock, Office


def with_code(browser: Browser, clock: Clock) -> pyotp.TOTP:
    """Turn the second factor on at the account of this browser."""
    browser.post("/me/totp")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", browser.get("/me").text)
    assert secret
    totp = pyotp.TOTP(secret[1])
    assert browser.post("/me/totp/on", code=totp.at(clock())).status_code == 303
    clock.forward(minutes=2)
    return totp


def test_somebody_new_chooses_a_password_before_anything_else(app: Flask, desk: Desk, clock: Clock) -> None:
    with desk.sessions.begin() as session:
        made = staff.add(session, "Chen", "agent", clock())
    chen = Browser(app)
    assert chen.sign_in("chen", made).status_code == 303
    assert chen.get("/leads").headers["Location"] == "/staff/me"
    assert "临时密码" in chen.see("/me")
    assert "不一样" in "".join(_said(chen, new=PASSWORD, again="another one", password=made))
    chen.post("/me/password", password=made, new=PASSWORD, again=PASSWORD)
    assert chen.get("/leads").status_code == 200
    assert Browser(app).sign_in("chen", made).status_code == 401


def test_a_one_time_password_ends_after_three_days(app: Flask, desk: Desk, clock: Clock) -> None:
    with desk.sessions.begin() as session:
        made = staff.add(session, "chen", "agent", clock())
    clock.forward(days=3, seconds=1)
    assert Browser(app).sign_in("chen", made).status_code == 401


def test_a_code_is_asked_for_and_works_once(office: Office, li: Browser, clock: Clock) -> None:
    totp = with_code(li, clock)
    browser = office.browser()
    assert browser.sign_in("li").headers["Location"] == "/staff/in/code"
    assert browser.get("/leads").status_code == 303
    assert browser.post("/in/code", code="000000").status_code == 401
    code = totp.at(clock())
    assert browser.post("/in/code", code=f"{code[:3]} {code[3:]}").status_code == 303
    assert browser.get("/leads").status_code == 200
    again = office.browser()
    again.sign_in("li")
    assert again.post("/in/code", code=code).status_code == 401


def test_a_code_of_wide_or_other_letters_is_read_or_wrong(office: Office, li: Browser, clock: Clock) -> None:
    totp = with_code(li, clock)
    browser = office.browser()
    browser.sign_in("li")
    assert browser.post("/in/code", code="六个数字").status_code == 401
    wide = totp.at(clock()).translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    assert browser.post("/in/code", code=wide).status_code == 303


def test_a_session_laid_under_somebody_is_worth_nothing(app: Flask, office: Office) -> None:
    """Session fixation: the cookie from before signing in opens nothing afterwards, nor does one that was signed out."""
    victim, thief = office.browser(), office.browser()
    victim.get("/in")
    before = victim.client.get_cookie("desk", path="/staff").value
    assert victim.sign_in("li").status_code == 303
    after = victim.client.get_cookie("desk", path="/staff").value
    assert before != after
    thief.client.set_cookie("desk", before, path="/staff")
    assert thief.get("/leads").status_code == 303
    thief.client.set_cookie("desk", after, path="/staff")
    assert thief.get("/leads").status_code == 200
    victim.post("/out")
    assert thief.get("/leads").status_code == 303


def test_a_session_ends_when_unused_and_in_any_case_after_a_month(li: Browser, clock: Clock) -> None:
    for _ in range(14):
        clock.forward(days=2)
        assert li.get("/leads").status_code == 200
    clock.forward(days=2)
    assert li.get("/leads").status_code == 303


def test_an_unused_session_ends_after_three_days(li: Browser, clock: Clock) -> None:
    clock.forward(days=3, minutes=1)
    assert li.get("/leads").status_code == 303


def test_one_device_can_end_another(office: Office, li: Browser) -> None:
    other = office.browser("li")
    page = li.get("/me").text
    assert page.count("退出它") == 1
    number = re.search(r"/me/sessions/(\d+)/end", page)
    assert number
    li.post(f"/me/sessions/{number[1]}/end")
    assert other.get("/leads").status_code == 303
    assert li.get("/leads").status_code == 200


def test_nobody_ends_sessions_of_others(office: Office, li: Browser, zhao: Browser, desk: Desk) -> None:
    with reading(desk.sessions) as session:
        account = staff.by_name(session, "zhao")
        assert account
        theirs = staff.sessions_of(session, account.id)[0].id
    assert li.post(f"/me/sessions/{theirs}/end").status_code == 404
    assert zhao.get("/leads").status_code == 200


def test_a_new_password_signs_out_all_other_devices(office: Office, li: Browser) -> None:
    other = office.browser("li")
    li.post("/me/password", password=PASSWORD, new="another good one", again="another good one")
    assert other.get("/leads").status_code == 303
    assert li.get("/leads").status_code == 200


@pytest.mark.parametrize("name", ["li", "nobody"])
def test_guessing_is_slowed_down_and_logged(office: Office, name: str) -> None:
    guesser = office.browser()
    answers = [guesser.sign_in(name, f"guess number {n}").status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert office.browser().sign_in("zhao").status_code == 303
    failed = office.log("sign in failed")
    assert len(failed) == 5
    # What was typed as a name may have been a password: it is not kept where there is no such account.
    assert {row.who for row in failed} == ({"li"} if name == "li" else {""})


def test_codes_cannot_be_guessed_either(office: Office, li: Browser, clock: Clock) -> None:
    with_code(li, clock)
    guesser = office.browser()
    guesser.sign_in("li")
    answers = [guesser.post("/in/code", code=f"{n:06}").status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/staff/..//evil.example",
        "javascript:alert(1)",
        "/wechat",
        "/staff@evil.example",
        "https:evil.example",
        "http://[",
        "/staff/leads\r\nSet-Cookie: a=b",
    ],
)
def test_after_signing_in_nobody_is_led_away(office: Office, wanted: str) -> None:
    answer = office.browser().sign_in("li", next=wanted)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/staff/leads"


def test_the_link_of_a_notice_opens_the_lead_after_signing_in(office: Office) -> None:
    number = office.lead()
    browser = office.browser()
    door = browser.get(f"/leads/{number}").headers["Location"]
    assert door == f"/staff/in?next=/staff/leads/{number}"
    assert f'name="next" value="/staff/leads/{number}"' in browser.get(door.removeprefix("/staff")).text
    assert browser.sign_in("li", next=f"/staff/leads/{number}").headers["Location"] == f"/staff/leads/{number}"


def test_a_closed_account_is_out_at_once(office: Office, li: Browser, root: Browser) -> None:
    root.post("/people/li/disable")
    assert li.get("/leads").status_code == 303
    assert office.browser().sign_in("li").status_code == 401


def test_the_last_admin_cannot_be_closed_or_demoted(root: Browser) -> None:
    root.post("/people/root/disable")
    assert "至少要留一位管理员" in root.see("/people")
    root.post("/people/root/role", role="agent")
    assert root.get("/people").status_code == 200


def _said(browser: Browser, **form: str) -> str:
    browser.post("/me/password", **form)
    return browser.see("/me")


@pytest.mark.parametrize(
    ("agent", "called"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.50",
            "苹果手机 · 微信",
        ),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/116.0 Mobile Safari/537.36", "安卓手机 · Chrome"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/120.0 Safari/537.36 Edg/120.0", "Windows 电脑 · Edge"),
        ("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0 wxwork/4.1", "安卓手机 · 企业微信"),
        ("", "未知设备"),
    ],
)
def test_a_device_is_called_as_people_call_it(office: Office, agent: str, called: str) -> None:
    browser = office.browser()
    browser.client.environ_base["HTTP_USER_AGENT"] = agent
    browser.sign_in("li")
    assert f"{called} 127.0.0.1" in browser.see("/me")
