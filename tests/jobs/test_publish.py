"""Staff publish a broadcast on the account's page: through the real client, handed in once, and how it went comes back."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.adapters.vault import Vault
from bot.commands.push import Wanted, push
from bot.dialogue.effects import Reported
from bot.dialogue.message import Receipt
from bot.store import broadcasts, claims
from bot.store.broadcasts import Results
from bot.store.deliveries import Delivery, Reach
from bot.store.effects import commit
from jobs import digest, publish
from jobs.drafts import Layout
from tests.jobs.shelf import MINUTE
from tests.jobs.test_against_simulator import World, world
from tests.store.say import message

__all__ = ["world"]
LAYOUT = Layout("原文：{url}")
SUBMIT = "/cgi-bin/freepublish/submit"


def planned(world: World) -> int:
    world.shelf.put(1, "chips")
    (number,) = digest.plan(world.shelf.store, ["chips"], datetime.now(UTC), reach=Reach(()))
    return number


def ask(world: World, number: int, *, allowed: bool = True) -> tuple[int, str]:
    out = io.StringIO()
    wanted = Wanted("publish", number, may_publish=allowed)
    return push(world.shelf.store, out, wanted, world.shelf.clock()), out.getvalue()


def go(world: World) -> int:
    return publish.publish_due(world.shelf.store, world.platform, LAYOUT, world.shelf.clock)


def row(world: World) -> Delivery:
    with world.shelf.store() as session:
        return session.scalars(sa.select(Delivery).where(Delivery.channel == "publish")).one()


def results(world: World, number: int) -> Results:
    with world.shelf.store() as session:
        found = broadcasts.results(session, number)
    assert found is not None
    return found


def told(world: World, secrets: Vault, publish_id: str, status: str = "0") -> None:
    item = {"idx": "1", "article_url": "https://mp.weixin.qq.com/s/x"}
    info = {"publish_id": publish_id, "publish_status": status, "article_detail": {"count": "1", "item": [item]}}
    said = message(f"p{publish_id}{status}", "oHelper", Receipt("PUBLISHJOBFINISH", {"PublishEventInfo": info}))
    commit(world.shelf.store, secrets, said, (Reported("PUBLISHJOBFINISH", {"PublishEventInfo": info}),), ())


def shown(world: World, number: int) -> str:
    out = io.StringIO()
    push(world.shelf.store, out, Wanted("show", number), world.shelf.clock())
    return out.getvalue()


def test_what_staff_ask_for_is_handed_in_once_and_the_event_tells_where_it_lies(world: World, secrets: Vault) -> None:
    number = planned(world)
    assert ask(world, number)[0] == 0
    assert ask(world, number)[0] == 2
    assert "waits for a worker" in shown(world, number)
    assert go(world) == 1
    assert go(world) == 0
    assert ask(world, number)[0] == 2
    assert (row(world).state, row(world).delivered_at) == ("sent", None)
    told(world, secrets, row(world).msg_id)
    assert row(world).delivered_at is not None
    assert results(world, number).broadcast.url == "https://mp.weixin.qq.com/s/x"
    assert "published: https://mp.weixin.qq.com/s/x" in shown(world, number)


def test_a_lost_event_is_asked_for(world: World) -> None:
    number = planned(world)
    ask(world, number)
    go(world)
    world.post("settle")
    go(world)
    assert row(world).delivered_at is None
    world.shelf.clock.move(4 * MINUTE)
    go(world)
    assert row(world).delivered_at is not None
    assert results(world, number).broadcast.url.startswith("http")


def test_what_the_platform_says_to_be_under_way_for_days_is_left_to_staff(world: World) -> None:
    number = planned(world)
    ask(world, number)
    go(world)
    world.shelf.clock.move(timedelta(days=2))
    go(world)
    assert row(world).state == "sent"
    world.shelf.clock.move(4 * MINUTE)
    go(world)
    assert row(world).state == "unsure"
    assert number


def test_a_refusal_by_review_is_said_and_can_be_asked_for_again(world: World) -> None:
    number = planned(world)
    ask(world, number)
    world.post("knobs", publish_status=4)
    go(world)
    world.post("settle")
    world.shelf.clock.move(4 * MINUTE)
    go(world)
    assert row(world).state == "failed"
    assert "publishing: failed: the platform's review refused it" in shown(world, number)
    world.post("knobs", publish_status=0)
    assert ask(world, number)[0] == 0
    assert go(world) == 1
    assert row(world).state == "sent"


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"kind": "error", "code": 53503}, "failed"),
        ({"kind": "error", "code": 45009}, "planned"),
        ({"kind": "error", "code": -1}, "planned"),
        ({"kind": "cut"}, "unsure"),
    ],
    ids=str,
)
def test_what_goes_wrong_is_never_repeated_blindly(
    world: World, secrets: Vault, fault: dict[str, object], state: str
) -> None:
    number = planned(world)
    ask(world, number)
    world.post("faults", path=SUBMIT, times=1, **fault)
    assert go(world) == 0
    assert row(world).state == state
    if state == "unsure":
        world.shelf.clock.move(4 * MINUTE)
        assert go(world) == 0
        told(world, secrets, "2247600001")
        assert row(world).state == "sent"


def test_a_draft_that_was_cut_off_is_made_again(world: World) -> None:
    ask(world, planned(world))
    world.post("faults", path="/cgi-bin/draft/add", times=1, kind="cut")
    assert go(world) == 0
    assert row(world).state == "planned"
    world.shelf.clock.move(2 * MINUTE)
    assert go(world) == 1


def test_a_worker_that_died_with_it_leaves_it_to_the_event(world: World, secrets: Vault) -> None:
    number = planned(world)
    ask(world, number)
    with world.shelf.store.begin() as session:
        (mine,) = claims.claim(session, ("publish",), "dead", world.shelf.clock(), timedelta(minutes=1), 1)
        claims.start(session, mine.id, "dead", world.shelf.clock(), timedelta(minutes=1))
    world.shelf.clock.move(2 * MINUTE)
    assert go(world) == 0
    assert row(world).state == "unsure"
    told(world, secrets, "2247600009", "2")
    assert (row(world).state, row(world).msg_id) == ("failed", "2247600009")
    assert number


def test_who_may_not_publish_is_told_and_nothing_is_planned(world: World) -> None:
    code, words = ask(world, planned(world), allowed=False)
    assert code == 2
    assert "may not publish" in words
    assert world.rows() == []


def test_publishing_is_no_part_of_how_a_push_ends(world: World) -> None:
    number = planned(world)
    ask(world, number)
    with world.shelf.store.begin() as session:
        broadcasts.finish(session)
    assert results(world, number).broadcast.state == "done"


def test_what_is_held_or_not_there_is_not_published(world: World) -> None:
    number = planned(world)
    with world.shelf.store.begin() as session:
        session.get_one(broadcasts.Broadcast, number).state = "held"
    assert ask(world, number)[0] == 2
    assert ask(world, number + 100)[0] == 2


def test_what_the_site_took_down_is_not_published(world: World) -> None:
    number = planned(world)
    ask(world, number)
    world.shelf.gone(1)
    assert go(world) == 0
    assert row(world).state == "failed"
