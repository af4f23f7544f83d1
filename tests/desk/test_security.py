"""What strangers write never becomes a page's own: titles, names, messages, sources; and every refusal is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from flask import Flask
from playwright.sync_api import Page

from bot.dialogue.effects import Asked, Followed, HumanWanted
from bot.dialogue.lookups import Article
from bot.store import articles, broadcasts, lead_notes, leads, talks
from bot.store.articles import Content
from bot.store.talks import Line
from handlers.web.staff import Desk, desk_door
from handlers.web.staff.routes import ROUTES
from tests.desk.people import Browser, Clock, Office
from tests.desk.test_in_browser import house, opened, sign_in, size  # noqa: F401 - fixtures

TAG = "<script>window.hacked=1</script><img src=x onerror=window.hacked=2><b id=evil>"
QUOTES = '" onmouseover="window.hacked=3" x="\'><svg onload=window.hacked=4>'
LINKS = ("javascript:window.hacked=5", "data:text/html,<script>window.hacked=6</script>", "JaVaScRiPt:1", "vbscript:1")
EVIL = TAG + QUOTES
PAGES = [route.path for route in ROUTES if route.method == "GET" and "<" not in route.path and ".svg" not in route.path]


class Reader(HTMLParser):
    """What a browser would make of a page: what could run, and where it could lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and not given.get("src", "").startswith("/staff/static/"):
            self.found.append(f"<script {given}>")
        if tag in ("svg", "iframe", "object", "embed", "b") and given.keys() & {"id", "onload", "src", "data"}:
            self.found.append(f"<{tag} {given}>")
        self.found += [f"{name}={value}" for name, value in given.items() if name.startswith("on")]
        for name in ("href", "src", "action", "formaction"):
            address = given.get(name, "/")
            if not address.startswith(("/", "#", "https://", "http://", "tel:")):
                self.found.append(f"{name}={address}")


def dangers(page: str) -> list[str]:
    reader = Reader()
    reader.feed(page)
    return reader.found


def poisoned(office: Office, clock: Clock, links: tuple[str, ...] = LINKS) -> str:
    """Everything that comes from outside, as bad as it can be. Returns the number of a lead."""
    sessions, secrets = office.desk.sessions, office.desk.secrets
    office.say("oEvil", "follow", Followed(EVIL[:64]))
    number = office.lead(
        "oEvil", scene=EVIL[:64], company=EVIL, contact=EVIL, use=EVIL, wechat=EVIL, zone=EVIL, remarks=(EVIL,)
    )
    office.say("oEvil", "ask", Asked(EVIL, False), Asked(EVIL + "2", True))
    office.say("oEvil", "call", HumanWanted(EVIL))
    with sessions.begin() as session:
        lines = [Line("oEvil", clock(), who, kind, EVIL) for who in ("follower", "bot") for kind in ("text", "card")]
        talks.keep(session, secrets, lines)
        ids = []
        for count, link in enumerate(links):
            found = Content(link, f"{EVIL}{count}", EVIL, clock(), category=EVIL[:50], summary=EVIL)
            ids.append(articles.upsert(session, found, clock())[0])
            articles.set_topics(session, ids[-1], (("robot", 1.0, EVIL),))
        pushed = broadcasts.plan(session, "news", "robot", "key", ids, clock(), timedelta(minutes=30))
        assert pushed is not None
        broadcasts.retitle(session, pushed.id, EVIL)
        known = leads.by_number(session, number)
        assert known
        lead_notes.write(session, secrets, known.id, "li", clock(), EVIL)
    return number


def hostile(ids: tuple[int, ...]) -> list[Article]:
    """What a lead has read: the index gives back what a site wrote."""
    return [Article(n, EVIL, EVIL, LINKS[n % len(LINKS)], "", datetime(2026, 11, 1, tzinfo=UTC), ()) for n in ids]


@pytest.fixture
def evil(desk: Desk, clock: Clock) -> Office:
    """The desk of a firm whose site, followers and prospects are all out to do harm."""
    bad = replace(desk, articles=hostile, topics={"robot": EVIL})
    app = Flask("test")
    desk_door(app, bad)
    made = Office(app, bad, clock)
    for name, role in (("li", "agent"), ("zhao", "agent"), ("root", "admin")):
        made.employ(name, role)
    return made


def every_page(browser: Browser, number: str) -> Iterator[tuple[str, str]]:
    """Path and text of every page there is, also of those that need something to look at."""
    for path in (*PAGES, f"/leads/{number}", "/leads?view=all", f"/log?target={number}"):
        answer = browser.client.get(f"/staff{path}", follow_redirects=True)
        assert answer.status_code == 200, path
        yield path, answer.text
    caller = browser.get("/callers").text.split("/staff/callers/")[1].split('"')[0]
    yield "caller", browser.get(f"/callers/{caller}").text
    yield "search", browser.post("/leads", q=EVIL[:40]).text
    yield "tried", browser.post("/replies/try", text=EVIL[:100]).text
    yield "kept", browser.post("/replies/rule", words="", answer=EVIL, id="0", version="0").text


