"""Followers: who they are, and the API calls that list and describe them."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint
from bot.simulator.chats import CHAT, Entry
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json
from bot.simulator.windows import Windows

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

PAGE = 10_000
FLAGS = ("blocked", "blacklisted", "minor")


@dataclass(slots=True)
class Follower:
    """One person. flags: blocked (rejects messages), blacklisted (by the account), minor (protected)."""

    openid: str
    name: str
    following: bool = False
    since: int = 0
    scene: str = "ADD_SCENE_OTHERS"
    qr_scene: str = ""
    remark: str = ""
    tags: list[int] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    windows: Windows = field(default_factory=Windows)
    exchanged: float = float("-inf")
    typing_until: float = 0.0
    consents: Counter[str] = field(default_factory=Counter)
    mass_months: Counter[str] = field(default_factory=Counter)
    chat: deque[Entry] = field(default_factory=lambda: deque(maxlen=CHAT))

    def as_json(self, now: float) -> Json:
        return {
            "openid": self.openid,
            "name": self.name,
            "following": self.following,
            "tags": list(self.tags),
            "flags": sorted(self.flags),
            "remark": self.remark,
            "qr_scene": self.qr_scene,
            "windows": self.windows.as_json(now),
            "typing": self.typing_until > now,
            "consents": dict(self.consents),
        }


class Followers:
    """Everybody who ever met the account, in the order they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Follower] = {}

    def add(self, follower: Follower) -> Follower:
        with self._lock:
            return self._known.setdefault(follower.openid, follower)

    def get(self, openid: str) -> Follower | None:
        return self._known.get(openid)

    def all(self) -> list[Follower]:
        with self._lock:
            return list(self._known.values())

    def following(self) -> list[Follower]:
        return [follower for follower in self.all() if follower.following]

    def named(self, name: str) -> Follower | None:
        return next((follower for follower in self.all() if follower.name == name), None)


def known(sim: Simulator, openid: object, code: int = 40003) -> Follower:
    """The person behind an openid given in a call."""
    follower = sim.followers.get(openid) if isinstance(openid, str) else None
    if follower is None:
        raise Fail(code)
    return follower


def user_info(sim: Simulator, call: Call) -> Json:
    return _described(known(sim, call.query.get("openid")))


def user_info_batch(sim: Simulator, call: Call) -> Json:
    wanted = call.field("user_list", list)
    if not 1 <= len(wanted) <= 100:
        raise Fail(40032)
    return {"user_info_list": [_described(known(sim, _openid_of(each))) for each in wanted]}


def _openid_of(item: object) -> object:
    return item.get("openid") if isinstance(item, dict) else None


def _described(follower: Follower) -> Json:
    if not follower.following:
        return {"subscribe": 0, "openid": follower.openid}
    return {
        "subscribe": 1,
        "openid": follower.openid,
        "language": None,
        "subscribe_time": follower.since,
        "remark": follower.remark,
        "groupid": follower.tags[0] if follower.tags else 0,
        "tagid_list": list(follower.tags),
        "subscribe_scene": follower.scene,
        "qr_scene": int(follower.qr_scene) if follower.qr_scene.isdigit() else 0,
        "qr_scene_str": "" if follower.qr_scene.isdigit() else follower.qr_scene,
    }


def user_list(sim: Simulator, call: Call) -> Json:
    openids = [follower.openid for follower in sim.followers.following()]
    return page_of(openids, call.query.get("next_openid", ""))


def page_of(openids: list[str], after: str) -> Json:
    """One page of openids after the given one; the last page has an empty next_openid."""
    if after and after not in openids:
        raise Fail(40003)
    start = openids.index(after) + 1 if after else 0
    shown = openids[start : start + PAGE]
    more = start + PAGE < len(openids)
    body: Json = {"total": len(openids), "count": len(shown), "next_openid": shown[-1] if more else ""}
    return body | {"data": {"openid": shown}} if shown else body


def update_remark(sim: Simulator, call: Call) -> Json:
    follower = known(sim, call.field("openid", str))
    remark = call.field("remark", str)
    if len(remark.encode()) >= 30:
        raise Fail(40092)
    follower.remark = remark
    return {}


def blacklist(sim: Simulator, call: Call) -> Json:
    begin = call.body.get("begin_openid", "")
    listed = [follower.openid for follower in sim.followers.all() if "blacklisted" in follower.flags]
    start = listed.index(begin) + 1 if begin in listed else 0
    shown = listed[start : start + 1000]
    tail = shown[-1] if shown else ""
    return {"total": len(listed), "count": len(shown), "data": {"openid": shown}, "next_openid": tail}


def blacklist_add(sim: Simulator, call: Call) -> Json:
    for follower in _listed(sim, call):
        follower.flags.add("blacklisted")
    return {}


def blacklist_remove(sim: Simulator, call: Call) -> Json:
    for follower in _listed(sim, call):
        follower.flags.discard("blacklisted")
    return {}


def _listed(sim: Simulator, call: Call) -> list[Follower]:
    openids = call.field("openid_list", list)
    if not 1 <= len(openids) <= 20:
        raise Fail(40032)
    return [known(sim, openid, 49003) for openid in openids]


ENDPOINTS = (
    Endpoint("/cgi-bin/user/info", "GET", user_info, "users", 5_000_000),
    Endpoint("/cgi-bin/user/info/batchget", "POST", user_info_batch, "users", 5_000_000),
    Endpoint("/cgi-bin/user/get", "GET", user_list, "users", 500),
    Endpoint("/cgi-bin/user/info/updateremark", "POST", update_remark, "remark", 10_000),
    Endpoint("/cgi-bin/tags/members/getblacklist", "POST", blacklist, "users"),
    Endpoint("/cgi-bin/tags/members/batchblacklist", "POST", blacklist_add, "users"),
    Endpoint("/cgi-bin/tags/members/batchunblacklist", "POST", blacklist_remove, "users"),
)
