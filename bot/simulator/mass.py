"""Mass sending: to all, to a tag, to a list; once for each clientmsgid, within the account's quota."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint, wanted
from bot.simulator.drafts import Draft, article_url
from bot.simulator.errors import Fail
from bot.simulator.messages import checked_text, drafted, medium_shown
from bot.simulator.shapes import Json
from bot.simulator.tags import carrying
from bot.simulator.users import Follower

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

REMEMBERED = 86400  # seconds a clientmsgid is known
SERVICE_MONTHLY = 4
MINUTE = 60  # calls
SPEEDS = {0: 80, 1: 60, 2: 45, 3: 30, 4: 10}  # in 10 000 a minute


@dataclass(slots=True)
class MassJob:
    """One accepted job. state: SENDING, SEND_SUCCESS, SEND_FAIL or DELETE."""

    msg_id: int
    kind: str
    content: Json
    to_all: bool
    recipients: list[str]
    at: float
    day: str
    month: str
    draft: Draft | None = None
    data_id: int = 0
    state: str = "SENDING"
    counts: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> Json:
        return {
            "msg_id": self.msg_id,
            "kind": self.kind,
            "state": self.state,
            "to_all": self.to_all,
            "recipients": len(self.recipients),
            "counts": self.counts,
            "titles": [article["title"] for article in self.content.get("articles", [])],
        }


class MassSends:
    """All jobs, and which idempotency key led to which."""

    def __init__(self) -> None:
        self.jobs: dict[int, MassJob] = {}
        self.keys: dict[str, tuple[float, int]] = {}
        self.speed: int | None = None

    def accepted_before(self, key: str, now: float) -> MassJob | None:
        at, msg_id = self.keys.get(key, (float("-inf"), 0))
        return self.jobs[msg_id] if now - at < REMEMBERED else None

    def counted(self) -> list[MassJob]:
        return [job for job in self.jobs.values() if job.state != "SEND_FAIL"]


def send_all(sim: Simulator, call: Call) -> Json:
    target = wanted(call.body, "filter", dict)
    to_all = target.get("is_to_all") is True
    tag = None if to_all else sim.tags.get(target.get("tag_id"), 40152)
    followers = sim.followers.following() if tag is None else carrying(sim, tag.id)
    return _accept(sim, call, [follower.openid for follower in followers], to_all)


def send_list(sim: Simulator, call: Call) -> Json:
    openids = wanted(call.body, "touser", list, 40031)
    if len(openids) < 2:
        raise Fail(40130)
    if len(openids) > 10_000:
        raise Fail(40032)
    if not all(isinstance(openid, str) for openid in openids):
        raise Fail(40031)
    return _accept(sim, call, list(dict.fromkeys(openids)), to_all=False)


def _accept(sim: Simulator, call: Call, openids: list[str], to_all: bool) -> Json:
    key, now = _idempotency_key(call), sim.clock.now().timestamp()
    before = sim.mass.accepted_before(key, now)
    if before:
        raise Fail(45065, msg_id=before.msg_id, msg_data_id=before.data_id)
    if to_all and sim.knobs.settings.admin_guard:
        raise Fail(89504)
    kind, content, draft = _content(sim, call.body)
    _within_quota(sim, to_all)
    job = _job(sim, kind, content, draft, to_all, openids)
    sim.mass.keys[key] = (now, job.msg_id)
    sim.after_job(lambda: finish(sim, job))
    answer = {"errmsg": "send job submission success", "msg_id": job.msg_id}
    return answer | ({"msg_data_id": job.data_id} if draft else {})


def _idempotency_key(call: Call) -> str:
    given = call.body.get("clientmsgid")
    if given is None or given == "":
        return "hash:" + hashlib.sha256(json.dumps(call.body, sort_keys=True).encode()).hexdigest()
    if not isinstance(given, str) or len(given.encode()) > 32:
        raise Fail(45067)
    return f"client:{given}"


def _content(sim: Simulator, body: Json) -> tuple[str, Json, Draft | None]:
    kind = body.get("msgtype")
    if kind == "mpnews":
        part = wanted(body, "mpnews", dict, 40007)
        return "news", drafted(sim, part), sim.drafts.get(part.get("media_id"))
    if kind == "text":
        return "text", {"text": checked_text(wanted(body, "text", dict, 44004).get("content"))}, None
    if kind == "image":
        return "image", _images(sim, body), None
    if kind in ("voice", "mpvideo", "video"):
        part = body.get(str(kind)) or body.get("mpvideo") or {}
        return str(kind), medium_shown(sim, part), None
    raise Fail(45113 if kind == "wxcard" else 40008)


def _images(sim: Simulator, body: Json) -> Json:
    part = body.get("images") or body.get("image") or {}
    media_ids = part.get("media_ids") or [part.get("media_id")]
    shown = [medium_shown(sim, {"media_id": media_id}) for media_id in media_ids]
    return shown[0] | {"count": len(shown)}


def _within_quota(sim: Simulator, to_all: bool) -> None:
    """Subscription accounts: one job a day. Service accounts: four to all a month; the rest is dropped per follower."""
    counted = sim.mass.counted()
    if not sim.account.is_service:
        if any(job.day == sim.clock.day() for job in counted):
            raise Fail(45028)
    elif to_all and sum(job.to_all and job.month == sim.clock.month() for job in counted) >= SERVICE_MONTHLY:
        raise Fail(45028)


def _job(sim: Simulator, kind: str, content: Json, draft: Draft | None, to_all: bool, openids: list[str]) -> MassJob:
    msg_id, now = next(sim.ids.mass_jobs), sim.clock.now().timestamp()
    job = MassJob(msg_id, kind, content, to_all, openids, now, sim.clock.day(), sim.clock.month(), draft)
    job.data_id = next(sim.ids.mass_data) if draft else 0
    sim.mass.jobs[msg_id] = job
    return job


def finish(sim: Simulator, job: MassJob) -> None:
    """The job runs: everybody it may reach gets it, then the bot is told."""
    status = sim.knobs.settings.mass_status
    with sim.lock:
        if status.replace(" ", "") == "sendsuccess":
            _deliver(sim, job)
        else:
            job.state, job.counts = "SEND_FAIL", Counter(TotalCount=len(job.recipients))
    sim.push_job(job.recipients[0] if job.recipients else "oMassHelper_sim", "MASSSENDJOBFINISH", _event(job, status))


def _deliver(sim: Simulator, job: MassJob) -> None:
    allowed = [follower for openid in job.recipients if (follower := _reachable(sim, openid, job.month))]
    errors = min(sim.knobs.settings.mass_errors, len(allowed))
    reached = allowed[: len(allowed) - errors]
    content = job.content | {"job": job.msg_id}
    for follower in reached:
        follower.mass_months[job.month] += 1
        sim.show(follower, "mass", job.kind, content, quiet=True)
    sim.wire.touch()
    if job.draft:
        sim.drafts.publish(job.draft)
    job.state = "SEND_SUCCESS"
    job.counts = {
        "TotalCount": len(job.recipients),
        "FilterCount": len(allowed),
        "SentCount": len(reached),
        "ErrorCount": errors,
    }


def by_hand(sim: Simulator, media_id: str) -> int:
    """Staff send a draft on the website; gives how many followers it reached."""
    draft = sim.drafts.get(media_id)
    openids = [follower.openid for follower in sim.followers.following()]
    job = _job(sim, "news", {"articles": draft.cards()}, draft, True, openids)
    _deliver(sim, job)
    return job.counts["SentCount"]


def _reachable(sim: Simulator, openid: str, month: str) -> Follower | None:
    follower = sim.followers.get(openid)
    if follower is None or not follower.following or follower.flags & {"blocked", "blacklisted"}:
        return None
    if sim.account.is_service and follower.mass_months[month] >= SERVICE_MONTHLY:
        return None
    return follower


def _event(job: MassJob, status: str) -> Json:
    names = ("TotalCount", "FilterCount", "SentCount", "ErrorCount")
    event: Json = {"MsgID": job.msg_id, "Status": status} | {name: job.counts.get(name, 0) for name in names}
    if job.draft is None:
        return event
    urls = [{"ArticleIdx": index, "ArticleUrl": article_url(key)} for index, key in enumerate(job.draft.keys, 1)]
    checks = [_copyright(index, status) for index in range(1, len(urls) + 1)]
    state = 3 if status == "err(30003)" else 1
    event["CopyrightCheckResult"] = {"Count": len(checks), "ResultList": {"item": checks}, "CheckState": state}
    event["ArticleUrlResult"] = {"Count": len(urls), "ResultList": {"item": urls}}
    return event


def _copyright(index: int, status: str) -> Json:
    reprint = int(status == "err(30003)")
    return {
        "ArticleIdx": index,
        "UserDeclareState": 0,
        "AuditState": 2 if reprint else 11,
        "OriginalArticleUrl": "",
        "OriginalArticleType": reprint,
        "CanReprint": 1 - reprint,
        "NeedReplaceContent": reprint,
        "NeedShowReprintSource": reprint,
    }


def preview(sim: Simulator, call: Call) -> Json:
    name, openid = call.body.get("towxname"), call.body.get("touser")
    follower = sim.followers.named(str(name)) if name else sim.followers.get(str(openid))
    if follower is None:
        raise Fail(40003)
    if not follower.following:
        raise Fail(43004)
    kind, content, _ = _content(sim, call.body)
    sim.show(follower, "preview", kind, content)
    return {"errmsg": "preview success", "msg_id": next(sim.ids.mass_jobs)}


def _job_of(sim: Simulator, call: Call) -> MassJob:
    given = str(call.body.get("msg_id"))
    job = sim.mass.jobs.get(int(given)) if given.isdigit() else None
    if job is None:
        raise Fail(40059)
    return job


def status_of(sim: Simulator, call: Call) -> Json:
    job = _job_of(sim, call)
    return {"msg_id": job.msg_id, "msg_status": job.state}


def delete(sim: Simulator, call: Call) -> Json:
    job = _by_url(sim, str(call.body["url"])) if call.body.get("url") else _job_of(sim, call)
    index = call.body.get("article_idx") or 0
    if job.draft is None:
        raise Fail(40059)
    if not 0 <= index <= len(job.draft.articles):
        raise Fail(40060)
    job.draft.deleted |= {index} if index else set(range(1, len(job.draft.articles) + 1))
    job.state = "DELETE"
    return {}


def _by_url(sim: Simulator, url: str) -> MassJob:
    key = url.rsplit("/", 1)[-1]
    found = next((job for job in sim.mass.jobs.values() if job.draft and key in job.draft.keys), None)
    if found is None:
        raise Fail(40059)
    return found


def set_speed(sim: Simulator, call: Call) -> Json:
    speed = call.body.get("speed")
    if speed is None:
        raise Fail(45084)
    if speed not in SPEEDS:
        raise Fail(45083)
    sim.mass.speed = speed
    return {}


def get_speed(sim: Simulator, _call: Call) -> Json:
    speed = sim.mass.speed or 0
    return {"speed": speed, "realspeed": SPEEDS[speed]}


ENDPOINTS = (
    Endpoint("/cgi-bin/message/mass/sendall", "POST", send_all, "mass", 100, MINUTE),
    Endpoint("/cgi-bin/message/mass/send", "POST", send_list, "mass-list", 100, MINUTE),
    Endpoint("/cgi-bin/message/mass/preview", "POST", preview, "mass", 100, MINUTE),
    Endpoint("/cgi-bin/message/mass/delete", "POST", delete, "mass", 100, MINUTE),
    Endpoint("/cgi-bin/message/mass/get", "POST", status_of, "mass", None, None),
    Endpoint("/cgi-bin/message/mass/speed/set", "POST", set_speed, "mass"),
    Endpoint("/cgi-bin/message/mass/speed/get", "POST", get_speed, "mass"),
)
