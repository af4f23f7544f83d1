"""Template messages of verified service accounts, and the templates themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint, wanted
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json
from bot.simulator.users import Follower, known

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

REMEMBERED = 600  # seconds a client_msg_id is known for one openid
MOST = 25
VALUE = 20
FIELD = re.compile(r"\{\{(\w+)\.DATA\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    template_id: str
    title: str
    content: str

    @property
    def fields(self) -> list[str]:
        return [name for name in FIELD.findall(self.content) if name not in ("first", "remark")]

    def as_json(self) -> Json:
        return {
            "template_id": self.template_id,
            "title": self.title,
            "primary_industry": "",
            "deputy_industry": "",
            "content": self.content,
            "example": "",
        }


# Two to start with, so that `make run` can send without a template library.
READY = (
    Template("SIM_TEMPLATE_NEWS", "news", "{{thing1.DATA}}\n{{thing2.DATA}}\n{{time3.DATA}}"),
    Template("SIM_TEMPLATE_LEAD", "lead", "{{thing1.DATA}}\n{{phrase2.DATA}}\n{{time3.DATA}}"),
)


class Templates:
    """The account's templates, and which client_msg_id was sent to whom."""

    def __init__(self) -> None:
        self.known = {template.template_id: template for template in READY}
        self.sent: dict[tuple[str, str], tuple[float, int]] = {}


def send(sim: Simulator, call: Call) -> Json:
    follower = known(sim, call.body.get("touser"))
    template = _template(sim, call.body.get("template_id"))
    if len(str(call.body.get("url") or "")) > 1024:
        raise Fail(40039)
    fields = _fields(template, call.body.get("data"))
    if not follower.following:
        raise Fail(43004)
    return _once(sim, call, follower, template, fields)


def _template(sim: Simulator, template_id: object) -> Template:
    if not isinstance(template_id, str) or not template_id:
        raise Fail(40036)
    template = sim.templates.known.get(template_id)
    if template is None:
        raise Fail(40037)
    return template


def _fields(template: Template, data: object) -> list[Json]:
    if not isinstance(data, dict):
        raise Fail(47003, "argument invalid! data invalid")
    return [{"name": name, "value": _value(name, data.get(name))} for name in template.fields]


def _value(name: str, item: object) -> str:
    value = item.get("value") if isinstance(item, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise Fail(47003, f"argument invalid! {name}.DATA is invalid")
    if name.startswith("time") and not any(char.isdigit() for char in value):
        raise Fail(47003, f"argument invalid! {name}.DATA is invalid")
    # Since 2023 a value that is too long or broken into lines is not refused but stripped.
    return value.replace("\n", "")[:VALUE]


def _once(sim: Simulator, call: Call, follower: Follower, template: Template, fields: list[Json]) -> Json:
    client_id, now = str(call.body.get("client_msg_id") or ""), sim.clock.now().timestamp()
    at, before = sim.templates.sent.get((follower.openid, client_id), (float("-inf"), 0))
    if client_id and now - at < REMEMBERED:
        return {"msgid": before}
    msgid = next(sim.ids.templates)
    if client_id:
        sim.templates.sent[follower.openid, client_id] = (now, msgid)
    content = {
        "title": template.title,
        "fields": fields,
        "url": str(call.body.get("url") or ""),
        "gist": f"{template.template_id}:{client_id or msgid}",
    }
    sim.after_job(lambda: finish(sim, follower, msgid, content))
    return {"msgid": msgid}


def finish(sim: Simulator, follower: Follower, msgid: int, content: Json) -> None:
    status = "failed:user block" if "blocked" in follower.flags else sim.knobs.settings.template_status
    if status == "success":
        sim.show(follower, "template", "template", content)
    sim.push_job(follower.openid, "TEMPLATESENDJOBFINISH", {"MsgID": msgid, "Status": status})


def send_once(sim: Simulator, call: Call) -> Json:
    """The older one-time subscribe message."""
    follower = known(sim, call.body.get("touser"))
    template_id = str(call.body.get("template_id") or "")
    if not template_id:
        raise Fail(40037)
    if len(str(call.body.get("title", ""))) > 15:
        raise Fail(40062)
    content = wanted(wanted(call.body, "data", dict, 47003), "content", dict, 47003)
    shown = [{"name": "content", "value": str(content.get("value", ""))}]
    title = str(call.body.get("title", ""))
    url = str(call.body.get("url") or "")
    sim.show(follower, "notice", "template", {"title": title, "fields": shown, "url": url, "gist": template_id})
    return {}


def templates(sim: Simulator, _call: Call) -> Json:
    return {"template_list": [template.as_json() for template in sim.templates.known.values()]}


def add(sim: Simulator, call: Call) -> Json:
    number = call.field("template_id_short", str)
    keywords = call.body.get("keyword_name_list")
    if number.startswith("TM"):
        raise Fail(40247)
    if not isinstance(keywords, list) or not keywords:
        raise Fail(40246)
    if len(sim.templates.known) >= MOST:
        raise Fail(45026)
    fields = "\n".join(f"{name}:{{{{thing{index}.DATA}}}}" for index, name in enumerate(keywords, 1))
    template = Template(f"SIM_TPL_{number}_{len(sim.templates.known)}", number, fields)
    sim.templates.known[template.template_id] = template
    return {"template_id": template.template_id}


def delete(sim: Simulator, call: Call) -> Json:
    del sim.templates.known[_template(sim, call.body.get("template_id")).template_id]
    return {}


def industry(_sim: Simulator, _call: Call) -> Json:
    kind = {"first_class": "", "second_class": ""}
    return {"primary_industry": kind, "secondary_industry": kind}


ENDPOINTS = (
    Endpoint("/cgi-bin/message/template/send", "POST", send, "template", 100_000),
    Endpoint("/cgi-bin/message/template/subscribe", "POST", send_once, "subscribe-once", 100_000),
    Endpoint("/cgi-bin/template/get_all_private_template", "GET", templates, "template"),
    Endpoint("/cgi-bin/template/api_add_template", "POST", add, "template"),
    Endpoint("/cgi-bin/template/del_private_template", "POST", delete, "template"),
    Endpoint("/cgi-bin/template/get_industry", "GET", industry, "template"),
)
