"""A courier as a process of its own, to be killed: courier.py DATABASE REDIS PLATFORM APP_ID SECRET."""

from __future__ import annotations

import sys
import time

from bot.adapters.redis_scripts import connected
from bot.adapters.vault import Vault
from bot.adapters.wechat.client import Platform
from bot.adapters.wechat.quota import Ledger
from bot.adapters.wechat.token import TokenStore
from bot.store.base import sessions
from jobs import deliver, mass
from jobs.courier import Wording
from jobs.drafts import Layout

WORDS = Wording({"head": "「{topic}」", "line": "· {title}", "tail": "退订{topic}"}, {"chips": "芯片"})


def platform_of(redis_url: str, address: str, app_id: str, secret: str) -> Platform:
    tokens = TokenStore(connected(redis_url), Vault(bytes(range(32))), app_id)
    return Platform(app_id, secret, address, tokens, timeout=5.0)


def main(database: str, redis_url: str, address: str, app_id: str, secret: str) -> None:
    store, platform = sessions(database), platform_of(redis_url, address, app_id, secret)
    ledger = Ledger(connected(redis_url), app_id, is_service=True)
    while True:
        deliver.deliver_due(store, platform, ledger, WORDS)
        mass.deliver_due(store, platform, ledger, WORDS.names, Layout("原文：{url}"))
        time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
