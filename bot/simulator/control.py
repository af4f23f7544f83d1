"""The control API under /sim: act as a follower, look at everything, turn the knobs (see the package's docstring)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from bot.simulator import mass, people
from bot.simulator.drafts import Draft
from bot.simulator.errors import Fail
from bot.simulator.knobs import Fault
from bot.simulator.server import encoded, simulator
from bot.simulator.shapes import Json
from bot.simulator.users import FLAGS, Follower

control = Blueprint("control", __name__, url_prefix="/sim")


def _json(body: Json | list[Any]) -> Response:
    """An object as it is, a list under `items`."""
    whole = body if isinstance(body, dict) else {"items": body}
    return Response(encoded({"ok": True} | whole), content_type="application/json")


def _refused(status: int, why: str) -> Response:
    return Response(encoded({"ok": False, "error": why}), status, content_type="application/json")


def _given() -> Json:
    body = request.get_json(silent=True, force=True) if request.get_data() else {}
    if not isinstance(body, dict):
        abort(400, "the body is not a JSON object")
    return body


def _number(name: str, default: int = 0) -> int:
    return request.args.get(name, default, type=int)


def _follower(openid: str) -> Follower:
    found = simulator().followers.get(openid)
    if found is None:
        abort(404, f"no follower {openid}")
    return found


@control.errorhandler(HTTPException)
def _http_error(error: HTTPException) -> Response:
    return _refused(error.code or 500, error.description or error.name)


@control.errorhandler(Fail)
def _platform_error(fail: Fail) -> Response:
    return _refused(400, f"{fail.code} {fail.message}")


@control.errorhandler(ValueError)
@control.errorhandler(TypeError)
@control.errorhandler(KeyError)
def _bad_value(error: Exception) -> Response:
    return _refused(400, str(error))


@control.get("/state")
def state() -> Response:
    sim = simulator()
    followers = sim.followers.all()
    now = sim.clock.now()
    return _json(
        {
            "account": {"app_id": sim.account.app_id, "kind": sim.account.kind, "mode": sim.account.mode},
            "callback_url": sim.account.callback_url,
            "url_check": sim.pusher.url_check,
            "now": now.isoformat(timespec="seconds"),
            "offset": round(sim.clock.offset.total_seconds()),
            "followers": len(followers),
            "following": sum(follower.following for follower in followers),
            "knobs": sim.knobs.as_json(),
            "rights": sim.rights.as_json(),
            "quotas": sim.quotas.as_json(),
            "tags": [{"id": tag.id, "name": tag.name, "count": tag.count} for tag in sim.tags.known.values()],
            "menu": sim.menus.buttons,
            "conditional_menus": sim.menus.conditional,
            "drafts": [[article["title"] for article in draft.articles] for draft in sim.drafts.box.values()],
            "mass_jobs": [job.as_json() for job in sim.mass.jobs.values()],
            "tokens_fetched": sim.tokens.fetched,
        }
    )


@control.get("/updates")
def updates() -> Response:
    """What the page needs, as soon as something has changed (long poll)."""
    sim = simulator()
    version = sim.wire.wait(_number("version"), min(_number("wait", 0), 30))
    follower = sim.followers.get(request.args.get("follower", ""))
    now = sim.clock.now().timestamp()
    recent = sim.followers.all()[-60:]
    return _json(
        {
            "version": version,
            "followers": [{"openid": each.openid, "name": each.name, "following": each.following} for each in recent],
            "follower": follower.as_json(now) if follower else None,
            "chat": _entries(follower, _number("chat")) if follower else [],
            "menu": sim.menus.seen_by(follower),
            "staff": [message.as_json() for message in sim.staff.since(_number("staff"))][-100:],
            "wire": [row.as_json() for row in sim.wire.since(_number("wire"), 100)],
            "url_check": sim.pusher.url_check,
            "account": {"kind": sim.account.kind, "mode": sim.account.mode},
            "now": sim.clock.now().isoformat(timespec="seconds"),
            "offset": round(sim.clock.offset.total_seconds()),
            "started": sim.started,
            "codes": [{"scene": code.scene, "ticket": code.ticket} for code in tuple(sim.qrcodes.values())[-12:]],
            "drafts": [_draft(draft) for draft in tuple(sim.drafts.box.values())[-12:]],
        }
    )


def _draft(draft: Draft) -> Json:
    titles = [str(article["title"]) for article in draft.articles]
    return {"media_id": draft.media_id, "titles": titles, "url": f"/s/{draft.keys[0]}"}


def _entries(follower: Follower, after: int) -> list[Json]:
    return [entry.as_json() for entry in tuple(follower.chat) if entry.id > after]


@control.get("/followers")
def followers() -> Response:
    sim = simulator()
    now = sim.clock.now().timestamp()
    return _json([follower.as_json(now) for follower in sim.followers.all()])


@control.post("/followers")
def create_followers() -> Response:
    """One newcomer, or `count` people who follow already."""
    sim, given = simulator(), _given()
    if "count" in given:
        prefix = str(given.get("prefix", "oCrowd"))
        openids = people.crowd(sim, int(given["count"]), prefix, windows=bool(given.get("windows")))
        sim.wire.touch()
        return _json({"openids": openids})
    follower = people.newcomer(sim, str(given.get("openid", "")), str(given.get("name", "")))
    if given.get("following"):
        follower.following, follower.since = True, sim.clock.stamp()
    sim.wire.touch()
    return _json(follower.as_json(sim.clock.now().timestamp()))


@control.get("/followers/<openid>")
def one_follower(openid: str) -> Response:
    return _json(_follower(openid).as_json(simulator().clock.now().timestamp()))


@control.post("/followers/<openid>/flags")
def put_flags(openid: str) -> Response:
    """{"blocked": true, "blacklisted": false, "minor": false}"""
    follower, given = _follower(openid), _given()
    for name, on in given.items():
        if name not in FLAGS:
            raise ValueError(f"flag {name!r} is none of {', '.join(FLAGS)}")
        (follower.flags.add if on else follower.flags.discard)(name)
    return _json({"flags": sorted(follower.flags)})


@control.get("/followers/<openid>/chat")
def chat(openid: str) -> Response:
    return _json(_entries(_follower(openid), _number("since")))


@control.get("/followers/<openid>/menu")
def menu(openid: str) -> Response:
    return _json(simulator().menus.seen_by(_follower(openid)))


def _acted(act: Callable[[], Json]) -> Response:
    """Waits for the bot's answer, unless the request says {"wait": false}."""
    if _given().get("wait") is False:
        simulator().jobs.later(0, act)
        return _json({})
    return _json(act())


