"""Writes talk, and who wrote when, into rows a few times a second: an answer to a follower waits for no disk."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from bot.store import erasures, followers, talks
from bot.store.base import Sessions
from bot.store.followers import HEARD_STEP
from bot.store.secrets import Secrets
from bot.store.talks import FOLLOWER, Line

log = logging.getLogger(__name__)

EVERY_S = 0.25
MOST = 5000
"""Lines that wait; with a database that is away for long the oldest go."""

MESSAGES = frozenset({"text", "image", "voice", "video", "location", "link"})
"""Kinds that the platform counts as a message of the follower: taps of the menu, scans and the like open no 48 hours."""

REMEMBERED = 50_000
"""Followers of whom a process knows that it has just written down when they wrote."""


class TalkLog:
    """What is noted is written within EVERY_S seconds, or when it is closed."""

    def __init__(self, sessions: Sessions, secrets: Secrets) -> None:
        self._sessions, self._secrets = sessions, secrets
        self._waiting: deque[Line] = deque(maxlen=MOST)
        self._heard: dict[str, datetime] = {}
        self._noted = threading.Event()
        self._closed = threading.Event()
        self._writing = threading.Lock()  # whoever closes it meets the thread that writes

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
            moments = self._moments(kept)
            if moments:
                followers.heard_all(session, moments)
        self._remember(moments)
        return len(kept)

    def _moments(self, lines: Iterable[Line]) -> dict[str, datetime]:
        """When each of them wrote last, of those who were not heard a moment ago. In one order, for two processes may
        write of the same ones at once."""
        wrote = {line.openid: line.at for line in lines if line.who == FOLLOWER and line.kind in MESSAGES}
        before = self._heard
        return {who: at for who, at in sorted(wrote.items()) if who not in before or at - before[who] > HEARD_STEP}

    def _remember(self, moments: dict[str, datetime]) -> None:
        if len(self._heard) + len(moments) > REMEMBERED:
            self._heard.clear()
        self._heard.update(moments)

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
            with self._writing:
                self.write()
        except Exception:  # talk is good to have; leads and answers do not depend on it
            log.exception("talk could not be kept")
