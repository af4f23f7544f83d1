"""The table of return codes: every code of the reference has its reaction, and none of ours contradicts it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.wechat.errors import (
    AlreadyDone,
    BadRequest,
    Busy,
    NeedsOperator,
    NoRight,
    PlatformError,
    QuotaUsed,
    RecipientLost,
    TokenRefused,
    error_from,
    known_codes,
    reaction_to,
)

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "wechat-errcodes.yaml"

WHAT_NEXT: dict[str, tuple[type[PlatformError], ...]] = {
    "ok": (),
    "ignore": (),
    "retry_now": (Busy,),
    "back_off": (Busy, QuotaUsed, NeedsOperator),
    "refresh_token_and_retry": (TokenRefused,),
    "drop_recipient": (RecipientLost,),
    "fix_request": (BadRequest,),
    "alert_operator": (NeedsOperator, NoRight),
    "treat_as_done": (AlreadyDone,),
}


def test_every_code_of_the_reference_has_its_reaction() -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference is not on this machine")
    text = REFERENCE.read_text(encoding="utf-8")
    wanted = dict(re.findall(r"^- code: (-?\d+)\n(?:  .*\n)*?  reaction: (\w+)", text, re.MULTILINE))
    assert len(wanted) > 150
    assert {code: reaction_to(int(code)).does for code in wanted} == wanted


@pytest.mark.parametrize("code", sorted(known_codes()))
def test_every_code_becomes_the_error_that_says_what_to_do(code: int) -> None:
    reaction = reaction_to(code)
    error = error_from({"errcode": code, "errmsg": "x"}, "call")
    assert reaction.means
    assert error is None if not WHAT_NEXT[reaction.does] else isinstance(error, WHAT_NEXT[reaction.does])
    if error:
        assert error.reaction is reaction


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (45015, "window"),
        (45047, "window"),
        (43004, "unfollowed"),
        (43101, "consent"),
        (48002, "blocked"),
        (40003, "unknown"),
    ],
)
def test_a_lost_recipient_says_why(code: int, why: str) -> None:
    error = error_from({"errcode": code}, "call")
    assert isinstance(error, RecipientLost)
    assert error.why == why


@pytest.mark.parametrize(
    ("code", "wait"),
    [(45011, timedelta(minutes=1)), (45066, timedelta(minutes=1)), (-1, timedelta(0)), (42010, timedelta(minutes=1))],
)
def test_a_busy_platform_says_how_long(code: int, wait: timedelta) -> None:
    error = error_from({"errcode": code}, "call")
    assert isinstance(error, Busy)
    assert error.wait == wait


@pytest.mark.parametrize(("code", "wait"), [(89506, timedelta(days=1)), (89507, timedelta(hours=1))])
def test_an_admin_s_refusal_says_how_long(code: int, wait: timedelta) -> None:
    error = error_from({"errcode": code}, "call")
    assert isinstance(error, NeedsOperator)
    assert error.wait == wait


@pytest.mark.parametrize("code", [40021, 61455, 65302, 76002, 200013])
def test_families_of_codes_are_known(code: int) -> None:
    assert reaction_to(code).means != reaction_to(999999999).means


@pytest.mark.parametrize("code", ["40001", 40001, "x", None, [], 10**30])
def test_odd_codes_are_errors_all_the_same(code: object) -> None:
    assert error_from({"errcode": code}, "call") is not None


@pytest.mark.parametrize(
    ("message", "words", "rid"),
    [
        ("invalid appid rid: 6aac005a-01bfdbee-79769285", "invalid appid", "6aac005a-01bfdbee-79769285"),
        ("invalid code, rid: 6aac005a-01bfdbee-79769285", "invalid code", "6aac005a-01bfdbee-79769285"),
        ("hint: [abc]", "hint: [abc]", ""),
    ],
)
def test_the_id_of_a_request_is_taken_out_of_the_words(message: str, words: str, rid: str) -> None:
    error = error_from({"errcode": 40013, "errmsg": message}, "call")
    assert error is not None
    assert (error.message, error.rid) == (words, rid)
