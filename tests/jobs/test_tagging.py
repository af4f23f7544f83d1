"""The tag of a topic is made when a menu needs it, put on who follows the topic, and used by the next mass send."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.store import erasures, tags
from bot.tagging import made_again
from jobs import digest, mass
from jobs.drafts import Layout
from tests.jobs.test_against_simulator import Reach, World, world

__all__ = ["world"]


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