@control.post("/followers/<openid>/send")
def send(openid: str) -> Response:
    """A message: {"kind": "text", "text": "..."} or any kind with nodes by the platform's names."""
    sim, follower, given = simulator(), _follower(openid), _given()
    kind = str(given.get("kind", "text"))
    return _acted(lambda: people.message(sim, follower, kind, people.nodes_of(given)).as_json())


@control.post("/followers/<openid>/event")
def event(openid: str) -> Response:
    """An event: {"event": "CLICK", "EventKey": "..."}."""
    sim, follower, given = simulator(), _follower(openid), _given()
    return _acted(lambda: people.event(sim, follower, str(given["event"]), people.nodes_of(given)).as_json())


@control.post("/followers/<openid>/follow")
def follow(openid: str) -> Response:
    """{} or {"scene": "..."} for following by a QR code."""
    sim, follower, given = simulator(), _follower(openid), _given()
    key: Json = {"EventKey": f"qrscene_{given['scene']}", "Ticket": "gQHsim"} if given.get("scene") else {}
    return _acted(lambda: people.event(sim, follower, "subscribe", key).as_json())


@control.post("/followers/<openid>/unfollow")
def unfollow(openid: str) -> Response:
    sim, follower = simulator(), _follower(openid)
    return _acted(lambda: people.event(sim, follower, "unsubscribe", {}).as_json())


@control.post("/followers/<openid>/scan")
def scan(openid: str) -> Response:
    """{"ticket": "..."} of qrcode/create, or {"scene": "..."}."""
    sim, follower, given = simulator(), _follower(openid), _given()
    ticket, scene = str(given.get("ticket", "")), str(given.get("scene", ""))
    return _acted(lambda: people.scan(sim, follower, ticket, scene).as_json())


@control.post("/followers/<openid>/burst")
def burst(openid: str) -> Response:
    """{"messages": [{"text": "1"}, ...], "order": [1, 0]}: all at once, started in this order."""
    sim, follower, given = simulator(), _follower(openid), _given()
    messages = list(given["messages"])
    order = given.get("order") or list(range(len(messages)))
    return _json([outcome.as_json() for outcome in people.burst(sim, follower, messages, order)])


@control.post("/push")
def push() -> Response:
    """Nodes of a callback exactly as given: {"nodes": {"FromUserName": ..., ...}}; the same nodes again are a repeat."""
    sim, given = simulator(), _given()
    head: Json = {"ToUserName": sim.account.original_id, "CreateTime": sim.clock.stamp()}
    outcome, _ = sim.pusher.push(head | given["nodes"])
    return _json(outcome.as_json())


