"""Questions wait in Redis, sealed, until a worker makes rows of them: each once, and none of somebody who left."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import redis
import sqlalchemy as sa

from bot.adapters import asked
from bot.adapters.redis_scripts import connected
from bot.adapters.vault import Vault
from bot.dialogue.effects import Asked, PersonErased, Unfollowed
from bot.store.base import Sessions
from bot.store.effects import commit
from bot.store.followers import Follower
from bot.store.questions import Question
from jobs.asked import take_down
from tests.store.say import message

WHAT = (Asked("光模块 13800001234", answered=True, shown=(3, 4)),)


def note(url: str, secrets: Vault, key: str, openid: str = "oA", after: timedelta = timedelta()) -> None:
    redis.Redis.from_url(url).rpush(asked.ASKED, asked.entry(secrets, message(key, openid, after=after), WHAT))


def drain(store: Sessions, secrets: Vault, url: str) -> int:
    return take_down(store, secrets, partial(asked.waiting, connected(url), secrets, 3))


def questions(store: Sessions) -> list[str]:
    with store() as session:
        return list(session.scalars(sa.select(Question.openid).order_by(Question.id)))


def test_each_becomes_a_row_once(store: Sessions, secrets: Vault, redis_url: str) -> None:
    for number in range(7):
        note(redis_url, secrets, f"m{number}")
    note(redis_url, secrets, "m1")  # kept twice, after a cut connection
    assert drain(store, secrets, redis_url) == 7
    assert questions(store) == ["oA"] * 7
    with store() as session:
        row = session.scalars(sa.select(Question)).first()
        assert row is not None
        assert (row.text, row.answered, row.shown) == ("光模块 138****1234", True, [3, 4])
        follower = session.get(Follower, "oA")
        assert follower is not None
        assert follower.heard_at == message("m0").at
    assert drain(store, secrets, redis_url) == 0


def test_a_worker_that_dies_before_it_lets_go_makes_no_second_row(
    store: Sessions, secrets: Vault, redis_url: str
) -> None:
    note(redis_url, secrets, "m1")
    with pytest.raises(KeyboardInterrupt), asked.waiting(connected(redis_url), secrets) as portion:
        assert len(portion) == 1
        take_down(store, secrets, partial(asked.waiting, connected(redis_url), secrets))
        raise KeyboardInterrupt
    note(redis_url, secrets, "m1")
    drain(store, secrets, redis_url)
    assert questions(store) == ["oA"]


@pytest.mark.parametrize("effect", [Unfollowed(), PersonErased()])
def test_who_left_meanwhile_leaves_no_question(
    store: Sessions, secrets: Vault, redis_url: str, effect: Unfollowed | PersonErased
) -> None:
    note(redis_url, secrets, "m1", "oGone")
    note(redis_url, secrets, "m2", "oStays")
    commit(store, secrets, message("m3", "oGone", after=timedelta(seconds=5)), (effect,), ())
    note(redis_url, secrets, "m4", "oGone", after=timedelta(seconds=9))
    drain(store, secrets, redis_url)
    assert questions(store) == ["oStays", "oGone"]


def test_nothing_of_it_can_be_read_in_redis(secrets: Vault, redis_url: str) -> None:
    note(redis_url, secrets, "m1", "oSecretOpenid")
    (raw,) = redis.Redis.from_url(redis_url).lrange(asked.ASKED, 0, -1)
    assert b"oSecretOpenid" not in raw
    assert b"13800001234" not in raw