def test_nothing_from_outside_becomes_part_of_any_page(evil: Office, clock: Clock) -> None:
    number, browser = poisoned(evil, clock), evil.browser("root")
    pages = dict(every_page(browser, number))
    assert {path: found for path, page in pages.items() if (found := dangers(page))} == {}
    shown = [path for path, page in pages.items() if "&lt;script&gt;" in page or "window.hacked" in page]
    assert {"/leads", "/board", "/callers", "/questions", "/articles", "/pushes", f"/leads/{number}"} <= set(shown)


@pytest.mark.parametrize(
    "page",
    [
        TAG, f'<a href="{LINKS[0]}">x</a>', f'<a href="{LINKS[1]}">x</a>', '<a href="JaVaScRiPt:1">x</a>',
        '<form action="javascript:1">', '<p title="" onmouseover="x">', "<svg onload=x>", "<script>x</script>",
    ],
)  # fmt: skip
def test_the_reader_of_these_tests_sees_what_is_dangerous(page: str) -> None:
    assert dangers(page)


def test_an_article_that_leads_to_a_script_is_a_title_and_no_link(evil: Office, clock: Clock) -> None:
    number = poisoned(evil, clock)
    for path in (f"/leads/{number}", "/articles", "/pushes"):
        page = evil.browser("root").get(path).text
        assert "window.hacked" in page
        assert 'href="javascript' not in page.lower()
        assert 'href="data:' not in page


@pytest.mark.browser
@pytest.mark.parametrize("size", ["phone"], indirect=True)
def test_no_script_of_strangers_runs_in_a_browser(
    house: tuple[str, Office],  # noqa: F811
    opened: Callable[[], Page],  # noqa: F811
) -> None:
    address, office = house
    number = poisoned(office, office.clock)
    page = opened()
    sign_in(page, address, "root")
    page.get_by_role("navigation", name="主菜单").wait_for()
    for path in (*PAGES, f"/leads/{number}"):
        page.goto(f"{address}{path}")
        assert page.evaluate("window.hacked") is None, path
        assert page.locator("#evil").count() == 0


# Every refused access is written down.


REFUSED: dict[str, Callable[[Office, Browser, str], int]] = {
    "a page of managers": lambda _o, zhao, _n: zhao.get("/figures").status_code,
    "a button of managers": lambda _o, zhao, n: zhao.post(f"/leads/{n}/erase").status_code,
    "a page of admins": lambda _o, zhao, _n: zhao.get("/people").status_code,
    "a colleague's lead": lambda _o, zhao, n: zhao.get(f"/leads/{n}").status_code,
    "a colleague's number": lambda _o, zhao, n: zhao.post(f"/leads/{n}/reveal").status_code,
    "a colleague's caller": lambda o, zhao, _n: zhao.get(f"/callers/{caller_of(o)}").status_code,
    "an answer to a colleague's caller": lambda o, zhao, _n: (
        zhao.post(f"/callers/{caller_of(o)}/answer", text="您好").status_code
    ),
    "a forged form": lambda _o, zhao, n: zhao.client.post(f"/staff/leads/{n}/note", data={"text": "x"}).status_code,
    "the full export": lambda _o, zhao, _n: zhao.post("/export/full", view="all").status_code,
}


def caller_of(office: Office) -> str:
    return office.browser("root").get("/callers").text.split("/staff/callers/")[1].split('"')[0]


@pytest.mark.parametrize("what", REFUSED)
def test_every_refused_access_is_in_the_log_of_the_desk_and_of_the_machine(
    office: Office, li: Browser, zhao: Browser, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    number = office.lead("oCaller")
    office.say("oCaller", "call", HumanWanted("转人工"))
    assert li.act(number, "claim").status_code == 303
    before = len(office.log("refused"))
    caplog.set_level("WARNING")
    assert REFUSED[what](office, zhao, number) in (400, 403, 404)
    written = office.log("refused")[before:]
    assert [(row.who, bool(row.target), row.peer) for row in written] == [("zhao", True, "127.0.0.1")]
    told = [record for record in caplog.records if record.getMessage() == "desk refused"]
    assert [getattr(record, "staff", "") for record in told] == ["zhao"]


def test_who_is_not_signed_in_and_tries_too_often_is_written_down(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    stranger = office.browser()
    for guess in range(6):
        stranger.sign_in("li", f"guess {guess}")
    assert [row.detail for row in office.log("sign in failed")] == ["wrong"] * 5
    assert [getattr(record, "act", "") for record in caplog.records if record.getMessage() == "desk refused"] == [
        "throttled"
    ]
