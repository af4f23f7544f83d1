"""After a rotation everything is sealed with the new key, and people are still found by their numbers."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Sealed, Vault
from bot.commands.rotate import rotate as command
from bot.dialogue.effects import HumanWanted
from bot.store import effects, leads, rotation
from bot.store.base import Base, Sessions
from bot.store.leads import Lead
from tests.store.say import CHANNELS, inquiry, message

OLD, NEW = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture(autouse=True)
def _written_with_the_old_key(store: Sessions, secrets: Vault) -> None:
    effects.commit(store, secrets, message("m1"), (inquiry(),), CHANNELS)
    effects.commit(store, secrets, message("m2"), (HumanWanted("找人"),), CHANNELS)


def test_everything_opens_with_the_new_key_alone(store: Sessions) -> None:
    done = rotation.rotate(store, Vault(NEW, (OLD,)))
    assert done["leads"] == 1
    assert done["outbox"] == len(CHANNELS)
    with store() as session:
        assert leads.content(Vault(NEW), session.scalars(sa.select(Lead)).one()).slots["contact"] == "王总"


def test_the_same_person_is_still_the_same_person(store: Sessions) -> None:
    rotated = Vault(NEW, (OLD,))
    rotation.rotate(store, rotated)
    effects.commit(store, rotated, message("m3", "oElse"), (inquiry("L-again"),), CHANNELS)
    assert rotation.rotate(store, Vault(NEW))["lead_parts"] == 0
    with store() as session:
        (lead,) = session.scalars(sa.select(Lead))
        assert leads.followers_of(session, lead) == ("oA", "oElse")


def test_a_second_run_has_nothing_to_do(store: Sessions) -> None:
    rotated = Vault(NEW, (OLD,))
    rotation.rotate(store, rotated)
    assert set(rotation.rotate(store, rotated).values()) == {0}


def test_more_rows_than_one_transaction_holds(store: Sessions, secrets: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "PORTION", 2)
    for number in range(5):
        given = inquiry(f"L1124-B{number}", f"+861380000{number:04}")
        effects.commit(store, secrets, message(f"n{number}", f"o{number}"), (given,), CHANNELS)
    assert rotation.rotate(store, Vault(NEW, (OLD,)))["leads"] == 6


def test_without_the_old_key_nothing_is_lost_and_it_is_said(store: Sessions, secrets: Vault) -> None:
    with pytest.raises(Sealed):
        rotation.rotate(store, Vault(NEW))
    with store() as session:
        assert leads.content(secrets, session.scalars(sa.select(Lead)).one()).slots["contact"] == "王总"


def test_the_command_says_what_it_did(store: Sessions) -> None:
    out = io.StringIO()
    assert command(store, Vault(NEW, (OLD,)), 7, out) == 0
    assert "leads: 1 sealed" in out.getvalue()


def test_no_sealed_column_is_forgotten() -> None:
    known = {(table.__tablename__, column) for table, column, _ in rotation.SEALED}
    there = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if "sealed" in column.name
    }
    assert there == known
