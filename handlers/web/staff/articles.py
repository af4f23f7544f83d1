"""Articles: what came in lately, which topics and why, what staff say instead; and one written here."""

from __future__ import annotations

from datetime import datetime

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from bot.store import articles as store
from bot.store.base import reading
from handlers.web.staff.visit import Visit, counted, to

PAGE = 30
LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_BODY = 200, 500, 50_000
VERDICTS = {"yes": True, "no": False, "rules": None}


def articles(visit: Visit) -> ResponseReturnValue:
    """Newest first; `before` is the id of the last one of the page before."""
    before = request.args.get("before", 0, type=counted)
    with reading(visit.desk.sessions) as db:
        rows = store.latest(db, before, PAGE)
        return render_template(
            "staff/articles.html",
            rows=rows,
            why=store.reasons_of(db, [row.id for row in rows]),
            topics=visit.desk.topics,
            next=rows[-1].id if len(rows) == PAGE else 0,
        )


def decide(visit: Visit, number: int) -> ResponseReturnValue:
    """It belongs to a topic, or does not, whatever the rules think; or the rules decide again."""
    topic, verdict = request.form.get("topic", ""), request.form.get("verdict", "")
    if topic not in visit.desk.topics or verdict not in VERDICTS:
        abort(400)
    with visit.desk.sessions.begin() as db:
        if db.get(store.Article, number) is None:
            abort(404)
        store.decide_topic(db, number, topic, belongs=VERDICTS[verdict], reason=visit.name)
        visit.note(db, "article topic", str(number), f"{topic} {verdict}")
    visit.say("topic_decided")
    return to("articles")


def reword(visit: Visit, number: int) -> ResponseReturnValue:
    """Title and summary in other words than at the site; empty: as at the site."""
    most = {"title": LONGEST_TITLE, "summary": LONGEST_SUMMARY}
    words = {name: " ".join(request.form.get(name, "").split())[:size] for name, size in most.items()}
    with visit.desk.sessions.begin() as db:
        article = db.get(store.Article, number) or abort(404)
        if changed := store.reword(db, article, words):
            visit.note(db, "edit article", str(number), ", ".join(changed))
    visit.say("article_reworded")
    return to("articles")


def hide(visit: Visit, number: int) -> ResponseReturnValue:
    """From now on followers get it neither as an answer nor in a push."""
    return _set_hidden(visit, number, "hide article", visit.desk.now())


def show(visit: Visit, number: int) -> ResponseReturnValue:
    return _set_hidden(visit, number, "show article", None)


def _set_hidden(visit: Visit, number: int, act: str, since: datetime | None) -> ResponseReturnValue:
    with visit.desk.sessions.begin() as db:
        article = db.get(store.Article, number) or abort(404)
        if store.set_hidden(db, article, since):
            visit.note(db, act, str(number), article.title[:LONGEST_TITLE])
    visit.say("article_hidden" if since else "article_shown")
    return to("articles")


def write(visit: Visit) -> ResponseReturnValue:
    """An article of the firm's own, with a page here where it has none elsewhere."""
    given = {
        name: request.form.get(name, "").replace("\r", "").strip() for name in ("title", "category", "body", "url")
    }
    try:
        number, _ = visit.desk.write_article(
            given["title"][:LONGEST_TITLE], given["category"][:50], given["body"][:LONGEST_BODY], given["url"]
        )
    except ValueError:
        visit.say("article_incomplete", "bad")
        return to("articles")
    with visit.desk.sessions.begin() as db:
        visit.note(db, "write article", str(number), given["title"][:LONGEST_TITLE])
    visit.say("article_written")
    return to("articles")
