"""No address of the whole product leads to somebody else's site, whatever is hung on it: there is no open redirect."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from flask import Flask

from tests.form.conftest import SITE

ASKED = ("next", "url", "u", "to", "r", "target", "redirect", "redirect_uri", "return", "back", "goto", "state")
AWAY = ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "https:evil.example")
WELL_KNOWN = (
    "/r/https://evil.example", "/r/?url=https://evil.example", "/r/1?to=https://evil.example", "/r//evil.example",
    "//evil.example/..", "/staff//evil.example", "/a/https://evil.example", "/form//evil.example", "/redirect",
)  # fmt: skip


def paths(app: Flask) -> list[str]:
    """Every address that may be opened, and those that people try."""
    rules = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return [*(re.sub(r"<[^>]*>", "1", rule) for rule in rules), *WELL_KNOWN]


@pytest.mark.parametrize("away", AWAY)
def test_no_address_leads_away(app: Flask, away: str) -> None:
    browser = app.test_client()
    query = urlencode(dict.fromkeys(ASKED, away))
    led: dict[str, str] = {}
    for path in paths(app):
        answer = browser.get(f"{path}{'&' if '?' in path else '?'}{query}", base_url=SITE)
        place = urlsplit(urljoin(f"{SITE}/", answer.headers.get("Location", "/").replace("\\", "/")))
        if f"{place.scheme}://{place.netloc}" != SITE:
            led[path] = answer.headers["Location"]
    assert led == {}


def test_a_made_up_link_to_an_article_leads_nowhere(app: Flask) -> None:
    """/r/ knows only what we sealed ourselves: an article's number, never an address (tests/webhook/test_reading.py)."""
    for path in ("/r/", "/r/1", "/r/https://evil.example", "/r/?url=https://evil.example"):
        assert app.test_client().get(path, base_url=SITE).status_code == 404
