"""What is kept is made small, and can be read again by every version that is running."""

from __future__ import annotations

import contextlib
import hashlib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.squeezed import NEWEST, Unreadable, squeezed, unsqueezed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=5), each, max_size=4),
    max_leaves=10,
)
KNOWN = {1: "69e060626966aab5d19dfcae8cd96d110ada87e0f160249880a47c2d76c25c38"}
"""Phrases that are in use; conversations kept with them cannot be read if they change."""


@given(JSON)
def test_what_was_squeezed_comes_back(facts: object) -> None:
    assert unsqueezed(squeezed(facts)) == facts


@given(st.binary(max_size=40))
def test_rubbish_is_unreadable_by_name(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        unsqueezed(data)


@pytest.mark.parametrize("number", range(1, NEWEST + 1))
def test_phrases_in_use_do_not_change(number: int) -> None:
    phrases = resources.files("bot.adapters.squeezed").joinpath(f"phrases-{number}.txt").read_bytes()
    assert hashlib.sha256(phrases).hexdigest() == KNOWN[number]


def test_the_wording_of_the_bot_hardly_costs_anything() -> None:
    assert len(squeezed("想在哪个城市或区域？")) < len("想在哪个城市或区域？".encode())
