"""The inquiry as a page: the chat's draft, the chat's lead, and nobody else's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from bot import wiring
from bot.dialogue.form import Form
from bot.dialogue.reply import Words
from bot.store.base import reading
from bot.store.outbox import Outbox
from tests.form.conftest import SITE, Follower

ALL = {
    "deal": "1",
    "asset": ["1", "2"],
    "area": "3000平",
    "region": "昆山",
    "use": "注塑",
    "tax": "300万",
    "company": "昆山某某塑胶有限公司",
    "contact": "王先生",
    "phone": "13800001234",
}


def test_the_chat_offers_the_page_at_the_beginning_and_when_stuck(wang: Follower) -> None:
    assert "打开登记页" in wang.say("我要找厂房土地")
    assert "打开登记页" not in wang.say("租")
    for _ in range(2):
        wang.say("嘎嘎嘎")
    assert "打开登记页" in wang.say("嘎嘎嘎")


def test_what_was_said_in_the_chat_stands_on_the_page(wang: Follower) -> None:
    wang.say("想在昆山租3000平厂房")
    text = wang.opens()
    assert 'name="deal" value="1" checked' in text
    assert 'name="asset" value="1" checked' in text
    assert 'name="area" value="3000㎡"' in text
    assert "昆山" in text


def test_a_field_is_saved_and_the_chat_goes_on_with_it(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    assert wang.types("area", "三五千平").json == {"shown": "已记：3000–5000㎡", "problem": "", "choices": []}
    assert wang.types("deal", "2").json["shown"] == "已记：买"
    assert wang.types("asset", "1", "3").json["shown"] == "已记：厂房、土地"
    said = wang.say("昆山")
    assert "3000–5000㎡" in said and "买" in said and "昆山" in said
    assert wang.types("area", "", was="3000–5000㎡").status_code == 200
    assert "3000–5000" not in wang.say("查看")


def test_a_lead_made_on_the_page_is_the_same_as_one_of_the_chat(front: wiring.Front, wang: Follower) -> None:
    wang.say("我要找厂房土地")
    answer = wang.submits(**ALL, agree="1", share="1")
    assert answer.status_code == 303, re.findall(r'role="alert"[^>]*>(.*?)<', answer.text)
    [(lead, inside)] = wang.leads()
    assert inside.slots["deal"] == "rent" and inside.slots["asset"] == ["factory", "warehouse"]
    assert inside.slots["area"] == {"min": 3000, "max": 3000, "unit": "m2"}
    assert inside.slots["mobile"] == ["+8613800001234"] and inside.slots["company"] == ALL["company"]
    assert set(lead.consents) == {"contact", "share"} and lead.consents["contact"]["notice"]
    with reading(front.made.sessions) as session:
        assert [notice.kind for notice in session.query(Outbox)] == ["lead"]
    done = wang.browser.get(f"{wang.link}/done", base_url=SITE).text
    assert lead.number in done
    assert lead.number in wang.say("查看")
    assert "已更新" in wang.say("面积改成8000平")
    assert len(wang.leads()) == 1


def test_handing_in_twice_makes_one_lead_and_later_changes_revise_it(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    page = wang.opens()
    for _ in range(2):
        assert wang.submits(page, **ALL, agree="1").status_code == 303
    assert [event.kind for event in wang.events()] == ["submitted"]
    text = wang.opens()
    assert wang.leads()[0][0].number in text and "13800001234" not in text
    assert wang.submits(text, area="8000平", agree="1").status_code == 303
    [(lead, inside)] = wang.leads()
    assert inside.slots["area"]["min"] == 8000 and inside.slots["mobile"] == ["+8613800001234"]
    assert [(event.kind, event.changed) for event in wang.events()][1:] == [("revised", ["area"])]
    assert lead.consents.keys() == {"contact"}


def test_nothing_is_handed_in_without_consent_and_the_two_are_apart(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    answer = wang.submits(**ALL, share="1")
    assert answer.status_code == 422
    assert "勾选同意" in answer.text, re.findall(r"role=.alert[^>]*>(.*?)<", answer.text)
    assert not wang.leads()
    assert wang.submits(agree="1").status_code == 303
    assert wang.leads()[0][0].consents.keys() == {"contact"}


def test_what_is_missing_is_said_once_and_then_let_go(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    answer = wang.submits(deal="1", phone="13800001234", agree="1")
    assert answer.status_code == 422 and "还没填：" in answer.text and "区域" in answer.text
    assert wang.submits(answer.text).status_code == 303
    assert wang.leads()[0][1].slots == {"deal": "rent", "mobile": ["+8613800001234"]}


def test_a_wrong_phone_is_said_and_kept_out(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    told = wang.types("phone", "1380000123").json
    assert "少了" in told["problem"] and not told["shown"]
    answer = wang.submits(**{**ALL, "phone": "1380000123"}, agree="1")
    assert answer.status_code == 422 and "少了" in answer.text and 'value="1380000123"' in answer.text
    assert not wang.leads()


def test_who_gets_hold_of_the_link_sees_no_number_and_no_name(wang: Follower) -> None:
    wang.say("想在昆山租3000平厂房")
    for name, value in (("phone", "13800001234"), ("contact", "王小明"), ("company", "昆山某某塑胶有限公司")):
        wang.types(name, value)
    text = wang.opens()
    assert "138****1234" in text
    for secret in ("13800001234", "138 0000 1234", "王小明", "某某塑胶"):
        assert secret not in text
    wang.types("phone", "", was="", clear="1")
    assert "138****1234" not in wang.opens()


def test_an_empty_covered_field_keeps_what_is_known(wang: Follower) -> None:
    wang.say("想在昆山租3000平厂房，王先生 13800001234")
    assert wang.submits(agree="1", anyway="1").status_code == 303
    assert wang.leads()[0][1].slots["mobile"] == ["+8613800001234"]


@pytest.mark.parametrize("extra", ["height_m", "crane_t", "power_kva", "fire"])
def test_extras_are_understood_by_their_bare_number(wang: Follower, extra: str) -> None:
    wang.say("我要找厂房土地")
    typed = {"height_m": "8", "crane_t": "5", "power_kva": "630", "fire": "丙"}[extra]
    assert typed in wang.types(extra, typed).json["shown"]


def test_every_slot_of_the_form_is_on_the_page(front: wiring.Front, wang: Follower) -> None:
    form: Form = front.lookups.form
    wang.say("我要找厂房土地")
    text = wang.opens()
    assert all(f'data-field="{slot.name}"' in text for slot in form.slots)


def test_an_ambiguous_place_offers_what_it_may_mean(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    told = wang.types("region", "江北").json
    assert told["problem"] and len(told["choices"]) > 1
    assert "宁波" in wang.types("region", "江北", pick="2").json["shown"]
    assert wang.submits(agree="1", anyway="1").status_code == 303
    assert wang.leads()[0][1].slots == {"region": ["330205"]}


def test_a_remark_is_kept_once_however_often_it_is_saved(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    wang.types("remark", "最好")
    wang.types("remark", "最好六月交付，电话13800001234", was="最好")
    assert wang.submits(**ALL, agree="1").status_code == 303
    [(_, inside)] = wang.leads()
    assert inside.remarks == ("最好六月交付,电话***",)


def test_a_link_ends_and_a_changed_one_opens_nothing(front: wiring.Front, app: Flask, wang: Follower) -> None:
    links = wiring.links_of(front.made)
    now = datetime.now(UTC)
    token = links.token(wang.openid, now - timedelta(hours=25))
    other = links.token(wang.openid, now)
    changed = other[:-3] + ("AAA" if other[-3:] != "AAA" else "BBB")
    for bad in (token, changed, "x", "a" * 3000, "%E4%BD%A0"):
        answer = wang.browser.get(f"/form/{bad}", base_url=SITE)
        assert answer.status_code == 404 and "链接过期" in answer.text
    assert wang.browser.get(f"/form/{other}", base_url=SITE).status_code == 200


def test_a_forged_form_saves_and_hands_in_nothing(wang: Follower, app: Flask) -> None:
    wang.say("我要找厂房土地")
    sign = wang.hidden("sign", wang.opens())
    for path in ("", "/field"):
        assert wang.browser.post(f"{wang.link}{path}", data={"name": "area", "value": "1平"}).status_code == 400
        stranger = app.test_client()
        for wrong in (sign, "签", "\ufffd"):
            assert stranger.post(f"{wang.link}{path}", data={"sign": wrong, "agree": "1"}).status_code == 400
    assert not wang.leads()


def test_the_page_is_strict_light_and_loads_nothing_from_elsewhere(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    answer = wang.browser.get(wang.link, base_url=SITE)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "Secure" in cookie and "Path=/form" in cookie
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", answer.text)
    loaded = re.findall(r'<(?:link|script)[^>]*(?:href|src)="([^"]+)"', answer.text)
    assert loaded and all(address.startswith("/form/static/") for address in loaded)
    assert len(answer.data) + sum(len(wang.browser.get(each).data) for each in loaded) < 100_000


def test_a_script_in_a_field_stays_a_text(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    wang.types("use", "<script>alert(1)</script>注塑")
    text = wang.opens()
    assert "<script>alert" not in text


def test_too_much_from_one_link_is_slowed_down(wang: Follower) -> None:
    wang.say("我要找厂房土地")
    answers = {wang.browser.get(wang.link, base_url=SITE).status_code for _ in range(160)}
    assert answers == {200, 429}


def test_two_tabs_saving_at_once_lose_nothing(wang: Follower) -> None:
    from concurrent.futures import ThreadPoolExecutor

    wang.say("我要找厂房土地")
    sign = wang.hidden("sign", wang.opens())
    cookie = wang.browser.get_cookie("form", domain="bot.example", path="/form").value
    typed = {"area": "3000平", "use": "注塑", "tax": "300万", "region": "昆山"}

    def save(one: tuple[str, str]) -> int:
        client = wang.app.test_client()
        client.set_cookie("form", cookie, domain="bot.example", path="/form")
        form = {"sign": sign, "name": one[0], "value": one[1], "was": ""}
        return int(client.post(f"{wang.link}/field", data=form, base_url=SITE).status_code)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(save, typed.items())) == {200}
    text = wang.opens()
    assert all(f'id="f-{name}" name="{name}" value=""' not in text for name in typed)


def test_while_somebody_else_works_on_it_the_page_says_so(front: wiring.Front, wang: Follower) -> None:
    wang.say("我要找厂房土地")
    page = wang.opens()
    held = front.answering.conversations.hold(wang.openid, "another", None, timedelta(seconds=1))
    with held:
        answer = wang.browser.get(wang.link, base_url=SITE)
        assert answer.status_code == 503 and "填过的内容还在" in answer.text
    assert wang.submits(page, **ALL, agree="1").status_code == 303


def test_saving_a_field_keeps_an_answer_that_is_still_owed(front: wiring.Front, wang: Follower) -> None:
    wang.say("我要找厂房土地")
    held = front.answering.conversations
    held.owe(wang.openid, "late one", Words("迟到的回答"), timedelta(seconds=2))
    wang.types("area", "3000平")
    assert "迟到的回答" in wang.say("昆山")
