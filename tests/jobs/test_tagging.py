"""The tag of a topic is made when a menu needs it, follows the subscriptions, and is narrowed by a mass send while it goes."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.adapters.vault import Vault
from bot.dialogue.effects import Reported
from bot.dialogue.message import Receipt
from bot.store import erasures, received, tags
from bot.store.effects import commit
from bot.tagging import made_again
from jobs import digest, follow, mass
from jobs.drafts import Layout
from tests.jobs.shelf import HOUR, MINUTE
from tests.jobs.test_against_simulator import Reach, World, world
from tests.store.say import message

__all__ = ["world"]

NAMES = {"chips": "芯片"}


def members(world: World, tag_id: int) -> set[str]:
    return set(world.platform._post("user/tag/get", {"tagid": tag_id}).get("data", {}).get("openid", ()))


def made(world: World) -> int:
    return made_again(world.platform, world.shelf.store, "chips", "芯片")


def test_all_who_follow_the_topic_get_its_tag_and_later_ones_with_the_next_look(world: World) -> None:
    first = world.followers(60, writing=False)
    tag_id = made(world)
    assert {tag.name: tag.id for tag in world.platform.tags()}["芯片"] == tag_id
    assert members(world, tag_id) == set(first)
    later = world.followers(2, writing=False)
    assert made(world) == tag_id
    assert members(world, tag_id) == {*first, *later}


def test_one_who_left_keeps_nobody_else_from_it(world: World) -> None:
    openids = world.followers(3, writing=False)
    world.shelf.subscribe("oUnknownToThePlatform", "chips")
    assert members(world, made(world)) == set(openids)


def test_a_tag_that_staff_took_away_is_made_anew(world: World) -> None:
    openids = world.followers(3, writing=False)
    old = made(world)
    world.platform._post("tags/delete", {"tag": {"id": old}})
    new = made(world)
    assert new != old
    assert members(world, new) == set(openids)


def test_a_mass_send_goes_to_the_same_tag(world: World) -> None:
    openids = world.followers(4, writing=False)
    tag_id = made(world)
    with world.shelf.store.begin() as session:
        erasures.forget_follower(session, openids[0])
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], datetime.now(UTC), reach=Reach(()))
    mass.plan(world.shelf.store, ["chips"], world.ledger, datetime.now(UTC))
    assert mass.deliver_due(world.shelf.store, world.platform, world.ledger, {"chips": "芯片"}, Layout("{url}")) == 1
    world.post("settle")
    assert set(world.received(1)) >= set(openids[1:])
    with world.shelf.store() as session:
        assert tags.tag_id(session, "chips") == tag_id
    assert len(world.platform.tags()) == len({tag.name for tag in world.platform.tags()})


# Tags follow subscriptions


def mass_send(world: World, when: datetime | None = None) -> int:
    now = when or datetime.now(UTC)
    mass.plan(world.shelf.store, ["chips"], world.ledger, now)
    sent = mass.deliver_due(world.shelf.store, world.platform, world.ledger, NAMES, Layout("{url}"), lambda: now)
    world.post("settle")
    return sent


def told(world: World, secrets: Vault) -> None:
    """The platform says how the mass send ended."""
    (row,) = [row for row in world.rows() if row.channel == "mass"]
    fields = {"MsgID": row.msg_id, "Status": "send success"}
    receipt = message(f"r{row.msg_id}", "oHelper", content=Receipt("MASSSENDJOBFINISH", fields))
    commit(world.shelf.store, secrets, receipt, (Reported("MASSSENDJOBFINISH", fields),), ())


def in_step(world: World, when: datetime | None = None) -> int:
    return follow.bring_in_step(world.shelf.store, world.platform, lambda: when or datetime.now(UTC))


def test_the_tag_goes_back_to_all_who_follow_the_topic_once_a_mass_send_is_over(world: World, secrets: Vault) -> None:
    everybody = world.followers(4, writing=False)
    tag_id = made(world)
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], datetime.now(UTC), reach=Reach(()))
    with world.shelf.store.begin() as session:
        received.receive(session, everybody[0], [1], None, datetime.now(UTC))
    assert mass_send(world) == 1
    assert members(world, tag_id) == set(everybody[1:])
    assert in_step(world) == 0, "the platform may still be sending"
    assert made(world) == tag_id
    assert members(world, tag_id) == set(everybody[1:])
    told(world, secrets)
    assert in_step(world) == 1
    assert members(world, tag_id) == set(everybody)
    assert world.received(1) == dict.fromkeys(everybody[1:], 1)


def test_a_send_of_which_the_platform_never_told_keeps_the_tag_for_a_day(world: World) -> None:
    everybody = world.followers(3, writing=False)
    tag_id = made(world)
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], datetime.now(UTC), reach=Reach(()))
    with world.shelf.store.begin() as session:
        received.receive(session, everybody[0], [1], None, datetime.now(UTC))
    mass_send(world)
    assert in_step(world, datetime.now(UTC) + 23 * HOUR) == 0
    assert in_step(world, datetime.now(UTC) + 25 * HOUR) == 1
    assert members(world, tag_id) == set(everybody)


def test_who_subscribes_gets_the_tag_and_who_stops_loses_it(world: World) -> None:
    first, second = world.followers(2, writing=False)
    tag_id = made(world)
    (third,) = world.followers(1, writing=False)
    world.shelf.subscribe(first, "cars")
    assert in_step(world) == 2
    assert members(world, tag_id) == {second, third}
    assert in_step(world) == 0


def test_one_who_left_unnoticed_stops_nobody_s_tag(world: World) -> None:
    first, second, gone = world.followers(3, writing=False)
    tag_id = made(world)
    world.post("knobs", tries=1, interval=0.5)  # nobody hears of it
    world.post(f"followers/{gone}/unfollow")
    world.shelf.subscribe(gone, "cars")
    world.shelf.subscribe(first, "cars")
    assert in_step(world) == 2
    assert members(world, tag_id) == {second}


def test_a_tag_is_changed_by_one_at_a_time(world: World) -> None:
    """Else a follower whom a mass send leaves out could be put back in the middle of it."""
    world.followers(2, writing=False)
    made(world)
    world.followers(1, writing=False)
    now = datetime.now(UTC)
    with world.shelf.store.begin() as session:
        assert tags.take(session, "chips", "another", now, MINUTE)
        assert not tags.take(session, "chips", "me", now, MINUTE)
    assert in_step(world, now) == 0
    world.shelf.put(1, "chips")
    digest.plan(world.shelf.store, ["chips"], now, reach=Reach(()))
    assert mass_send(world, now) == 0
    assert {row.state for row in world.rows()} == {"planned"}
    assert mass_send(world, now + 2 * MINUTE) == 1


def test_a_tag_deleted_on_the_website_is_forgotten_and_the_other_topics_go_on(world: World) -> None:
    openids = world.followers(2, writing=False)
    old = made(world)
    world.shelf.subscribe(openids[0], "chips", "zinc")
    zinc = made_again(world.platform, world.shelf.store, "zinc", "锌")
    world.shelf.subscribe(openids[1], "zinc")
    world.platform._post("tags/delete", {"tag": {"id": old}})
    assert in_step(world) == 1
    assert members(world, zinc) == set(openids)
    with world.shelf.store() as session:
        assert tags.known(session) == ["zinc"]
