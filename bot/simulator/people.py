"""What a person does on the phone: follow, write, tap the menu, scan; each with what the platform does about it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.simulator import qrcodes, tags
from bot.simulator.callbacks import EVENTS, MESSAGES, Outcome
from bot.simulator.shapes import Json
from bot.simulator.users import Follower
from bot.simulator.windows import EVENT_TRIGGERS

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

# What was taken or chosen by these menu buttons follows as a message of its own.
FOLLOWED_BY = {
    "pic_sysphoto": "image",
    "pic_photo_or_album": "image",
    "pic_weixin": "image",
    "location_select": "location",
}


def newcomer(sim: Simulator, openid: str = "", name: str = "") -> Follower:
    """A person who may follow later. Openids look like real ones: 28 characters starting with o."""
    number = next(sim.ids.followers)
    given = openid or f"oSim{secrets.token_hex(12)}"
    return sim.followers.add(Follower(given, name or f"WX{number:04d}"))


def crowd(sim: Simulator, count: int, prefix: str = "oCrowd", *, windows: bool = False) -> list[str]:
    """Many followers at once, without telling the bot."""
    now = sim.clock.stamp()
    openids = []
    for _ in range(count):
        number = next(sim.ids.followers)
        openid = f"{prefix}{number:0{28 - len(prefix)}d}"
        follower = sim.followers.add(Follower(openid, f"WX{number:04d}", following=True, since=now))
        if windows:
            follower.windows.open("message", now)
        openids.append(openid)
    return openids


def message(sim: Simulator, follower: Follower, kind: str, given: Json) -> Outcome:
    """The follower sends a message. `given` are nodes by the platform's names that differ from the usual ones."""
    nodes = prepared(sim, follower, kind, given)
    return deliver(sim, follower, nodes)


def prepared(sim: Simulator, follower: Follower, kind: str, given: Json) -> Json:
    """The nodes of a message, entered in the chat and counted for the reply window."""
    now = sim.clock.now().timestamp()
    usual = dict(MESSAGES.get(kind, {}))
    recognised = sim.knobs.settings.voice_recognition
    if kind == "voice" and recognised:
        usual["Recognition"] = recognised
    nodes = _head(sim, follower) | {"MsgType": kind} | usual | given
    nodes.setdefault("MsgId", next(sim.ids.messages))
    follower.windows.open("message", now)
    follower.exchanged = now
    sim.enter(follower, "follower", "chat", kind, _shown(kind, nodes))
    return nodes


def _shown(kind: str, nodes: Json) -> Json:
    if kind == "text":
        return {"text": nodes["Content"]}
    names = {"Label": "text", "Title": "title", "Description": "description", "Url": "url", "PicUrl": "picture"}
    return {shown: str(nodes[node]) for node, shown in names.items() if node in nodes}


def _head(sim: Simulator, follower: Follower) -> Json:
    return {
        "ToUserName": sim.account.original_id,
        "FromUserName": follower.openid,
        "CreateTime": sim.clock.stamp(),
    }


def event(sim: Simulator, follower: Follower, name: str, given: Json) -> Outcome:
    """Something happened. Follow and unfollow also change who the follower is."""
    _take_note(sim, follower, name, given)
    trigger = EVENT_TRIGGERS.get(name)
    if trigger:
        follower.windows.open(trigger, sim.clock.now().timestamp())
        follower.exchanged = sim.clock.now().timestamp()
    nodes = _head(sim, follower) | {"MsgType": "event", "Event": name} | EVENTS.get(name, {}) | given
    if name == "LOCATION" and not sim.rights.allows("location"):
        return Outcome(None, nodes["CreateTime"], problems=["this account gets no LOCATION events"])
    outcome = deliver(sim, follower, nodes)
    if name in FOLLOWED_BY:
        message(sim, follower, FOLLOWED_BY[name], {})
    return outcome


def _take_note(sim: Simulator, follower: Follower, name: str, given: Json) -> None:
    if name == "subscribe":
        _follow(sim, follower, str(given.get("EventKey", "")))
    elif name == "unsubscribe":
        _leave(sim, follower)
    elif name == "subscribe_msg_popup_event":
        _consent(follower, given)
    else:
        sim.enter(follower, "follower", "event", name, {"text": str(given.get("EventKey", ""))})


def _follow(sim: Simulator, follower: Follower, event_key: str) -> None:
    scene = event_key.removeprefix("qrscene_")
    follower.following, follower.since = True, sim.clock.stamp()
    follower.qr_scene = scene
    follower.scene = "ADD_SCENE_QR_CODE" if scene else "ADD_SCENE_SEARCH"
    sim.enter(follower, "follower", "event", "subscribe", {"text": event_key})


def _leave(sim: Simulator, follower: Follower) -> None:
    with sim.lock:
        tags.forget(sim, follower)
    follower.following = False
    follower.windows.close()
    follower.consents.clear()
    sim.enter(follower, "follower", "event", "unsubscribe", {"text": ""})


def _consent(follower: Follower, given: Json) -> None:
    listed = given.get("SubscribeMsgPopupEvent", {}).get("List", [])
    for item in listed if isinstance(listed, list) else [listed]:
        if item.get("SubscribeStatusString") == "accept":
            follower.consents[str(item.get("TemplateId"))] += 1


def scan(sim: Simulator, follower: Follower, ticket: str, scene: str) -> Outcome:
    """A QR code with a scene: a stranger follows by it, a follower enters by it."""
    code = qrcodes.scanned(sim, ticket) if ticket else None
    found = code.scene if code else scene
    name, key = ("SCAN", found) if follower.following else ("subscribe", f"qrscene_{found}")
    return event(sim, follower, name, {"EventKey": key, "Ticket": ticket or "gQHsim"})


def deliver(sim: Simulator, follower: Follower, nodes: Json) -> Outcome:
    """Push, and show the follower what came back."""
    outcome, verdict = sim.pusher.push(nodes)
    visible = nodes["MsgType"] != "event" or nodes.get("Event") in EVENT_TRIGGERS
    if verdict.shown:
        kind, content = verdict.shown
        sim.show(follower, "reply", kind, content)
    elif verdict.broken and visible:
        sim.enter(follower, "platform", "notice", "failure", {"text": "; ".join(outcome.problems[:3])})
    return outcome


def burst(sim: Simulator, follower: Follower, messages: Sequence[Json], order: Sequence[int]) -> list[Outcome]:
    """Several messages written one after another, arriving at the same time in the order of the indexes given."""
    nodes = [prepared(sim, follower, str(item.get("kind", "text")), nodes_of(item)) for item in messages]
    outcomes: dict[int, Outcome] = {}

    def send(index: int) -> None:
        outcomes[index] = deliver(sim, follower, nodes[index])

    threads = [threading.Thread(target=send, args=(index,), daemon=True) for index in order]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[index] for index in sorted(outcomes)]


def nodes_of(given: Json) -> Json:
    """A request of the control API as nodes: `text` and `menu_id` have short names, the rest the platform's own."""
    nodes = {name: value for name, value in given.items() if name not in ("kind", "event", "wait")}
    if "text" in nodes:
        nodes["Content"] = nodes.pop("text")
    if "menu_id" in nodes:
        nodes["bizmsgmenuid"] = nodes.pop("menu_id")
    return nodes
