"""A short random walk in every test run, and proof that the walk sees what it is there to see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.dialogue import intake_commands, intake_filling, intake_steps
from bot.dialogue.inquiry import Inquiry
from tests.eval.walk import report, walk


def test_a_random_walk_finds_nothing_wrong() -> None:
    seen = walk(6000, seed=7)
    assert not seen.wrong, report(seen, 0)
    assert seen.leads > 30
    assert seen.revisions > 100


def test_the_walk_sees_an_unasked_overwrite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_filling, "_verdict", lambda *_args, **_kwargs: "write")
    assert any(kind.startswith("unasked overwrite") for kind in walk(1500).wrong)


def test_the_walk_sees_a_second_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = intake_commands._submitted

    def forgetful(talk: intake_steps.Talk) -> intake_steps.Step:
        return submitted(replace(talk, lookups=replace(talk.lookups, open_lead=lambda *_: None)))

    monkeypatch.setattr(intake_commands, "_submitted", forgetful)
    assert "second lead" in walk(4000).wrong


def test_the_walk_sees_a_stuck_state(monkeypatch: pytest.MonkeyPatch) -> None:
    def stubborn(talk: Any, inquiry: Inquiry, *_: Any) -> intake_steps.Step:
        return intake_steps.carry_on(talk, inquiry)

    monkeypatch.setattr(intake_commands, "_submitted", lambda talk: stubborn(talk, talk.inquiry))
    assert "stuck" in walk(2000).wrong
