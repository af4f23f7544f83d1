"""Tags and who carries them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint, wanted
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json
from bot.simulator.users import Follower, known, page_of

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

SYSTEM = (0, 1, 2)
FIRST = 100
MOST = 100
OF_ONE_FOLLOWER = 20
AT_ONCE = 50
TOO_MANY_FANS = 100_000
STAR = "\u661f\u6807\u7ec4"  # the platform's own starred group


@dataclass(slots=True)
class Tag:
    id: int
    name: str
    count: int = 0


class Tags:
    """The account's tags by id; the counts are kept in step with the followers."""

    def __init__(self) -> None:
        self.known: dict[int, Tag] = {2: Tag(2, STAR)}
        self._next = FIRST

    def add(self, name: str) -> Tag:
        tag = self.known[self._next] = Tag(self._next, name)
        self._next += 1
        return tag

    def get(self, tag_id: object, code: int = 45159) -> Tag:
        number = int(tag_id) if isinstance(tag_id, str) and tag_id.isdigit() else tag_id
        tag = self.known.get(number) if isinstance(number, int) else None
        if tag is None:
            raise Fail(code)
        return tag

    def own(self) -> list[Tag]:
        return [tag for tag in self.known.values() if tag.id not in SYSTEM]


def _name(sim: Simulator, call: Call, but: int | None = None) -> str:
    name = call.field("tag", dict).get("name")
    if not isinstance(name, str) or not name.strip():
        raise Fail(45157)
    if len(name) > 30:
        raise Fail(45158)
    if any(tag.name == name and tag.id != but for tag in sim.tags.known.values()):
        raise Fail(45157)
    return name


def create(sim: Simulator, call: Call) -> Json:
    name = _name(sim, call)
    if len(sim.tags.own()) >= MOST:
        raise Fail(45056)
    tag = sim.tags.add(name)
    return {"tag": {"id": tag.id, "name": tag.name}}


def get(sim: Simulator, _call: Call) -> Json:
    return {"tags": [{"id": tag.id, "name": tag.name, "count": tag.count} for tag in sim.tags.known.values()]}


def _editable(sim: Simulator, call: Call) -> Tag:
    tag_id = call.field("tag", dict).get("id")
    if tag_id in SYSTEM:
        raise Fail(45058)
    return sim.tags.get(tag_id)


def update(sim: Simulator, call: Call) -> Json:
    tag = _editable(sim, call)
    tag.name = _name(sim, call, tag.id)
    return {}


def delete(sim: Simulator, call: Call) -> Json:
    tag = _editable(sim, call)
    if tag.count > TOO_MANY_FANS:
        raise Fail(45057)
    for follower in carrying(sim, tag.id):
        follower.tags.remove(tag.id)
    del sim.tags.known[tag.id]
    return {}


def carrying(sim: Simulator, tag_id: int) -> list[Follower]:
    return [follower for follower in sim.followers.following() if tag_id in follower.tags]


def members(sim: Simulator, call: Call) -> Json:
    tag = sim.tags.get(call.body.get("tagid"))
    openids = [follower.openid for follower in carrying(sim, tag.id)]
    page = page_of(openids, call.body.get("next_openid") or "")
    page.pop("total")
    return page


def _listed(sim: Simulator, call: Call) -> tuple[Tag, list[Follower]]:
    tag = sim.tags.get(call.body.get("tagid"))
    openids = wanted(call.body, "openid_list", list, 40031)
    if not 1 <= len(openids) <= AT_ONCE:
        raise Fail(40032)
    return tag, [_follows(known(sim, openid, 49003)) for openid in openids]


def _follows(follower: Follower) -> Follower:
    if not follower.following:
        raise Fail(50005)
    return follower


def tagging(sim: Simulator, call: Call) -> Json:
    tag, followers = _listed(sim, call)
    full = [one for one in followers if tag.id not in one.tags and len(one.tags) >= OF_ONE_FOLLOWER]
    for follower in followers:
        if tag.id not in follower.tags and follower not in full:
            follower.tags.append(tag.id)
            tag.count += 1
    if full and len(followers) == 1:
        raise Fail(45059)
    if full:
        raise Fail(45171, fail_openid_list=[follower.openid for follower in full])
    return {}


def untagging(sim: Simulator, call: Call) -> Json:
    tag, followers = _listed(sim, call)
    for follower in followers:
        if tag.id in follower.tags:
            follower.tags.remove(tag.id)
            tag.count -= 1
    return {}


def forget(sim: Simulator, follower: Follower) -> None:
    """Somebody left: their tags go with them."""
    for tag_id in follower.tags:
        sim.tags.known[tag_id].count -= 1
    follower.tags.clear()


def of_follower(sim: Simulator, call: Call) -> Json:
    return {"tagid_list": list(known(sim, call.body.get("openid")).tags)}


ENDPOINTS = (
    Endpoint("/cgi-bin/tags/create", "POST", create, "users"),
    Endpoint("/cgi-bin/tags/get", "GET", get, "users"),
    Endpoint("/cgi-bin/tags/update", "POST", update, "users"),
    Endpoint("/cgi-bin/tags/delete", "POST", delete, "users"),
    Endpoint("/cgi-bin/tags/getidlist", "POST", of_follower, "users"),
    Endpoint("/cgi-bin/user/tag/get", "POST", members, "users"),
    Endpoint("/cgi-bin/tags/members/batchtagging", "POST", tagging, "users"),
    Endpoint("/cgi-bin/tags/members/batchuntagging", "POST", untagging, "users"),
)
