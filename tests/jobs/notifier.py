"""A notifier as a process of its own, to be killed: python notifier.py DATABASE_URL ROBOT_URL."""

from __future__ import annotations

import sys
import time

from bot.adapters.staff.wecom import WeCom
from bot.adapters.vault import Vault
from bot.store.base import sessions
from jobs import notify
from jobs.notice import Facts


def numbers(facts: Facts) -> str:
    """Of the lead, or of all that share a message."""
    return " ".join(one.number for one in facts.together) or facts.number


if __name__ == "__main__":
    store = sessions(sys.argv[1])
    while True:
        notify.deliver_due(store, Vault(bytes(range(32))), {"wecom": WeCom(sys.argv[2])}, numbers)
        time.sleep(0.05)
