"""What the WSGI server loads in each web process."""

from __future__ import annotations

import os

from flask import Flask

from bot import wiring
from bot.commands import logs
from config.settings import read
from handlers.routes import answer
from handlers.web.app import create_app
from handlers.web.health import Health
from handlers.web.webhook import Webhook


def app() -> Flask:
    logs.set_up()
    return make(wiring.front(read(os.environ), answer))


def make(front: wiring.Front) -> Flask:
    """The application on a wired front; tests hand in one of their own."""
    webhook = Webhook(front.callback, front.answering.answer, front.refused, front.replayed, front.apology)
    return create_app(webhook, Health(front.checks))
