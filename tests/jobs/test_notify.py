"""Nothing that staff must know gets lost, whatever a channel answers and whoever dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.adapters.staff.errors import Later, Misconfigured, NotTold, Refused
from bot.adapters.vault import Vault
from bot.dialogue.effects import ConsentWithdrawn, HumanWanted, PersonErased
from bot.store import outbox
from bot.store.base import Sessions
from bot.store.effects import commit
from bot.store.lead_events import LeadEvent
from bot.store.leads import Lead
from bot.store.outbox import Outbox
from jobs import notify
from jobs.notice import Facts
from tests.store.say import NOON, inquiry, message

BOTH = ("wecom", "mail")


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


@dataclass
class Group:
    """A channel that keeps what it is told and fails as its list says, one entry a try."""

    fails: Iterator[NotTold | None] = field(default_factory=lambda: iter(()))
    told: list[str] = field(default_factory=list)
    tries: int = 0

    def send(self, text: str) -> None:
        self.tries += 1
        if error := next(self.fails, None):
            raise error
        self.told.append(text)


@dataclass
class Office:
    """Two channels, a clock and a run of the job."""

    store: Sessions
    secrets: Vault
    clock: Clock = field(default_factory=Clock)
    wecom: Group = field(default_factory=Group)
    mail: Group = field(default_factory=Group)
    write: Callable[[Facts], str] = lambda facts: f"{facts.kind} {facts.number}{facts.note}"

    def run(self) -> int:
        channels = {"wecom": self.wecom, "mail": self.mail}
        return notify.deliver_due(self.store, self.secrets, channels, self.write, self.clock, self.clock.sleep)

    def rows(self) -> list[Any]:
        with self.store() as session:
            return list(session.scalars(sa.select(Outbox).order_by(Outbox.id)))

    def submit(self, *channels: str) -> None:
        commit(self.store, self.secrets, message("m1"), (inquiry(),), channels or ("wecom",))


@pytest.fixture
def office(store: Sessions, secrets: Vault) -> Office:
    return Office(store, secrets)


def test_a_lead_is_told_once_on_every_channel(office: Office) -> None:
    office.submit(*BOTH)
    assert office.run() == 2
    assert office.run() == 0
    assert office.wecom.told == office.mail.told == ["lead L1124-AAAA"]
    assert {row.state for row in office.rows()} == {"delivered"}


def test_a_short_trouble_is_over_within_the_same_run(office: Office) -> None:
    office.wecom.fails = iter([Later("timeout")])
    office.submit()
    assert office.run() == 1
    assert timedelta(seconds=0.9) <= office.clock.now - NOON <= timedelta(seconds=1.2)


def test_the_waits_grow_from_a_second_to_an_hour_and_end_after_a_day(office: Office) -> None:
    office.wecom.fails = iter([Later("HTTP 500")] * 99)
    office.submit()
    waits = []
    for _ in range(99):
        office.run()
        (row, *_) = office.rows()
        if row.state == "dead":
            break
        waits.append(round((row.due_at - office.clock.now).total_seconds()))
        office.clock.now = row.due_at
    assert office.wecom.tries in range(29, 33)
    for seconds, step in zip(waits, (5, 30, 120, 600, 1800, 3600), strict=False):
        assert step * 0.85 <= seconds <= step * 1.15
    assert office.mail.told == ["undelivered L1124-AAAA wecom: HTTP 500"]


def test_a_channel_that_asks_for_a_minute_gets_it(office: Office) -> None:
    office.wecom.fails = iter([Later("too fast", timedelta(minutes=1))])
    office.submit()
    assert office.run() == 0
    office.clock.move(seconds=50)
    assert office.run() == 0
    office.clock.move(seconds=20)
    assert office.run() == 1


def test_a_wrong_set_up_is_told_elsewhere_at_once_and_the_lead_waits_for_the_repair(office: Office) -> None:
    office.wecom.fails = iter([Misconfigured("93000 invalid webhook url")] * 2)
    office.submit()
    office.run()
    assert office.mail.told == ["channel wecom: 93000 invalid webhook url"]
    office.clock.move(minutes=12)
    office.run()
    assert len(office.mail.told) == 1, "once a day is enough"
    office.clock.move(minutes=12)
    office.run()
    assert office.wecom.told == ["lead L1124-AAAA"]


def test_a_refused_notice_is_a_dead_letter_told_elsewhere(office: Office) -> None:
    office.wecom.fails = iter([Refused("40058")])
    office.submit()
    office.run()
    assert [(row.kind, row.state) for row in office.rows()] == [("lead", "dead"), ("undelivered", "delivered")]
    assert office.mail.told == ["undelivered L1124-AAAA wecom: 40058"]


def test_a_notice_about_a_notice_makes_no_more_of_them(office: Office) -> None:
    office.wecom.fails = iter([Refused("no")])
    office.mail.fails = iter([Refused("no")])
    office.submit()
    office.run()
    assert [row.state for row in office.rows()] == ["dead", "dead"]


def test_a_channel_that_was_taken_out_is_a_dead_letter(office: Office) -> None:
    office.submit("feishu")
    office.run()
    assert office.wecom.told == ["undelivered L1124-AAAA feishu: the channel is not set up any more"]


def test_a_notice_that_cannot_be_written_keeps_no_other_back(office: Office) -> None:
    def write(facts: Facts) -> str:
        if facts.kind == "lead":
            raise KeyError("place")
        return facts.kind

    office.write = write
    office.submit()
    commit(office.store, office.secrets, message("m2"), (HumanWanted("人工"),), ("wecom",))
    office.run()
    assert office.wecom.told == ["human"]
    assert office.rows()[0].state == "waiting"


def test_the_row_of_a_dead_worker_comes_back_after_30_seconds(office: Office) -> None:
    office.submit()
    with office.store.begin() as session:
        assert outbox.claim(session, "dead worker", NOON, notify.LEASE)
    office.clock.move(seconds=25)
    assert office.run() == 0
    office.clock.move(seconds=6)
    assert office.run() == 1


@pytest.mark.parametrize("state", ["waiting", "sending"])
def test_what_a_machine_with_a_wrong_clock_put_off_for_days_is_told_at_once(office: Office, state: str) -> None:
    office.submit()
    days_ahead = NOON + timedelta(days=3)
    with office.store.begin() as session:
        (row,) = outbox.claim(session, "wrong clock", days_ahead, notify.LEASE)
        if state == "waiting":
            assert outbox.retry(session, row.id, "wrong clock", days_ahead + timedelta(seconds=5), "HTTP 500")
    assert office.run() == 1


def test_a_clock_that_is_days_ahead_makes_no_dead_letter_of_one_failed_try(office: Office) -> None:
    office.wecom.fails = iter([Later("HTTP 500")])
    office.submit()
    office.clock.move(days=3)
    office.run()
    office.clock.move(days=-3)
    office.run()
    assert office.wecom.told == ["lead L1124-AAAA"]


def test_a_slow_worker_that_lost_its_row_settles_nothing(office: Office) -> None:
    office.submit()
    with office.store.begin() as session:
        (row,) = outbox.claim(session, "slow", NOON, notify.LEASE)
    office.clock.move(seconds=31)
    office.run()
    with office.store.begin() as session:
        assert not outbox.retry(session, row.id, "slow", office.clock.now, "late")
    assert office.rows()[0].state == "delivered"


def test_a_withdrawn_consent_stops_a_notice_that_waits_for_its_next_try(office: Office) -> None:
    office.wecom.fails = iter([Later("x", timedelta(minutes=1))])
    office.submit()
    office.run()
    commit(office.store, office.secrets, message("m2"), (ConsentWithdrawn(),), ("wecom",))
    office.clock.move(minutes=5)
    office.run()
    assert office.wecom.told == []


def test_an_erasure_is_told_by_number_only(office: Office) -> None:
    office.submit()
    commit(office.store, office.secrets, message("m2"), (PersonErased(),), ("wecom",))
    office.run()
    assert office.wecom.told == ["erased L1124-AAAA"]


def test_the_oldest_undelivered_notice_has_an_age(office: Office) -> None:
    office.submit()
    with office.store() as session:
        assert outbox.oldest_undelivered(session) == NOON
        assert outbox.counts(session) == {"waiting": 1}
    office.run()
    with office.store() as session:
        assert outbox.oldest_undelivered(session) is None


def test_near_the_limit_of_a_robot_notices_share_one_message_but_the_best_do_not(office: Office) -> None:
    for n in range(30):
        done = inquiry(f"L1124-{n:04}", f"+8613800{n:06}")
        commit(office.store, office.secrets, message(f"m{n}", f"o{n}"), (done,), ("wecom",), triage=_graded)
    office.write = lambda facts: ",".join([facts.kind, facts.number, *(one.number for one in facts.together)])
    assert office.run() == 30
    single = [text for text in office.wecom.told if text.startswith("lead")]
    shared = [text for text in office.wecom.told if text.startswith("digest")]
    assert 12 <= len(single) < 20
    told = {number for text in office.wecom.told for number in text.split(",") if number.startswith("L")}
    assert len(told) == 30
    assert shared
    assert not any("L1124-0025" in text for text in shared)


def test_a_shared_message_that_fails_is_sent_again_with_nothing_lost(office: Office) -> None:
    for n in range(16):
        done = inquiry(f"L1124-{n:04}", f"+8613800{n:06}")
        commit(office.store, office.secrets, message(f"m{n}", f"o{n}"), (done,), ("wecom",))
    office.wecom.fails = iter([None] * 12 + [Later("HTTP 500")])
    assert office.run() == 16
    assert {row.state for row in office.rows()} == {"delivered"}


@pytest.mark.parametrize("broken", ["its words", "the lead"])
def test_of_notices_that_share_a_message_one_that_cannot_be_written_keeps_no_other_back(
    office: Office, broken: str
) -> None:
    def write(facts: Facts) -> str:
        if broken == "its words" and "L1124-0014" in {facts.number, *(one.number for one in facts.together)}:
            raise KeyError("place")
        return facts.number

    office.write = write
    for n in range(16):
        done = inquiry(f"L1124-{n:04}", f"+8613800{n:06}")
        commit(office.store, office.secrets, message(f"m{n}", f"o{n}"), (done,), ("wecom",))
    if broken == "the lead":
        with office.store.begin() as session:
            session.execute(sa.update(Lead).where(Lead.number == "L1124-0014").values(sealed=b"another key's"))
    office.run()
    office.clock.move(minutes=2)
    office.run()
    assert Counter(row.state for row in office.rows()) == {"delivered": 15, "waiting": 1}


def _graded(session: Session, event: LeadEvent) -> None:
    lead = session.get_one(Lead, event.lead_id)
    lead.grade = "A" if lead.number == "L1124-0025" else "C"


@pytest.mark.parametrize(
    ("notice", "path"),
    [
        (outbox.Notice("broadcast", "broadcast:7", note="robot"), "/pushes#push-7"),
        (outbox.Notice("summary", "summary:20261124", note="{}"), "/leads"),
        (outbox.Notice("undelivered", "undelivered:3", note="x"), "/outbox"),
    ],
    ids=lambda one: getattr(one, "kind", ""),
)
def test_a_notice_leads_to_the_page_where_somebody_does_something_about_it(
    office: Office, notice: outbox.Notice, path: str
) -> None:
    office.write = lambda facts: facts.path
    with office.store.begin() as session:
        outbox.add(session, notice, ("wecom",), NOON)
    office.run()
    assert office.wecom.told == [path]
