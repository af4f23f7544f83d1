"""The vault: what is sealed opens with the right key and purpose, and with nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.vault import Sealed, Vault

OLD, MIDDLE, NEW = b"o" * 32, b"m" * 32, b"n" * 32


@given(st.binary(max_size=300))
def test_what_was_sealed_opens_again(plain: bytes) -> None:
    vault = Vault(NEW)
    assert vault.open(vault.seal(plain, "phone"), "phone") == plain


@given(st.text(max_size=80))
def test_text_of_any_kind_goes_round(plain: str) -> None:
    vault = Vault(NEW)
    assert vault.open_text(vault.seal_text(plain, "name"), "name") == plain


def test_the_same_words_never_look_the_same() -> None:
    vault = Vault(NEW)
    assert vault.seal(b"13800001234", "phone") != vault.seal(b"13800001234", "phone")


def test_another_purpose_does_not_open_it() -> None:
    vault = Vault(NEW)
    with pytest.raises(Sealed):
        vault.open(vault.seal(b"x", "phone"), "name")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Sealed):
        Vault(OLD).open(Vault(NEW).seal(b"x", "phone"), "phone")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_anywhere_is_noticed(place: int, change: int) -> None:
    vault = Vault(NEW, (OLD,))
    sealed = bytearray(vault.seal(b"13800001234", "phone"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(Sealed):
        vault.open(bytes(sealed), "phone")


@given(st.binary(max_size=64))
def test_rubbish_stays_sealed(rubbish: bytes) -> None:
    with pytest.raises(Sealed):
        Vault(NEW).open(rubbish, "phone")


@pytest.mark.parametrize("rubbish", ["", "é", "not base64!", "AAAA", "\udcff"])
def test_rubbish_text_stays_sealed(rubbish: str) -> None:
    with pytest.raises(Sealed):
        Vault(NEW).open_text(rubbish, "phone")


def test_old_keys_still_open_and_the_new_one_writes() -> None:
    before = Vault(OLD).seal(b"x", "phone")
    rotated = Vault(NEW, (MIDDLE, OLD))
    assert rotated.open(before, "phone") == b"x"
    assert not rotated.is_current(before)
    assert rotated.is_current(rotated.seal(b"x", "phone"))


def test_look_ups_survive_a_rotation() -> None:
    assert Vault(NEW, (MIDDLE, OLD)).keyed_hash("13800001234", "phone") == Vault(OLD).keyed_hash("13800001234", "phone")


def test_hashes_differ_by_purpose_and_key() -> None:
    hashes = {Vault(key).keyed_hash("13800001234", purpose) for key in (OLD, NEW) for purpose in ("phone", "openid")}
    assert len(hashes) == 4


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        Vault(b"short")
