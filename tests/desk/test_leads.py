"""Leads at the desk: who sees what, one winner, the whole life, and what is kept of it."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import repeat

import pytest
from openpyxl import load_workbook

from bot.store import talks
from bot.store.base import Sessions, reading
from bot.store.leads import Lead
from bot.store.readings import Reading
from bot.store.talks import Line, Talk
from handlers.web.staff import Desk
from tests.desk.people import Browser, Clock, Office, words

PHONE = "13800000001"
EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">'


def taken(office: Office, browser: Browser, **slots: object) -> str:
    """A lead that this browser's person has claimed."""
    number = office.lead(**slots)  # type: ignore[arg-type]
    assert browser.act(number, "claim").status_code == 303
    return number


# Who sees what


def test_before_it_is_claimed_neither_name_nor_number_is_seen(office: Office, li: Browser) -> None:
    number = office.lead()
    page = li.see(f"/leads/{number}")
    assert "王小明" not in page
    assert PHONE not in page
    assert "138****0001" in page
    assert "昆山测试精密机械有限公司" not in page
    assert li.act(number, "reveal").status_code == 403


def test_the_number_is_shown_to_its_owner_once_asked_for_and_that_is_logged(office: Office, li: Browser) -> None:
    number = taken(office, li)
    assert PHONE not in li.get(f"/leads/{number}").text.replace(" ", "")
    answer = li.act(number, "reveal")
    assert PHONE in answer.text.replace(" ", "")
    assert f'href="tel:+86{PHONE}"' in answer.text
    assert [(row.who, row.target) for row in office.log("reveal")] == [("li", number)]
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_belongs_to_a_colleague_is_not_there(office: Office, li: Browser, zhao: Browser) -> None:
    """IDOR: neither by its page nor by any button, and each try is written down."""
    number = taken(office, li)
    assert zhao.get(f"/leads/{number}").status_code == 404
    for act in ("claim", "move", "note", "plan", "reveal", "answer", "merge"):
        assert (
            zhao.post(f"/leads/{number}/{act}", version=2, to="lost", reason="x", text="x", other=number).status_code
            == 404
        )
    for act in ("assign", "erase"):
        assert zhao.post(f"/leads/{number}/{act}", version=2, owner="zhao", number=number).status_code == 403
    assert number not in zhao.get("/leads?view=all").text
    assert number not in zhao.get("/board").text
    assert number not in zhao.post("/leads", q=PHONE).text
    assert number not in zhao.post("/export", view="all", kind="csv").text
    assert len([row for row in office.log("refused") if row.who == "zhao"]) >= 10
    assert office.row(number).state == "claimed"


def test_a_lead_nobody_took_on_in_time_is_there_for_all(office: Office, desk: Desk, li: Browser, zhao: Browser) -> None:
    number = office.lead()
    _give(desk, number, "li")
    assert zhao.get(f"/leads/{number}").status_code == 404
    _give(desk, number, "li", shared=True)
    assert zhao.act(number, "claim").status_code == 303
    assert office.row(number).owner == "zhao"
    assert not office.row(number).shared


# One winner


def test_of_many_who_tap_at_once_exactly_one_wins(office: Office) -> None:
    people = [f"agent{n}" for n in range(8)]
    for name in people:
        office.employ(name, "agent")
    browsers = [office.browser(name) for name in people]
    for _ in range(3):
        number = office.lead()
        version, tokens = browsers[0].version(number), [browser.token() for browser in browsers]
        with ThreadPoolExecutor(len(browsers)) as pool:
            list(
                pool.map(
                    _tap, browsers, tokens, repeat(number), repeat(version), repeat(threading.Barrier(len(browsers)))
                )
            )
        assert len(office.events(number)) == 2
        assert office.row(number).owner in people
    assert len(office.log("claim")) == 3


# Its life


def test_a_whole_life_from_notice_to_lease(office: Office, li: Browser, clock: Clock) -> None:
    number = taken(office, li)
    for step in ("contacted", "visited", "negotiating", "won"):
        clock.forward(hours=5)
        assert li.act(number, "move", to=step).status_code == 303
    assert [event.after for event in office.events(number)] == [
        "new", "claimed", "contacted", "visited", "negotiating", "won",
    ]  # fmt: skip
    assert "已成交" in li.see(f"/leads/{number}")
    assert li.act(number, "move", to="contacted").status_code == 303
    assert office.row(number).state == "won"


