"""The platform's own paths over HTTP: gates in the platform's order, faults on demand, always a log row."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, current_app, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from bot.simulator import oauth, robots
from bot.simulator.api import Call, Upload
from bot.simulator.errors import Fail
from bot.simulator.knobs import Fault
from bot.simulator.media import Medium
from bot.simulator.pictures import qr_picture
from bot.simulator.shapes import Json
from bot.simulator.world import Simulator

LOG = logging.getLogger(__name__)
platform = Blueprint("platform", __name__)
# The platform's answers carry this odd header instead of a charset.
JSON_TYPE = "application/json; encoding=utf-8"
INVALID_URL = 40066
# Calls whose successful answer carries errcode 0 beside its fields; the others do so only when they have no fields.
HEADED = (
    "/cgi-bin/message/",
    "/cgi-bin/freepublish/submit",
    "/cgi-bin/ticket/",
    "/cgi-bin/openapi/",
    "/cgi-bin/shorten/",
    "/cgi-bin/template/api_add_template",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a body with its type, and the code for the wire."""

    code: object
    body: bytes
    mime: str = JSON_TYPE
    status: int = 200


def simulator() -> Simulator:
    found = current_app.extensions["simulator"]
    assert isinstance(found, Simulator)  # noqa: S101 - put there by create_app
    return found


@platform.route("/cgi-bin/<path:rest>", methods=["GET", "POST"])
@platform.route("/sns/<path:rest>", methods=["GET", "POST"])
@platform.route("/customservice/<path:rest>", methods=["GET", "POST"])
@platform.route("/wxa/<path:rest>", methods=["GET", "POST"])
@platform.route("/wxaapi/<path:rest>", methods=["GET", "POST"])
def api(rest: str) -> AnyResponse:  # noqa: ARG001 - the path is read from the request
    sim = simulator()
    call = _call(sim)
    if call.path == "/cgi-bin/showqrcode":
        return _show_qr(sim, call)
    return _served(sim, "api", call, lambda: answer(sim, call))


def _call(sim: Simulator) -> Call:
    is_form = (request.content_type or "").startswith("multipart/")
    return Call(
        method=request.method,
        path=request.path,
        query=request.args.to_dict(),
        raw=b"" if is_form else request.get_data(cache=False),
        form=request.form.to_dict() if is_form else {},
        uploads=tuple(_uploads()) if is_form else (),
        ip=request.remote_addr or "127.0.0.1",
        rid=sim.rid(),
    )


def _uploads() -> list[Upload]:
    return [Upload(name, file.filename or "", file.read()) for name, file in request.files.items()]


def answer(sim: Simulator, call: Call) -> Answer:
    """The platform's own answer, refusals included."""
    try:
        with sim.lock:
            body = _gated(sim, call)
    except Fail as fail:
        return _refusal(fail, call)
    except (AttributeError, KeyError, TypeError, ValueError):
        # A field of a shape nobody thought of: the platform answers that, too, with a code.
        LOG.warning("a body of an unexpected shape for %s", call.path, exc_info=True)
        return _refusal(Fail(47001), call)
    if isinstance(body.get("_file"), Medium):
        return Answer(0, body["_file"].data, body["_file"].mime)
    head = {"errcode": 0, "errmsg": "ok"} if not body or call.path.startswith(HEADED) else {}
    return Answer(0, encoded(head | body))


def _refusal(fail: Fail, call: Call) -> Answer:
    return Answer(fail.code, encoded(fail.answer(call.rid, comma=call.path.startswith("/sns/"))))


