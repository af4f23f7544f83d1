"""`python -m bot staff`, and the first account of `python -m bot run`."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot.commands import run, staff
from bot.store.base import Sessions
from tests.desk.people import Clock


def said(store: Sessions, clock: Clock, action: str, name: str = "", role: str = "") -> tuple[int, str]:
    out = io.StringIO()
    return staff.staff(store, action, name, role, clock(), out), out.getvalue()


def test_the_first_account_is_an_admin_and_the_next_an_agent(store: Sessions, clock: Clock) -> None:
    assert said(store, clock, "add", "Wang")[0] == 0
    assert said(store, clock, "add", "li")[0] == 0
    listed = said(store, clock, "list")[1]
    assert "wang  admin  one-time password" in listed
    assert "li  agent" in listed


@pytest.mark.parametrize(
    ("action", "name", "answer"),
    [
        ("add", "wang", "already"),
        ("add", "x", "has not"),
        ("reset", "zhao", "no account"),
        ("disable", "wang", "last admin"),
    ],
)
def test_what_cannot_be_done_is_said(store: Sessions, clock: Clock, action: str, name: str, answer: str) -> None:
    said(store, clock, "add", "wang")
    status, text = said(store, clock, action, name)
    assert status == 1
    assert answer in text


def test_only_an_empty_desk_gets_a_first_account(store: Sessions, clock: Clock) -> None:
    made = staff.first_admin(store, "admin", clock())
    assert len(made) == 19
    assert staff.first_admin(store, "admin", clock()) == ""


def test_commands_find_the_set_up_of_a_run_unless_they_have_their_own(tmp_path: Path) -> None:
    (tmp_path / "run.env").write_text("WECHAT_TOKEN=abc\nREDIS_URL=redis://x\n", encoding="utf-8")
    assert run.kept({"DATA_DIR": str(tmp_path)})["WECHAT_TOKEN"] == "abc"
    assert run.kept({"DATA_DIR": str(tmp_path), "REDIS_URL": "redis://own"}) == {}
