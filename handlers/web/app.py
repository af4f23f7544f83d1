"""The Flask application: each door is a blueprint that takes just what it needs."""

from __future__ import annotations

from flask import Flask

from handlers.web.form import FormPage, form_door
from handlers.web.health import Health, health_door
from handlers.web.staff import Desk, desk_door
from handlers.web.webhook import Webhook, webhook_door

BODY_CAP = 1 << 20
"""Bytes; the platform's own messages are a few kilobytes."""


def create_app(webhook: Webhook, health: Health, desk: Desk, form: FormPage) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_CAP
    app.register_blueprint(webhook_door(webhook))
    app.register_blueprint(health_door(health))
    desk_door(app, desk)
    form_door(app, form)
    return app
