"""What staff write to a prospect is sent once, inside the window, or they learn why not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis

from bot.adapters.vault import Vault
from bot.adapters.wechat.errors import BadRequest, Busy, PlatformError, QuotaUsed, RecipientLost, Unsure
from bot.adapters.wechat.windows import MESSAGE
from bot.store import talks
from bot.store.base import Sessions, reading
from bot.store.talks import Line, Talk
from jobs import answer
from tests.jobs.shelf import Account, Clock, Shelf

OPENID = "oA"


def write(shelf: Shelf, secrets: Vault, clock: Clock, text: str = "您好") -> int:
    with shelf.store.begin() as session:
        return talks.answer(session, secrets, Line(OPENID, clock(), "li", "text", text)).id


def run(shelf: Shelf, secrets: Vault, account: Account, clock: Clock) -> int:
    return answer.answer_due(shelf.store, secrets, account, shelf.ledger, clock)


def row(store: Sessions, row_id: int) -> Talk:
    with reading(store) as session:
        return session.get_one(Talk, row_id)


@pytest.fixture
def clock(shelf: Shelf) -> Clock:
    made = Clock()
    shelf.ledger.note_inbound(OPENID, MESSAGE, made())
    return made


def test_an_answer_arrives_once(shelf: Shelf, secrets: Vault, account: Account, clock: Clock) -> None:
    first = write(shelf, secrets, clock)
    assert run(shelf, secrets, account, clock) == 1
    assert run(shelf, secrets, account, clock) == 0
    assert account.phones == {OPENID: ["您好"]}
    assert row(shelf.store, first).state == "sent"
    assert shelf.ledger.may_send(OPENID, clock()) == 4


def test_after_the_window_nothing_is_sent(shelf: Shelf, secrets: Vault, account: Account, clock: Clock) -> None:
    clock.move(timedelta(hours=48))
    first = write(shelf, secrets, clock)
    assert run(shelf, secrets, account, clock) == 0
    assert account.calls == []
    assert (row(shelf.store, first).state, row(shelf.store, first).error) == ("failed", "window")


def test_the_sixth_message_of_a_window_is_not_tried(
    shelf: Shelf, secrets: Vault, account: Account, clock: Clock
) -> None:
    rows = [write(shelf, secrets, clock, f"第{n}条") for n in range(6)]
    assert run(shelf, secrets, account, clock) == 5
    assert [row(shelf.store, one).state for one in rows] == ["sent"] * 5 + ["failed"]


@pytest.mark.parametrize(
    ("error", "state", "said", "left"),
    [
        (RecipientLost(45015, "out of time"), "failed", "lost", 0),
        (QuotaUsed(45009, "day"), "failed", "quota", 5),
        (BadRequest(40008, "kind"), "failed", "refused", 5),
        (Unsure(None, "cut"), "unsure", "unsure", 4),
        (Busy(-1, "busy"), "waiting", "busy", 5),
    ],
)
def test_staff_learn_what_was_wrong(
    shelf: Shelf, secrets: Vault, account: Account, clock: Clock, error: PlatformError, state: str, said: str, left: int
) -> None:
    account.fails = lambda _call: error
    first = write(shelf, secrets, clock)
    assert run(shelf, secrets, account, clock) == 0
    found = row(shelf.store, first)
    assert (found.state, found.error) == (state, said)
    assert shelf.ledger.may_send(OPENID, clock()) == left


def test_a_busy_platform_is_tried_again(shelf: Shelf, secrets: Vault, account: Account, clock: Clock) -> None:
    answers = iter([Busy(-1, "busy"), None])
    account.fails = lambda _call: next(answers)
    first = write(shelf, secrets, clock)
    run(shelf, secrets, account, clock)
    clock.move(timedelta(seconds=5))
    assert run(shelf, secrets, account, clock) == 1
    assert row(shelf.store, first).state == "sent"


@pytest.mark.parametrize("away", ["spend", "give_back"])
def test_an_answer_that_surely_was_not_sent_is_tried_again_when_redis_is_back(
    shelf: Shelf, secrets: Vault, account: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    def lost(*_: object) -> str:
        raise redis.ConnectionError("away")

    first = write(shelf, secrets, clock)
    answers = iter([Busy(-1, "busy"), None])
    account.fails = lambda _call: next(answers)
    with monkeypatch.context() as patch:
        patch.setattr(shelf.ledger, away, lost)
        assert run(shelf, secrets, account, clock) == 0
    assert (row(shelf.store, first).state, row(shelf.store, first).error) == ("waiting", "busy")
    if away == "spend":
        next(answers)
    clock.move(timedelta(seconds=5))
    assert run(shelf, secrets, account, clock) == 1


def test_what_a_dead_worker_was_sending_is_not_sent_twice(
    shelf: Shelf, secrets: Vault, account: Account, clock: Clock
) -> None:
    first = write(shelf, secrets, clock)
    with shelf.store.begin() as session:
        assert talks.claim(session, secrets, "dead", clock(), answer.LEASE)
    clock.move(timedelta(seconds=61))
    assert run(shelf, secrets, account, clock) == 0
    assert row(shelf.store, first).state == "unsure"
    assert account.phones == {}