@control.get("/staff")
def staff() -> Response:
    return _json([message.as_json() for message in simulator().staff.since(_number("since"))])


@control.post("/robots")
def robot_rules() -> Response:
    """Keys, secrets and keywords of the robots (robots.Rules)."""
    simulator().staff.put_rules(_given())
    return _json({})


@control.get("/wire")
def wire() -> Response:
    """?since= &kind=callback|api|robot &path= &limit="""
    rows = simulator().wire.since(_number("since"), _number("limit", 5000))
    kind, path = request.args.get("kind"), request.args.get("path")
    return _json([row.as_json() for row in rows if kind in (None, row.kind) and path in (None, row.path)])


@control.get("/received")
def received() -> Response:
    """{key: {openid: times}}; ?prefix=article: &openid= &twice=1 for what somebody got more than once."""
    receipts, prefix = simulator().receipts, request.args.get("prefix", "")
    if request.args.get("twice"):
        return _json({"received": receipts.twice(prefix or "article:")})
    return _json({"received": receipts.as_json(prefix, request.args.get("openid", ""))})


@control.get("/knobs")
def knobs() -> Response:
    return _json(simulator().knobs.as_json())


@control.post("/knobs")
def put_knobs() -> Response:
    """Any of knobs.Settings."""
    simulator().knobs.put(_given())
    return _json(simulator().knobs.as_json())


@control.post("/faults")
def add_fault() -> Response:
    """knobs.Fault: {"kind": "error", "path": "/cgi-bin/...", "code": 45009, "times": 1}."""
    return _json(simulator().knobs.add(Fault(**_given())).as_json())


@control.delete("/faults")
@control.delete("/faults/<int:fault_id>")
def remove_fault(fault_id: int | None = None) -> Response:
    simulator().knobs.remove(fault_id)
    return _json({})


@control.post("/steal-token")
def steal_token() -> Response:
    sim = simulator()
    with sim.lock:
        sim.tokens.steal(sim.clock.now().timestamp())
    return _json({})


@control.post("/clock")
def move_clock() -> Response:
    """{"move": seconds}, {"now": "2026-11-24T10:00:00+08:00"} or {"reset": true}."""
    sim, given = simulator(), _given()
    if given.get("reset"):
        sim.clock.reset()
    if "now" in given:
        sim.clock.set(datetime.fromisoformat(given["now"]))
    sim.clock.move(float(given.get("move", 0)))
    sim.wire.touch()
    return _json({"now": sim.clock.now().isoformat(), "offset": sim.clock.offset.total_seconds()})


@control.post("/quota")
def put_quota() -> Response:
    """{"path": "/cgi-bin/...", "limit": 5, "used": 5}"""
    given = _given()
    simulator().quotas.put(str(given["path"]), given.get("limit"), given.get("used"))
    return _json({})


@control.post("/rights")
def put_right() -> Response:
    """{"right": "menu", "allowed": true}; the names are in rights.MATRIX."""
    given = _given()
    simulator().rights.allow(str(given["right"]), bool(given["allowed"]))
    return _json({})


@control.post("/check-url")
def check_url() -> Response:
    sim = simulator()
    return _json({"right": sim.pusher.check_url(), "url_check": sim.pusher.url_check})


@control.post("/settle")
def settle() -> Response:
    """Waits until no job event is on its way."""
    return _json({"settled": simulator().jobs.settle(float(_given().get("seconds", 10)))})


@control.post("/reset")
def reset() -> Response:
    """{} for everything, {"keep_knobs": true} to keep clock and knobs, {"people": true} for followers and chats only."""
    sim, given = simulator(), _given()
    if given.get("people"):
        sim.clear_people()
    elif given.get("keep_knobs"):
        sim.clear()
    else:
        sim.reset()
    return _json({})


@control.post("/drafts/<media_id>/send")
def send_by_hand(media_id: str) -> Response:
    """Staff send a draft to all on the platform's website: no API right is needed, and no event follows."""
    sim = simulator()
    with sim.lock:
        return _json({"reached": mass.by_hand(sim, media_id)})


@control.get("/media/<media_id>")
def medium(media_id: str) -> Response:
    """Whatever was uploaded, with its kind and size."""
    found = simulator().media.kept.get(media_id)
    if found is None:
        abort(404)
    return _json({"kind": found.kind, "form": found.form, "size": len(found.data), "permanent": found.permanent})
