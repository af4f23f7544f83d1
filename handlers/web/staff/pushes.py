"""Pushes: what is to go out, looked at, changed, let go or held; and how those that went did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.store import broadcasts, deliveries, news, reports
from bot.store import desk as store
from bot.store.base import reading
from bot.store.broadcasts import UNDECIDED
from bot.store.deliveries import Delivery
from handlers.web.staff.visit import Visit, counted, to

PAGE = 20
UNSURE = 50
Act = Callable[[Session], bool]


@dataclass(frozen=True, slots=True)
class Publication:
    """How far putting it on the account's own page has come, in words; why: what was wrong, if anything."""

    state: str
    said: str
    why: str = ""


def pushes(visit: Visit) -> ResponseReturnValue:
    """First what staff can still change, the soonest on top; then what went or is going, newest first."""
    before = request.args.get("before", 0, type=counted)
    with reading(visit.desk.sessions) as db:
        found = store.pushes(db, before, PAGE)
        waiting = [] if before else broadcasts.waiting(db)
        ids = dict.fromkeys(one for row in [*waiting, *(push.broadcast for push in found)] for one in row.articles)
        return render_template(
            "staff/pushes.html",
            waiting=waiting,
            pushes=[push for push in found if push.broadcast.state not in UNDECIDED],
            results={push.broadcast.id: broadcasts.results(db, push.broadcast.id) for push in found},
            stories={story.id: story for story in news.stories(db, ids)},
            unsure=[] if before else deliveries.unsure(db)[:UNSURE],
            published=_published(visit, db, [push.broadcast.id for push in found]),
            may_publish=_may_publish(visit),
            topics=visit.desk.topics,
            news=visit.desk.news,
            longest_title=broadcasts.longest_title,
            next=found[-1].broadcast.id if len(found) == PAGE else 0,
        )


def approve(visit: Visit, number: int) -> ResponseReturnValue:
    answer = _done(
        visit, number, "push approve", "push_approved", lambda db: broadcasts.approve(db, number, visit.name)
    )
    visit.desk.wake("deliver")
    return answer


def hold(visit: Visit, number: int) -> ResponseReturnValue:
    return _done(visit, number, "push hold", "push_held", lambda db: broadcasts.hold(db, number, visit.name))


def cancel(visit: Visit, number: int) -> ResponseReturnValue:
    return _done(visit, number, "push cancel", "push_cancelled", lambda db: broadcasts.cancel(db, number, visit.name))


def retitle(visit: Visit, number: int) -> ResponseReturnValue:
    title = request.form.get("title", "")
    return _done(visit, number, "push retitle", "push_retitled", lambda db: broadcasts.retitle(db, number, title))


def drop_article(visit: Visit, number: int) -> ResponseReturnValue:
    article = request.form.get("article", 0, type=counted)
    return _done(
        visit,
        number,
        "push drop",
        "push_dropped",
        lambda db: broadcasts.drop_article(db, number, article),
        str(article),
    )


def preview(visit: Visit, number: int) -> ResponseReturnValue:
    """On one's own phone, as followers will get it."""
    who = request.form.get("to", "").strip()
    if not who:
        visit.say("push_preview_to", "bad")
        return to("pushes")
    with visit.desk.sessions.begin() as db:
        if not broadcasts.ask_preview(db, number, who):
            abort(404)
        visit.note(db, "push preview", str(number))
    visit.desk.wake("deliver")
    visit.say("push_preview", to=who)
    return to("pushes")


def publish(visit: Visit, number: int) -> ResponseReturnValue:
    """On the account's own page, for everybody to see: only who says that they are sure."""
    if request.form.get("sure") != "1" or not _may_publish(visit):
        visit.say("push_publish_sure" if _may_publish(visit) else "push_publish_not_allowed", "bad")
        return to("pushes")
    work: Act = lambda db: deliveries.ask_publish(db, number, visit.now)  # noqa: E731
    answer = _done(visit, number, "push publish", "push_publishing", work, late="push_not_publishable")
    visit.desk.wake("deliver")
    return answer


def as_html(visit: Visit, number: int) -> ResponseReturnValue:
    """A file to open and copy into the platform's editor, for accounts that can do no more. Downloaded: on a page of ours
    neither its pictures nor anything else of the site's would be let in."""
    found = visit.desk.html_of(number) or abort(404)
    page = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{number}</title><body>\n{found}\n</body></html>\n'
    named = {"Content-Disposition": f"attachment; filename=push-{number}.html"}
    return Response(page, mimetype="text/html", headers=named)


def _may_publish(visit: Visit) -> bool:
    return any(one.allowed for one in visit.desk.account() if one.right.name == "publish")


def _published(visit: Visit, db: Session, numbers: Sequence[int]) -> dict[int, Publication]:
    texts = visit.desk.texts["pushes"]
    return {number: _publication(texts, row) for number, row in deliveries.publications(db, numbers).items()}


def _publication(texts: Mapping[str, Mapping[str, str]], row: Delivery) -> Publication:
    """sent is no more than handed in, until the platform tells how it ended."""
    state = "published" if row.state == "sent" and row.delivered_at else row.state
    status = row.error.removeprefix(deliveries.PUBLISH_STATUS)
    return Publication(state, texts["publishing"][state], texts["publish_status"].get(status, row.error))


def settle(visit: Visit, number: int) -> ResponseReturnValue:
    """Nobody knew whether it arrived; staff looked."""
    arrived = request.form.get("arrived") == "1"
    with visit.desk.sessions.begin() as db:
        if not reports.settle_by_staff(db, number, arrived=arrived, at=visit.now):
            abort(404)
        visit.note(db, "settle delivery", str(number), "arrived" if arrived else "lost")
    visit.say("delivery_settled")
    return to("pushes")


def _done(
    visit: Visit, number: int, act: str, said: str, work: Act, detail: str = "", late: str = "push_too_late"
) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        done = work(db)
        if done:
            visit.note(db, act, str(number), detail)
    visit.say(said if done else late, "good" if done else "bad")
    return to("pushes")