@pytest.mark.parametrize("ending", ["lost", "invalid", "duplicate"])
def test_an_end_needs_its_reason(office: Office, li: Browser, ending: str) -> None:
    number = taken(office, li)
    li.act(number, "move", to=ending)
    assert office.row(number).state == "claimed"
    assert "请写一下原因" in li.see(f"/leads/{number}")
    li.act(number, "move", to=ending, reason="价格不合适", more="差三块")
    assert office.row(number).state == ending
    assert office.events(number)[-1].reason == "价格不合适 差三块"


def test_what_the_lifecycle_does_not_allow_is_refused(office: Office, li: Browser) -> None:
    number = taken(office, li)
    for step in ("won", "visited", "new", "erased", "nonsense"):
        li.act(number, "move", to=step, reason="x")
        assert office.row(number).state == "claimed"


def test_a_page_that_is_out_of_date_changes_nothing(office: Office, li: Browser) -> None:
    number = taken(office, li)
    old = li.version(number)
    li.act(number, "move", to="contacted")
    li.post(f"/leads/{number}/move", version=old, to="lost", reason="x")
    assert office.row(number).state == "contacted"
    assert "刚刚有变动" in li.see(f"/leads/{number}")


def test_a_lead_that_rests_comes_back_on_its_day(office: Office, li: Browser, clock: Clock) -> None:
    number = taken(office, li)
    li.act(number, "move", to="nurture", date="2026-12-01")
    assert "今天要联系" not in li.see("/leads")
    clock.forward(days=7)
    li.sign_in("li")
    assert "今天要联系" in li.see("/leads")
    assert number in li.get("/leads?view=due").text


def test_notes_are_sealed_and_for_those_near(office: Office, desk: Desk, li: Browser) -> None:
    number = taken(office, li)
    li.act(number, "note", text="老板姓王，周五带看")
    assert "周五带看" in li.see(f"/leads/{number}")
    with reading(desk.sessions) as session:
        from bot.store.lead_notes import Note

        assert "周五".encode() not in session.query(Note).one().sealed


def test_a_manager_gives_a_lead_to_somebody_and_within_the_protection_says_why(
    office: Office, li: Browser, wang: Browser, clock: Clock
) -> None:
    number = taken(office, li)
    wang.act(number, "assign", owner="zhao")
    assert "保护期内" in wang.see(f"/leads/{number}")
    assert office.row(number).owner == "li"
    wang.act(number, "assign", owner="zhao", reason="李休假")
    assert (office.row(number).owner, office.row(number).state) == ("zhao", "assigned")
    assert office.log("assign")[-1].detail == "zhao 李休假"
    assert li.get(f"/leads/{number}").status_code == 404


# Duplicates


def test_a_duplicate_goes_into_the_lead_that_goes_on(office: Office, li: Browser) -> None:
    kept = taken(office, li, use="")
    other = taken(office, li, use="精密注塑", mobile=["+8613800009999"], remarks=("还要宿舍",))
    assert other in li.get(f"/leads/{kept}").text  # the same company
    assert li.act(kept, "merge", other=other).status_code == 303
    page = li.see(f"/leads/{kept}")
    assert "精密注塑" in page
    assert "还要宿舍" in page
    assert "138****9999" in page
    assert (office.row(other).state, office.row(other).merged_into) == ("duplicate", office.row(kept).id)
    assert f"已并入 {kept}" in li.see(f"/leads/{other}")
    assert li.post("/leads", q="13800009999").text.count(kept)


def test_nothing_goes_into_itself_or_into_what_is_not_theirs(office: Office, li: Browser, zhao: Browser) -> None:
    mine, theirs = taken(office, li), taken(office, zhao)
    li.act(mine, "merge", other=mine)
    li.act(mine, "merge", other=theirs)
    assert office.row(theirs).state == office.row(mine).state == "claimed"


def test_erasing_takes_the_merged_ones_along(office: Office, li: Browser, wang: Browser) -> None:
    kept, other = taken(office, li), taken(office, li)
    li.act(kept, "merge", other=other)
    wang.act(kept, "erase", number=kept)
    assert wang.get(f"/leads/{kept}").status_code == 404
    assert wang.get(f"/leads/{other}").status_code == 404


# Finding


