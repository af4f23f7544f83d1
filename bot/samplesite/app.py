"""The pages of the sample site: list, article, category, feed, API, and a form to publish."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from flask import Flask, Response, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.samplesite.posts import Post, Posts

PER_PAGE = 10
SHANGHAI = ZoneInfo("Asia/Shanghai")


def create_app(posts: Posts, *, api: bool = False) -> Flask:
    """The site over `posts`; `api` switches Z-Blog's JSON API on (it is off by default there, too)."""
    app = Flask(__name__)
    app.add_template_filter(paragraphs)
    app.add_template_filter(_day, "day")
    app.jinja_env.globals["categories"] = lambda: posts.categories
    _reading(app, posts)
    _machines(app, posts, api=api)
    _publishing(app, posts)
    return app


def paragraphs(body: str) -> list[str]:
    return [line.strip() for line in body.split("\n") if line.strip()]


def _day(post: Post) -> str:
    return datetime.fromtimestamp(post.published, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _reading(app: Flask, posts: Posts) -> None:
    @app.get("/")
    @app.get("/index.php/page_<int:page>.html")
    def index(page: int = 1) -> str:
        return _listed(posts.all(), page, "")

    @app.get("/index.php/category/<name>")
    def category(name: str) -> str:
        return _listed(posts.all(name), 1, name)

    @app.get("/index.php/post/<int:post_id>.html")
    def post(post_id: int) -> str:
        found = posts.get(post_id) or abort(404)
        others = [one for one in posts.all(found.category) if one.id != found.id][:5]
        return render_template("post.html", post=found, others=others)

    @app.get("/picture/<int:post_id>.svg")
    def picture(post_id: int) -> Response:
        found = posts.get(post_id) or abort(404)
        hue = int(hashlib.sha256(found.category.encode()).hexdigest(), 16) % 360
        return Response(render_template("picture.svg", post=found, hue=hue), mimetype="image/svg+xml")


def _listed(found: list[Post], page: int, name: str) -> str:
    pages = range(1, (len(found) - 1) // PER_PAGE + 2)
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    return render_template("index.html", posts=shown, page=page, pages=pages, category=name)


def _machines(app: Flask, posts: Posts, *, api: bool) -> None:
    @app.get("/feed.php")
    def feed() -> Response:
        newest = [(one, format_datetime(datetime.fromtimestamp(one.published, UTC))) for one in posts.all()[:10]]
        return Response(render_template("feed.xml", posts=newest), mimetype="application/rss+xml")

    @app.get("/robots.txt")
    def robots() -> Response:
        return Response("User-agent: *\nDisallow: /publish\n", mimetype="text/plain")

    @app.get("/zb_system/api.php")
    def zblog_api() -> ResponseReturnValue:
        if not api:
            return jsonify(code=503, message="API is off", data=None), 503
        page, each = request.args.get("page", 1, int), min(50, request.args.get("perpage", 10, int))
        found = posts.all()
        rows = [_api_row(one) for one in found[(page - 1) * each : page * each]]
        bar = {"AllCount": len(found), "PageAll": (len(found) - 1) // each + 1, "PageNow": page}
        return jsonify(code=200, message="OK", data={"list": rows, "pagebar": bar})


def _api_row(post: Post) -> dict[str, object]:
    return {
        "ID": post.id,
        "Type": 0,
        "Status": 0,
        "Title": post.title,
        "Content": render_template("body.html", post=post),
        "PostTime": post.published,
        "UpdateTime": post.published,
        "Url": url_for("post", post_id=post.id, _external=True),
        "TagsName": "",
        "Category": {"Name": post.category},
    }


def _publishing(app: Flask, posts: Posts) -> None:
    @app.get("/publish")
    def form() -> str:
        return render_template("publish.html", post=None)

    @app.get("/publish/<int:post_id>")
    def edit(post_id: int) -> str:
        return render_template("publish.html", post=posts.get(post_id) or abort(404))

    @app.post("/publish")
    def publish() -> ResponseReturnValue:
        said = _said()
        made = posts.publish(*said) if all(said) else abort(400)
        return redirect(url_for("post", post_id=made.id))

    @app.post("/publish/<int:post_id>")
    def change(post_id: int) -> ResponseReturnValue:
        if posts.get(post_id) is None:
            abort(404)
        if request.form.get("deed") == "delete":
            posts.delete(post_id)
            return redirect(url_for("index"))
        posts.change(post_id, *_said())
        return redirect(url_for("post", post_id=post_id))


def _said() -> tuple[str, str, str]:
    title, category, body = (request.form.get(name, "").strip() for name in ("title", "category", "body"))
    return title, category, body
