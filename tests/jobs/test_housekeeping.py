"""What was kept long enough goes, and an erased person's bytes go with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.dialogue.effects import Asked, PersonErased, TopicsChosen
from bot.store import leads
from bot.store.base import Sessions
from bot.store.effects import commit
from bot.store.inbox import Inbox
from bot.store.leads import Lead, LeadPhone
from bot.store.questions import Question
from jobs.housekeeping import tidy
from tests.store.say import NOON, inquiry, message

YEAR = timedelta(days=366)


def count(store: Sessions, table: type[object]) -> int:
    with store() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_lost_lead_is_kept_a_year_and_an_open_one_longer(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), ())
    commit(store, secrets, message("m2", "oB"), (inquiry("L-2", "+8613800009999"),), ())
    with store.begin() as session:
        leads.move(session, "L-2", "lost", "lisi", NOON, "价格")
    assert tidy(store, secrets, NOON + timedelta(days=364))["leads"] == 0
    assert tidy(store, secrets, NOON + YEAR)["leads"] == 1
    assert (count(store, Lead), count(store, LeadPhone)) == (1, 1)


def test_message_hashes_and_questions_do_not_stay_for_ever(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (Asked("光模块", answered=True),), ())
    tidy(store, secrets, NOON + timedelta(days=8))
    assert (count(store, Inbox), count(store, Question)) == (0, 1)
    tidy(store, secrets, NOON + YEAR)
    assert count(store, Question) == 0


def test_a_second_run_finds_nothing_to_do(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1"), (inquiry(),), ("wecom",))
    tidy(store, secrets, NOON + YEAR)
    assert not any(tidy(store, secrets, NOON + YEAR).values())


def test_no_byte_of_an_erased_person_is_left_in_the_files(
    store: Sessions, secrets: Vault, url: str, tmp_path: Path
) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL's files are its own: vacuum is its operator's")
    openid = "oErasedPersonWithALongName"
    said = (inquiry(), TopicsChosen(("planted-topic",)), Asked("planted-question", answered=True))
    for n in range(30):
        commit(store, secrets, message(f"m{n} {openid}", openid), said if n == 0 else said[1:], ("wecom",))
    commit(store, secrets, message("last", openid), (PersonErased(),), ())
    tidy(store, secrets, NOON + timedelta(hours=1))
    files = [file for file in tmp_path.iterdir() if file.is_file()]
    assert any(file.name == "bot.db" for file in files)
    for file in files:
        for planted in (openid, "planted-topic", "planted-question", "+8613800001234"):
            assert planted.encode() not in file.read_bytes(), (file.name, planted)