@pytest.mark.parametrize(
    "text",
    [
        "昆山测试精密机械有限公司",
        "昆山测试精密机械",
        "精密机械",
        "王小明",
        PHONE,
        f"+86 {PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}",
        "带行车",
    ],
)
def test_a_lead_is_found_by_what_people_type(office: Office, li: Browser, text: str) -> None:
    number = office.lead(remarks=("要带行车",))
    office.lead(company="苏州某某电子有限公司", contact="陈先生", mobile=["+8613800008888"])
    page = li.post("/leads", q=text).text
    assert number in page
    assert page.count("/staff/leads/L") == 1


def test_what_is_searched_for_stays_out_of_addresses_and_logs(office: Office, li: Browser) -> None:
    li.post("/leads", q=PHONE)
    assert PHONE not in "".join(f"{row.target}{row.detail}" for row in office.log())


def test_the_list_is_narrowed_by_grade_and_its_links_and_exports_keep_to_it(
    office: Office, desk: Desk, li: Browser
) -> None:
    good, other = office.lead(), office.lead()
    with desk.sessions.begin() as session:
        session.query(Lead).filter_by(number=good).one().grade = "A"
    page = li.get("/leads?grade=A").text
    assert good in page
    assert other not in page
    assert 'name="grade" value="A"' in page
    assert "view=all&amp;grade=A" in page
    assert "grade" not in li.get("/leads").text.split('<nav class="tabs"')[1].split("</nav>")[0]


# Answering


def test_an_answer_waits_for_the_worker_and_is_shown_as_what_became_of_it(
    store: Sessions, secrets: object, redis_url: str, clock: Clock
) -> None:
    from dataclasses import replace

    from flask import Flask

    from handlers.web.staff import desk_door
    from tests.desk.conftest import make_desk

    def works(job: str = "notify") -> None:
        with store.begin() as session:
            row = session.query(Talk).filter_by(state="waiting").one()
            row.state = "sent" if "您好" in dict(said)[row.id] else "failed"

    said: list[tuple[int, str]] = []

    def wake(job: str = "notify") -> None:
        with reading(store) as session:
            said.extend((row.id, line.text) for row, line in talks.of(session, made.secrets, [openid]) if row.state)
        works(job)

    made = replace(make_desk(store, secrets, redis_url, clock), wake=wake, still_open=lambda _: 5)  # type: ignore[arg-type]
    app = Flask("test")
    desk_door(app, made)
    office = Office(app, made, clock)
    office.employ("li", "agent")
    li = office.browser("li")
    number = office.lead()
    openid = office.row(number).openid
    assert li.act(number, "answer", text="您好").status_code == 403
    li.act(number, "claim")
    with store.begin() as session:
        talks.keep(session, made.secrets, [Line(openid, clock(), "follower", "text", EVIL)])
    li.act(number, "answer", text="您好，周五看房？")
    page = li.get(f"/leads/{number}")
    assert "已发出" in words(page)
    assert "还可以发 5 条" in words(page)
    assert "<script>" not in page.text
    li.act(number, "answer", text="在吗")
    assert "没有发出" in li.see(f"/leads/{number}")
    assert [row.who for row in office.log("answer")] == ["li", "li"]
    refused = li.act(number, "answer", text="长" * 700)
    assert "太长了" in words(refused)
    assert f">{'长' * 700}</textarea>" in refused.text, "what was typed stays"


def test_outside_the_window_nothing_can_be_written(office: Office, li: Browser, desk: Desk) -> None:
    number = taken(office, li)
    assert "没有客服消息的权限" in li.see(f"/leads/{number}")
    li.act(number, "answer", text="您好")
    with reading(desk.sessions) as session:
        assert session.query(Talk).count() == 0


def test_who_asked_for_a_person_can_be_answered_without_an_inquiry(office: Office, li: Browser) -> None:
    from bot.dialogue.effects import HumanWanted

    office.say("oCaller", "call", HumanWanted("转人工，我的电话13800007777"))
    page = li.get("/callers")
    assert "138****7777" in page.text
    assert "13800007777" not in page.text
    link = page.text.split("/staff/callers/")[1].split('"')[0]
    assert "还没有提交需求" in li.see(f"/callers/{link}")
    assert li.get("/callers/99999").status_code == 404


# Exports


