"""What was said is kept sealed and covered, and goes when its person goes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from bot.adapters.vault import Vault
from bot.dialogue.effects import PersonErased, Unfollowed
from bot.store import talks
from bot.store.base import Sessions, reading
from bot.store.effects import commit
from bot.store.followers import Follower
from bot.store.talklog import TalkLog
from bot.store.talks import Line
from tests.store.say import NOON, inquiry, message

LATER = timedelta(minutes=1)


def said(text: str, openid: str = "oA", who: str = "follower", after: timedelta = timedelta()) -> Line:
    return Line(openid, NOON + after, who, "text", text)


def read(store: Sessions, secrets: Vault, *openids: str) -> list[str]:
    with reading(store) as session:
        return [line.text for _, line in talks.of(session, secrets, openids or ("oA",))]


def test_a_conversation_is_read_in_its_order_and_without_numbers(store: Sessions, secrets: Vault) -> None:
    log = TalkLog(store, secrets)
    log.note(said("我的电话13800001234"), said("好的", who="bot", after=LATER), said("别人的", "oB"))
    assert log.write() == 3
    assert read(store, secrets) == ["我的电话138****1234", "好的"]
    with reading(store) as session:
        rows = session.query(talks.Talk).all()
    assert not any("电话".encode() in row.sealed for row in rows)


def test_nothing_of_somebody_erased_meanwhile_is_written(store: Sessions, secrets: Vault) -> None:
    log = TalkLog(store, secrets)
    log.note(said("删除我的信息"), said("我又来了", after=2 * LATER))
    commit(store, secrets, message("gone", after=LATER), (PersonErased(),), ())
    log.write()
    assert read(store, secrets) == ["我又来了"]


def heard(store: Sessions) -> dict[str, datetime | None]:
    with reading(store) as session:
        return {row.openid: row.heard_at for row in session.query(Follower)}


def test_who_writes_anything_at_all_is_heard_for_the_48_hours(store: Sessions, secrets: Vault) -> None:
    log = TalkLog(store, secrets)
    log.note(said("你好"), said("您好", who="bot"), replace(said("menu", "oB"), kind="click"), said("在吗", "oC", "li"))
    log.write()
    assert heard(store) == {"oA": NOON}
    log.note(said("好", after=LATER))
    log.write()
    assert heard(store) == {"oA": NOON}, "one write in ten minutes is enough"
    log.note(said("在", after=11 * LATER))
    log.write()
    assert heard(store) == {"oA": NOON + 11 * LATER}


def test_two_processes_that_hear_the_same_ones_at_once_both_write(store: Sessions, secrets: Vault) -> None:
    logs = [TalkLog(store, secrets) for _ in range(2)]
    for turn in range(10):
        for log in logs:
            people = [f"o{n}" for n in range(20)]
            log.note(*(said("好", one, after=11 * turn * LATER) for one in people[:: 1 if log is logs[0] else -1]))
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(TalkLog.write, logs)) == [20, 20]
    assert set(heard(store).values()) == {NOON + 99 * LATER}


def test_talk_goes_with_its_person(store: Sessions, secrets: Vault) -> None:
    for n, effect in enumerate((PersonErased(), Unfollowed())):
        log = TalkLog(store, secrets)
        log.note(said("你好", after=n * 10 * LATER + LATER))
        log.write()
        assert read(store, secrets) == ["你好"]
        commit(store, secrets, message(f"gone{n}", after=n * 10 * LATER + 2 * LATER), (effect,), ())
        assert read(store, secrets) == []


def test_without_an_inquiry_talk_is_not_kept_long(store: Sessions, secrets: Vault) -> None:
    commit(store, secrets, message("m1", "oB"), (inquiry(),), ())
    log = TalkLog(store, secrets)
    log.note(said("随便看看"), said("我要厂房", "oB"))
    log.write()
    with store.begin() as session:
        assert talks.prune(session, NOON + timedelta(days=7)) == 1
    assert read(store, secrets, "oA", "oB") == ["我要厂房"]


def test_what_was_noted_last_is_written_when_a_process_ends(store: Sessions, secrets: Vault) -> None:
    log, before = TalkLog(store, secrets), set(threading.enumerate())
    log.keep_writing()
    (writer,) = set(threading.enumerate()) - before
    log.note(said("再见"))
    log.close()
    writer.join(20)
    assert not writer.is_alive()
    assert read(store, secrets) == ["再见"]
