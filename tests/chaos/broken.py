"""The web part with one promise broken, to show that the chaos would notice. Never part of the product.

CHAOS_BREAK=dedupe: every repeat is handled as if it were new. CHAOS_BREAK=late-commit: reply first, rows a second later.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

from flask import Flask

from bot.adapters.conversations import Held
from bot.answering import Answering
from bot.commands import logs
from bot.store import inbox
from bot.store.leads import Lead, LeadPhone
from handlers.web import main as web


def app() -> Flask:
    logs.set_up()
    {"dedupe": _without_dedupe, "late-commit": _with_late_commit}[os.environ["CHAOS_BREAK"]]()
    return web.app()


def _without_dedupe() -> None:
    """Neither Redis nor the database knows a message again, nor a person."""
    import itertools

    from bot.store import leads

    numbers = itertools.count(1)
    Held.answered = property(lambda self: None)  # type: ignore[assignment,method-assign]
    inbox.is_first = lambda *_: True
    leads._open = lambda *_: None
    create = leads._create

    def another(session: Any, secrets: Any, message: Any, effect: Any) -> Any:
        from dataclasses import replace

        own = f"{next(numbers)}-{os.getpid()}-{time.monotonic_ns() % 10**9}"
        number = f"{effect.number}-{own}"[-32:]
        said, handed_in = replace(message, key=f"{message.key}{own}"), replace(effect, number=number)
        return create(session, secrets, said, handed_in)

    leads._create = another
    assert Lead
    assert LeadPhone


def _with_late_commit() -> None:
    commit = Answering._commit

    def later(self: Answering, message: Any, turn: Any) -> bytes:
        def work() -> None:
            time.sleep(1.0)
            commit(self, message, turn)

        threading.Thread(target=work, daemon=True).start()
        return b""

    Answering._commit = later  # type: ignore[method-assign]


def main() -> None:
    from bot import wiring
    from config.settings import read

    wiring.migrate(read(os.environ))
    options = "--interface wsgi --workers 1 --blocking-threads 32 --no-ws --log-level error --factory --respawn-failed-workers"
    command = [
        sys.executable,
        "-m",
        "granian",
        *options.split(),
        "--port",
        os.environ["PORT"],
        "tests.chaos.broken:app",
    ]
    # Instead of this process, not under it: what is killed is then what serves, and nothing stays behind.
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
