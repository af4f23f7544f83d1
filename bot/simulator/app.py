"""The Flask application around a Simulator, and how to run one on a thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bot.simulator.account import Account
from bot.simulator.control import control
from bot.simulator.page import page
from bot.simulator.server import platform
from bot.simulator.world import Simulator

__all__ = ["Account", "Simulator", "create_app", "server", "serving"]


def create_app(simulator: Simulator) -> Flask:
    app = Flask(__name__)
    app.extensions["simulator"] = simulator
    app.config["MAX_CONTENT_LENGTH"] = 32 << 20
    app.register_blueprint(page)
    app.register_blueprint(control)
    app.register_blueprint(platform)
    return app


class _Quiet(WSGIRequestHandler):
    """Connections stay open between calls, small answers leave at once, nothing is printed: the wire shows it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def server(simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> BaseWSGIServer:
    """A threaded server, not yet serving. `server.server_port` is the port it got."""
    return make_server(host, port, create_app(simulator), threaded=True, request_handler=_Quiet)


@contextlib.contextmanager
def serving(simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The simulator on a thread of its own; gives its address."""
    running = server(simulator, host, port)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{running.server_port}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()
