"""Writes talk into rows a few times a second: an answer to a follower waits for no disk on its account."""

from __future__ import annotations

import logging
import threading
from collections import deque

from bot.store import erasures, talks
from bot.store.base import Sessions
from bot.store.secrets import Secrets
from bot.store.talks import Line

log = logging.getLogger(__name__)

EVERY_S = 0.25
MOST = 5000
"""Lines that wait; with a database that is away for long the oldest go."""


class TalkLog:
    """What is noted is written within EVERY_S seconds, or when it is closed."""

    def __init__(self, sessions: Sessions, secrets: Secrets) -> None:
        self._sessions, self._secrets = sessions, secrets
        self._waiting: deque[Line] = deque(maxlen=MOST)
        self._noted = threading.Event()
        self._closed = threading.Event()

    def note(self, *lines: Line) -> None:
        self._waiting.extend(lines)
        self._noted.set()

    def write(self) -> int:
        """What waits goes into rows, but nothing of somebody who left or was erased since they said it."""
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not lines:
            return 0
        with self._sessions.begin() as session:
            gone = erasures.stones(session, self._secrets, {line.openid for line in lines})
            kept = [line for line in lines if line.openid not in gone or line.at > gone[line.openid]]
            talks.keep(session, self._secrets, kept)
        return len(kept)

    def keep_writing(self) -> None:
        threading.Thread(target=self._until_closed, name="talk log", daemon=True).start()

    def _until_closed(self) -> None:
        while not self._closed.is_set():
            self._noted.wait()
            self._closed.wait(EVERY_S)
            self._noted.clear()
            self._try()

    def close(self) -> None:
        """Write what waits, and no more after that."""
        self._closed.set()
        self._noted.set()
        self._try()

    def _try(self) -> None:
        try:
            self.write()
        except Exception:  # talk is good to have; leads and answers do not depend on it
            log.exception("talk could not be kept")
