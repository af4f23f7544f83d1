"""Leaves what a browser shows without being kept there."""

from __future__ import annotations

from playwright.sync_api import BrowserContext


def put_away(context: BrowserContext) -> None:
    """A page that is on its way to another one may keep Chromium from ever closing it (seen in one of ten), and no
    time limit of Playwright holds for closing: each arrives first."""
    for page in context.pages:
        page.wait_for_load_state()
    context.close()