def test_an_export_is_covered_unless_a_manager_asks_for_all(office: Office, li: Browser, wang: Browser) -> None:
    number = taken(office, li)
    covered = li.post("/export", view="all", kind="csv")
    assert covered.data.startswith(b"\xef\xbb\xbf")
    assert number in covered.text
    assert PHONE not in covered.text.replace(" ", "")
    assert li.post("/export/full", view="all", kind="csv").status_code == 403
    whole = wang.post("/export/full", view="all", kind="xlsx")
    sheet = load_workbook(io.BytesIO(whole.data)).active
    assert sheet is not None
    rows = [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert rows[0][:2] == ["编号", "状态"]
    assert rows[1][0] == number
    assert any(PHONE in cell.replace(" ", "") for cell in rows[1])
    assert [(row.who, row.act) for row in office.log() if "export" in row.act] == [
        ("li", "export"),
        ("wang", "export full"),
    ]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "＝1+1"])
def test_no_spreadsheet_takes_words_of_a_prospect_for_a_formula(office: Office, wang: Browser, formula: str) -> None:
    office.lead(company=formula, use=formula, remarks=(formula,))
    text = wang.post("/export/full", view="all", kind="csv").text
    assert "'" + formula.strip("\n") in text.replace('"', "")
    sheet = load_workbook(io.BytesIO(wang.post("/export/full", view="all", kind="xlsx").data)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert not any(str(cell.value).startswith("=") for cell in cells)


# Scripts


def test_nothing_a_prospect_says_or_a_site_writes_becomes_a_script(
    office: Office, desk: Desk, li: Browser, wang: Browser
) -> None:
    number = taken(office, li, company=EVIL, contact=EVIL, use=EVIL, remarks=(EVIL,), scene="x<b>y")
    li.act(number, "note", text=EVIL)
    li.act(number, "move", to="lost", reason=EVIL)
    for path in (f"/leads/{number}", "/leads?view=all", "/board", "/questions", "/log", "/outbox"):
        page = wang.get(path).text
        assert "<script" not in page
        assert "<img src=x" not in page
        assert "<b>y" not in page


def test_what_they_opened_is_told_from_what_they_were_only_sent(
    office: Office, li: Browser, desk: Desk, clock: Clock
) -> None:
    number = taken(office, li)
    with desk.sessions.begin() as session:
        lead = session.get_one(Lead, office.row(number).id)
        lead.shown = [41, 42]
        session.add(Reading(openid=lead.openid, article_id=42, at=clock()))
    page = li.see(f"/leads/{number}")
    assert "发过 产业链文章 41" in page
    assert "读了 产业链文章 42" in page
    assert "发过 产业链文章 42" not in page


# Erasing


def test_a_person_is_erased_only_with_the_number_typed(office: Office, li: Browser, wang: Browser, desk: Desk) -> None:
    number = taken(office, li)
    wang.act(number, "erase", number="L0000-XXXX")
    assert office.row(number)
    wang.act(number, "erase", number=number.lower())
    with reading(desk.sessions) as session:
        assert session.query(Lead).count() == 0
    assert [(row.who, row.target) for row in office.log("erase")] == [("wang", number)]


def test_who_took_back_their_consent_is_called_by_nobody(office: Office, li: Browser, wang: Browser) -> None:
    number = taken(office, li)
    li.act(number, "move", to="withdrawn")
    assert li.act(number, "reveal").status_code == 403
    assert "不要再联系" in li.see(f"/leads/{number}")
    assert PHONE not in wang.post("/export/full", view="all", kind="csv").text.replace(" ", "")
    assert li.act(number, "answer", text="您好").status_code == 403


def test_an_absence_is_kept_and_taken_back(office: Office, li: Browser, desk: Desk, clock: Clock) -> None:
    from bot.store import staff

    def away() -> object:
        with reading(desk.sessions) as session:
            account = staff.by_name(session, "li")
            return account and account.away_until

    tomorrow = (clock() + timedelta(days=1)).date()
    li.post("/me/away", until=str(tomorrow))
    assert away() == tomorrow
    li.post("/me/away", until="2020-01-01")
    assert away() == tomorrow
    li.post("/me/away", until="")
    assert away() is None


def _tap(browser: Browser, token: str, number: str, version: str, gate: threading.Barrier) -> None:
    gate.wait()
    browser.client.post(f"/staff/leads/{number}/claim", data={"csrf_token": token, "version": version})


def _give(desk: Desk, number: str, owner: str, *, shared: bool = False) -> None:
    with desk.sessions.begin() as session:
        lead = session.query(Lead).filter_by(number=number).one()
        lead.owner, lead.state, lead.shared = owner, "assigned", shared
