"""What is left of a person: sealed while we know them, nothing but a keyed tombstone once they are erased."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import wiring
from bot.adapters.redis_scripts import Client
from bot.commands.leads import leads
from bot.store.base import Base
from bot.store.followers import Follower
from bot.store.leads import Lead
from jobs import housekeeping
from tests.transcripts.phone import Phone
from tests.waiting import eventually

SECRETS = ("13800007788", "138 0000 7788", "欧阳试剑", "试剑精密机械有限公司", "shijian_wx88")
TALK = (
    "光模块",
    "欧阳试剑 13800007788 有光模块的文章吗",
    "关于火星的文章，联系13800007788",
    "想在昆山租3000平厂房做注塑，税收200万，昆山试剑精密机械有限公司",
    "欧阳试剑",
    "13800007788",
    "备注：微信shijian_wx88",
)


def test_names_and_numbers_are_nowhere_in_the_clear(
    phone: Phone, front: wiring.Front, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [phone.say(words) for words in TALK]
    assert "请核对" in said[-1].text, said[-1].text
    assert _found(front, SECRETS, caplog) == []
    phone.say("提交")
    phone.say("转人工")
    assert _found(front, SECRETS, caplog) == []


def test_an_erased_person_is_nowhere_at_all(
    phone: Phone, front: wiring.Front, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with front.made.sessions.begin() as session:
        session.execute(sa.delete(Lead))  # of others with the same phone, who would keep it
    for words in (*TALK, "提交", "愿意", "订阅光模块", "转人工", "面积改成4000平", "删除我的信息"):
        phone.say(words)
    assert phone.openid in _exported(front)
    assert "已经删除" in phone.say("1").text
    housekeeping.tidy(front.made.sessions, front.made.vault, datetime.now(UTC))
    assert _found(front, (*SECRETS, phone.openid), caplog) == []
    assert phone.openid not in _exported(front)
    with front.made.sessions() as session:
        stones = session.scalars(sa.text("SELECT tombstone FROM erasures")).all()
    assert front.made.vault.keyed_hash(phone.openid, "openid") in stones
    assert front.made.vault.keyed_hash("+8613800007788", "phone") in stones


def test_whoever_says_hello_can_be_written_to_for_48_hours(phone: Phone, front: wiring.Front) -> None:
    phone.say("你好")

    def heard() -> datetime | None:
        with front.made.sessions() as session:
            return session.scalar(sa.select(Follower.heard_at).where(Follower.openid == phone.openid))

    assert eventually(heard)


def test_whoever_comes_back_after_an_erasure_is_a_stranger(phone: Phone) -> None:
    for words in (*TALK, "提交", "删除我的信息", "确认删除我的信息"):
        phone.say(words)
    assert "还没有登记" in phone.say("查看").text
    assert "还没有订阅" in phone.say("我的订阅").text


def _found(front: wiring.Front, secrets: tuple[str, ...], caplog: pytest.LogCaptureFixture) -> list[str]:
    places = {
        **dict(_files(Path(front.made.settings.data_dir))),
        **dict(_keys(front.made.redis)),
        **{f"table {name}": rows for name, rows in _rows(front)},
        "log": caplog.text.encode(),
    }
    return [f"{secret} in {where}" for secret in secrets for where, held in places.items() if secret.encode() in held]


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The database with its write-ahead log, and the index."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def _keys(redis: Client) -> Iterator[tuple[str, bytes]]:
    for key in redis.scan_iter():
        yield f"redis {key!r}", key + (redis.dump(key) or b"")


def _rows(front: wiring.Front) -> Iterator[tuple[str, bytes]]:
    with front.made.sessions() as session:
        for table in Base.metadata.sorted_tables:
            yield table.name, repr(session.execute(sa.select(table)).all()).encode()


def _exported(front: wiring.Front) -> str:
    out = io.StringIO()
    leads(front.made.sessions, front.made.vault, out, as_json=True)
    return out.getvalue()