def encoded(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _gated(sim: Simulator, call: Call) -> Json:
    """Method, token, right, quota, body, fields: in this order."""
    endpoint = sim.endpoints.get(call.path)
    if endpoint is None:
        raise Fail(INVALID_URL)
    if call.method != endpoint.method:
        raise Fail(43001 if endpoint.method == "GET" else 43002)
    if endpoint.token:
        sim.tokens.check(call.query.get("access_token"), sim.clock.now().timestamp())
    sim.rights.check(endpoint.right)
    sim.quotas.spend(endpoint)
    return endpoint.answer(sim, call)


def _served(sim: Simulator, kind: str, call: Call, work: Callable[[], Answer]) -> AnyResponse:
    """Do the work as the waiting fault allows, log it, answer."""
    fault = sim.knobs.take(call.path)
    began = time.perf_counter()
    if fault and fault.kind == "refuse":
        return _dropped(sim, kind, call, b"", began)
    result = _faulty(fault, call, kind) or work()
    _wait(sim, fault)
    if fault and fault.kind == "cut":
        return _dropped(sim, kind, call, result.body, began)
    _log(sim, kind, call, result, began)
    return Response(result.body, status=result.status, content_type=result.mime)


def _faulty(fault: Fault | None, call: Call, kind: str) -> Answer | None:
    """The answer of a fault that keeps the work from being done."""
    if fault is None or fault.kind in ("slow", "cut"):
        return None
    if fault.kind == "http":
        return Answer(f"HTTP {fault.code}", b"Internal Server Error", "text/plain", max(fault.code, 100))
    if fault.kind == "garbage":
        return Answer("garbage", b"<html>busy</html>", "text/html")
    refusal = Fail(fault.code, fault.message).answer(call.rid, comma=call.path.startswith("/sns/"))
    if kind == "robot":
        refusal |= {"code": fault.code, "msg": refusal["errmsg"]} if "/feishu/" in call.path else {}
    return Answer(fault.code, encoded(refusal))


def _wait(sim: Simulator, fault: Fault | None) -> None:
    seconds = sim.knobs.settings.latency + (fault.seconds if fault and fault.kind == "slow" else 0)
    if seconds > 0:
        time.sleep(seconds)


def _dropped(sim: Simulator, kind: str, call: Call, done: bytes, began: float) -> AnyResponse:
    """Close the connection without an answer."""
    _log(sim, kind, call, Answer("cut", done), began)
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(b"", headers={"Connection": "close"})


def _log(sim: Simulator, kind: str, call: Call, result: Answer, began: float) -> None:
    sent = call.raw or encoded(dict(call.form) | _files(call))
    received = result.body if result.mime.startswith(("application/json", "text/")) else f"[{len(result.body)} bytes]"
    seconds = time.perf_counter() - began
    path, query = call.path, dict(call.query)
    # A token in the log is cut short: long ones hide everything else.
    query = {name: value[:12] + "…" if len(value) > 40 else value for name, value in query.items()}
    sim.wire.add(
        sim.clock.now(),
        kind,
        call.method,
        path,
        result.code,
        seconds,
        sent,
        received,
        rid=call.rid,
        ip=call.ip,
        query=query,
    )


def _files(call: Call) -> Json:
    return {upload.name: f"[{upload.filename}, {len(upload.data)} bytes]" for upload in call.uploads}


def _show_qr(sim: Simulator, call: Call) -> AnyResponse:
    code = sim.qrcodes.get(call.query.get("ticket", ""))
    if code is None:
        abort(404)
    return Response(qr_picture(code.url), content_type="image/png")


@platform.get("/connect/oauth2/authorize")
def authorize() -> AnyResponse:
    """The person says yes at once. `sim_openid`, in the address or as a cookie, names them; else the first follower."""
    sim = simulator()
    asked = request.args
    if asked.get("appid") != sim.account.app_id or not sim.rights.allows("oauth"):
        return Response("10005", status=200, content_type="text/plain")
    named = asked.get("sim_openid", "") or request.cookies.get("sim_openid", "")
    follower = sim.followers.get(named) or next(iter(sim.followers.following()), None)
    target, state = asked.get("redirect_uri", ""), asked.get("state", "")
    if follower is None or not target:
        return Response("10011", status=200, content_type="text/plain")
    scope = asked.get("scope", "snsapi_base")
    return redirect(oauth.authorize(sim, follower.openid, scope, target, state))


@platform.post("/robot/<channel>")
@platform.post("/robot/feishu/<hook>")
def robot(channel: str = "feishu", hook: str = "") -> AnyResponse:
    sim = simulator()
    call = _call(sim)
    return _served(sim, "robot", call, lambda: _spoken(sim, channel, hook, call))


def _spoken(sim: Simulator, channel: str, hook: str, call: Call) -> Answer:
    try:
        with sim.lock:
            said = _robot(sim, channel, hook, call)
    except robots.Refused as refused:
        said = refused.answer
    except Fail as fail:
        said = {"errcode": fail.code, "errmsg": fail.message, "code": 9499, "msg": "Bad Request"}
    return Answer(said.get("errcode", said.get("code", 0)), encoded(said))


def _robot(sim: Simulator, channel: str, hook: str, call: Call) -> Json:
    if channel == "wecom":
        return robots.wecom(sim, call.query, call.body)
    if channel == "dingtalk":
        return robots.dingtalk(sim, call.query, call.body)
    if channel == "feishu" and hook:
        return robots.feishu(sim, hook, call.body)
    raise Fail(INVALID_URL)
