"""Publishing a draft to the profile; it reaches nobody's chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.simulator.api import Call, Endpoint
from bot.simulator.drafts import Draft, article_url
from bot.simulator.errors import Fail
from bot.simulator.shapes import Json

if TYPE_CHECKING:
    from bot.simulator.world import Simulator

RUNNING = 1
HELPER = "oMpHelper_sim_0000000000000"


@dataclass(slots=True)
class Publication:
    publish_id: str
    draft: Draft
    status: int = RUNNING
    article_id: str = ""


def submit(sim: Simulator, call: Call) -> Json:
    draft = sim.drafts.get(call.body.get("media_id"))
    publish_id = str(next(sim.ids.publishing))
    job = sim.publications[publish_id] = Publication(publish_id, draft)
    sim.after_job(lambda: finish(sim, job))
    return {"publish_id": publish_id, "msg_data_id": str(next(sim.ids.mass_data))}


def finish(sim: Simulator, job: Publication) -> None:
    """The review is over: the articles are out, or the knob says why not."""
    with sim.lock:
        job.status = sim.knobs.settings.publish_status
        if job.status == 0:
            job.article_id = sim.drafts.publish(job.draft)
    sim.push_job(HELPER, "PUBLISHJOBFINISH", {"PublishEventInfo": _event(job)})


def _event(job: Publication) -> Json:
    info: Json = {"publish_id": int(job.publish_id), "publish_status": job.status}
    if job.status in (2, 4):
        return info | {"fail_idx": [1]}
    if job.status:
        return info
    items = [{"idx": index, "article_url": url} for index, url in _urls(job)]
    return info | {"article_id": job.article_id, "article_detail": {"count": len(items), "item": items}}


def _urls(job: Publication) -> list[tuple[int, str]]:
    return [(index, article_url(key)) for index, key in enumerate(job.draft.keys, 1)]


def get(sim: Simulator, call: Call) -> Json:
    job = sim.publications.get(str(call.body.get("publish_id")))
    if job is None:
        raise Fail(40002)
    body: Json = {"publish_id": job.publish_id, "publish_status": job.status, "fail_idx": []}
    if job.status in (2, 4):
        return body | {"fail_idx": [1]}
    if job.status == 0:
        items = [{"idx": index, "article_url": url} for index, url in _urls(job)]
        body |= {"article_id": job.article_id, "article_detail": {"count": len(items), "item": items}}
    return body


def get_article(sim: Simulator, call: Call) -> Json:
    return {"news_item": _items(_published(sim, call))}


def _published(sim: Simulator, call: Call) -> Draft:
    draft = sim.drafts.by_article_id.get(str(call.body.get("article_id")))
    if draft is None:
        raise Fail(53600)
    return draft


def _items(draft: Draft) -> list[Json]:
    return [
        article | {"url": article_url(key), "is_deleted": index in draft.deleted}
        for index, (key, article) in enumerate(zip(draft.keys, draft.articles, strict=True), 1)
    ]


def delete(sim: Simulator, call: Call) -> Json:
    draft = _published(sim, call)
    index = call.body.get("index") or 0
    if not 0 <= index <= len(draft.articles):
        raise Fail(40060)
    draft.deleted |= {index} if index else set(range(1, len(draft.articles) + 1))
    return {}


def batch_get(sim: Simulator, call: Call) -> Json:
    offset, number = call.field("offset", int), call.field("count", int)
    if not 1 <= number <= 20:
        raise Fail(40002)
    found = list(sim.drafts.by_article_id.items())[::-1]
    shown = [
        {"article_id": article_id, "content": {"news_item": _items(draft)}, "update_time": draft.updated}
        for article_id, draft in found[offset : offset + number]
    ]
    return {"total_count": len(found), "item_count": len(shown), "item": shown}


ENDPOINTS = (
    Endpoint("/cgi-bin/freepublish/submit", "POST", submit, "publish", 100),
    Endpoint("/cgi-bin/freepublish/get", "POST", get, "publish", 100),
    Endpoint("/cgi-bin/freepublish/getarticle", "POST", get_article, "publish", 100),
    Endpoint("/cgi-bin/freepublish/delete", "POST", delete, "publish", 10),
    Endpoint("/cgi-bin/freepublish/batchget", "POST", batch_get, "publish", 100),
)
