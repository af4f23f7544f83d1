"""What the webhook is compared with: WeRoBot saying hello in plain mode, and a bare echo on wechatpy in safe mode."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, request

from tests.bench.requests import AES_KEY, APP_ID, TOKEN


def werobot_hello() -> Any:
    """Sessions in Redis, everything else as WeRoBot's documentation shows it."""
    import redis
    import werobot
    from werobot.session.redisstorage import RedisStorage

    robot = werobot.WeRoBot(token=TOKEN, enable_session=True)
    robot.config["SESSION_STORAGE"] = RedisStorage(redis.Redis.from_url(os.environ["REDIS_URL"]), prefix="ws_")

    @robot.text  # type: ignore[untyped-decorator]
    def hello(message: Any, session: Any) -> str:
        session["count"] = session.get("count", 0) + 1
        return "Hello World!"

    from bottle import Bottle
    from werobot.contrib.bottle import make_view

    app = Bottle()
    app.route("/wechat", ["GET", "POST"], make_view(robot))
    app.route("/", "GET", lambda: "ok")
    return app


def wechatpy_echo() -> Flask:
    """As wechatpy's documentation shows it: verify, decrypt, parse, reply, encrypt. No state, no look-ups."""
    from wechatpy import create_reply, parse_message
    from wechatpy.crypto import WeChatCrypto

    app = Flask(__name__)
    crypto = WeChatCrypto(TOKEN, AES_KEY, APP_ID)

    @app.get("/")
    def home() -> str:
        return "ok"

    @app.post("/wechat")
    def echo() -> str:
        query = request.args
        signed = (query["msg_signature"], query["timestamp"], query["nonce"])
        message = parse_message(crypto.decrypt_message(request.get_data(), *signed))
        sealed: str = crypto.encrypt_message(
            create_reply(message.content, message).render(), query["nonce"], query["timestamp"]
        )
        return sealed

    return app
