"""Subscription notices: sent only to who has agreed, once for each yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json
from bot.simulator.users import Follower, known

if TYPE_CHECKING:
    from bot.simulator.world import Simulator


def send(sim: Simulator, call: Call) -> Json:
    follower = known(sim, call.body.get("touser"))
    template_id = call.body.get("template_id")
    if not isinstance(template_id, str) or not template_id:
        raise Fail(40037)
    fields = _fields(call.body.get("data"))
    if follower.consents[template_id] < 1:
        raise Fail(43101)
    follower.consents[template_id] -= 1
    sent = {"title": template_id, "fields": fields, "url": str(call.body.get("page") or ""), "gist": template_id}
    sim.show(follower, "notice", "template", sent)
    sim.after_job(lambda: _told(sim, follower, template_id))
    return {}


def _fields(data: object) -> list[Json]:
    if not isinstance(data, dict) or not data:
        raise Fail(47003, "argument invalid! data invalid")
    for name, item in data.items():
        if not isinstance(item, dict) or not str(item.get("value", "")).strip():
            raise Fail(47003, f"argument invalid! data.{name}.value invalid")
    return [{"name": name, "value": str(item["value"])} for name, item in data.items()]


def _told(sim: Simulator, follower: Follower, template_id: str) -> None:
    result = {"TemplateId": template_id, "MsgID": next(sim.ids.notices), "ErrorCode": 0, "ErrorStatus": "success"}
    sim.push_job(follower.openid, "subscribe_msg_sent_event", {"SubscribeMsgSentEvent": {"List": [result]}})


ENDPOINTS = (Endpoint("/cgi-bin/message/subscribe/bizsend", "POST", send, "notice", 100_000),)
