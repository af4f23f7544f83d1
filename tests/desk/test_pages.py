"""What every page of the desk keeps to: headers, weight, and who may open it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from handlers.web.staff.routes import ROUTES, Route
from tests.desk.people import Browser, Office

MOST_BYTES = 300_000
PAGES = [route for route in ROUTES if route.method == "GET" and "<" not in route.path and route.name != "totp_picture"]


def addresses(page: str) -> Iterator[str]:
    """Everything the page makes a browser load or go to."""
    yield from re.findall(r'(?:src|href|action)="([^"]*)"', page)


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_a_page_loads_nothing_from_elsewhere_and_stays_light(root: Browser, route: Route, office: Office) -> None:
    office.lead()
    answer = root.client.get(f"/staff{route.path}", follow_redirects=True)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", answer.text)
    loaded = re.findall(r'<(?:link|img|script)[^>]*(?:href|src)="([^"]+)"', answer.text)
    assert all(address.startswith("/staff/") for address in loaded)
    weight = len(answer.data) + sum(len(root.client.get(address).data) for address in set(loaded))
    assert weight < MOST_BYTES
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_who_is_not_signed_in_gets_to_the_door_only(office: Office, route: Route) -> None:
    path = re.sub(r"<[^>]*>", "1", route.path)
    browser = office.browser()
    answer = browser.get(path) if route.method == "GET" else browser.post(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/staff/in")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_role_opens_what_the_table_says(office: Office, li: Browser, wang: Browser, route: Route) -> None:
    """The table is the truth: who is less than its role gets 403, and it is written down."""
    path = re.sub(r"<[^>]*>", "1", route.path)
    for browser, name, roles in ((li, "li", {"agent"}), (wang, "wang", {"agent", "manager"})):
        if route.role in roles:
            continue
        answer = browser.get(path) if route.method == "GET" else browser.post(path)
        assert answer.status_code == 403
        assert office.log("refused")[-1].who == name
        assert office.log("refused")[-1].target == route.name


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda route: route.path)
def test_a_forged_form_changes_nothing(office: Office, root: Browser, route: Route) -> None:
    path = re.sub(r"<[^>]*>", "1", route.path)
    for form in ({}, {"csrf_token": "made up"}):
        assert root.client.post(f"/staff{path}", data=form).status_code == 400
    assert office.log("refused")[-1].who == "root"
    assert root.get("/leads").status_code == 200


def test_the_platform_needs_no_token_of_the_desk(app: Flask) -> None:
    app.add_url_rule("/wechat", view_func=lambda: "ok", methods=["POST"])
    assert app.test_client().post("/wechat", data="<xml/>").text == "ok"


@pytest.mark.parametrize("page", ["/log", "/articles", "/pushes"])
def test_a_number_beyond_all_counting_asks_for_the_beginning(root: Browser, page: str) -> None:
    assert root.get(f"{page}?before={'9' * 60}").status_code == 200


def test_a_number_beyond_all_counting_is_no_version_and_nothing_that_is_there(root: Browser) -> None:
    saved = root.post("/replies/welcome", text="欢迎", version="9" * 60)
    assert saved.status_code == 303
    assert root.post(f"/articles/{'9' * 60}/hide").status_code == 404
