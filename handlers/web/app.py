"""The Flask application: each door is a blueprint that takes just what it needs."""

from __future__ import annotations

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from bot.commands import tracing
from handlers.web.form import FormPage, form_door
from handlers.web.health import Health, health_door
from handlers.web.staff import Desk, desk_door
from handlers.web.webhook import BODY_CAP, Webhook, receiving, webhook_door


def create_app(webhook: Webhook, health: Health, desk: Desk, form: FormPage, proxies: int = 0) -> Flask:
    """proxies: how many in front of us say where a request came from; their word is believed, nobody else's."""
    app = Flask(__name__, static_folder=None)
    app.wsgi_app = receiving(webhook, app.wsgi_app)  # type: ignore[assignment, method-assign]
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.config["MAX_CONTENT_LENGTH"] = BODY_CAP
    _number_requests(app)
    app.register_blueprint(webhook_door(webhook))
    app.register_blueprint(health_door(health))
    desk_door(app, desk)
    form_door(app, form)
    return app


def _number_requests(app: Flask) -> None:
    """Every line that is logged for a request has its number, and who asked is told it."""

    @app.before_request
    def begin() -> None:
        g.request_id = tracing.begin(request.headers.get("X-Request-Id", ""))

    @app.after_request
    def tell(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        tracing.end()
