"""Lets no answer take longer than the platform waits; what comes too late still reaches the follower."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue

from bot.adapters.conversations import Conversations, Held, Lost, Occupied, Unavailable
from bot.dialogue.message import Message
from bot.dialogue.reply import Reply

log = logging.getLogger(__name__)

CUT = timedelta(seconds=4.5)
"""The platform waits 5 s; half a second is for the way."""

TRIES_OVER = timedelta(seconds=16)
"""After the first try the platform asks again twice, every 5 s."""

GIVEN_UP = timedelta(minutes=2)
"""A conversation is held no longer for an answer that does not come."""

AT_ONCE = 8
"""Messages of one follower in this process; more than that only wait for each other."""

_BEAT_S = 0.5
_IDLE_S = 30.0

Answer = Callable[[Message, str | None, Callable[[Held], None]], Reply]
Send = Callable[[str, Reply], bool]
"""Send to a follower by themselves; whether it (perhaps) arrived."""


class Cut(Exception):
    """The answer takes too long; it is still being worked on."""


@dataclass(eq=False, slots=True)
class _Work:
    """One message being answered. `done` is locked until it is. context: the caller's, so that log lines tell whose."""

    message: Message
    nonce: str | None
    began: float = field(default_factory=time.monotonic)
    done: threading.Lock = field(default_factory=threading.Lock)
    held: Held | None = None
    reply: Reply | None = None
    error: BaseException | None = None
    noted: bool = False
    context: Context = field(default_factory=copy_context)

    def __post_init__(self) -> None:
        self.done.acquire()

    def take(self, held: Held) -> None:
        self.held = held

    @property
    def is_done(self) -> bool:
        return not self.done.locked()

    def is_older_than(self, span: timedelta) -> bool:
        return time.monotonic() - self.began > span.total_seconds()


class Deadline:
    """Answers each message in a thread that may go on after the caller was sent away.

    send: a message outside of a reply, where the account may send any; otherwise the answer waits for the next message.
    threads: how many messages may be worked on at once, the stuck ones among them.
    """

    def __init__(
        self,
        answer: Answer,
        conversations: Conversations,
        send: Send = lambda _openid, _reply: False,
        threads: int = 64,
        cut: timedelta = CUT,
        tries_over: timedelta = TRIES_OVER,
    ) -> None:
        self._answer, self._conversations, self._send = answer, conversations, send
        self._cut, self._tries_over, self._most = cut.total_seconds(), tries_over, threads
        self._queue: SimpleQueue[_Work] = SimpleQueue()
        self._guard = threading.Lock()
        self._threads = self._idle = 0
        self._of_follower: Counter[str] = Counter()
        self._late: list[_Work] = []

    def answer(self, message: Message, nonce: str | None) -> Reply:
        """What Answering gives and raises; Cut when that takes too long, Occupied when there are too many at once."""
        work = _Work(message, nonce)
        self._begin(work)
        if not work.done.acquire(timeout=self._cut):
            self._watch(work)
            raise Cut(f"not answered in {self._cut} s")
        work.done.release()
        if work.reply is None:
            raise work.error or AssertionError("no answer")
        return work.reply

    # The threads that work

    def _begin(self, work: _Work) -> None:
        with self._guard:
            if self._of_follower[work.message.openid] >= AT_ONCE:
                raise Occupied("too many messages of this follower at once")
            if not self._idle and self._threads >= self._most:
                raise Occupied("too many messages at once")
            self._of_follower[work.message.openid] += 1
            if self._idle:
                self._idle -= 1
            else:
                self._threads += 1
                threading.Thread(target=self._work, name="answer", daemon=True).start()
        self._queue.put(work)

    def _work(self) -> None:
        while True:
            try:
                work = self._queue.get(timeout=_IDLE_S)
            except Empty:
                with self._guard:
                    if not self._idle:  # somebody counts on this thread already
                        continue
                    self._idle -= 1
                    self._threads -= 1
                    return
            self._do(work)

    def _do(self, work: _Work) -> None:
        try:
            work.reply = work.context.run(self._answer, work.message, work.nonce, work.take)
        except BaseException as error:  # noqa: BLE001 - the caller gets it
            work.error = error
        with self._guard:
            self._idle += 1
            self._of_follower[work.message.openid] -= 1
            if not self._of_follower[work.message.openid]:
                del self._of_follower[work.message.openid]
        work.done.release()

    # What comes too late

    def _watch(self, work: _Work) -> None:
        log.warning("an answer is late", extra={"kind": type(work.message.content).__name__})
        with self._guard:
            self._late.append(work)
            if len(self._late) == 1:
                threading.Thread(target=self._watch_late, name="late answers", daemon=True).start()

    def _watch_late(self) -> None:
        """Until nothing is late any more."""
        while True:
            for work in tuple(self._late):
                try:
                    over = self._look_after(work)
                except (Unavailable, Occupied, Lost):
                    over = work.is_older_than(GIVEN_UP)
                if over:
                    with self._guard:
                        self._late.remove(work)
                        if not self._late:
                            return
            time.sleep(_BEAT_S)

    def _look_after(self, work: _Work) -> bool:
        """Whether nothing is left to do for it."""
        if not work.noted:
            if work.held is None and not work.is_done:
                return work.is_older_than(GIVEN_UP)
            self._conversations.note_late(work.message.openid, work.message.key)
            work.noted = True
        if not work.is_done:
            if work.held is not None:
                work.held.extend()
            return work.is_older_than(GIVEN_UP)
        if work.reply is None:
            log.error("a late answer failed", exc_info=work.error)
            return True
        return work.is_older_than(self._tries_over) and self._deliver(work.message, work.reply)

    def _deliver(self, message: Message, reply: Reply) -> bool:
        """Unless a repeat got it: by a message of our own, else with the next reply."""
        openid, key = message.openid, message.key
        if not self._conversations.take_late(openid, key):
            return True
        if self._sent(openid, reply):
            return True
        try:
            self._conversations.owe(openid, key, reply, timedelta(seconds=4))
        except (Unavailable, Occupied, Lost):
            with suppress(Unavailable):
                self._conversations.note_late(openid, key)
            raise
        return True

    def _sent(self, openid: str, reply: Reply) -> bool:
        try:
            return self._send(openid, reply)
        except Exception:  # whatever is wrong with that way, the other one is left
            log.exception("a late answer could not be sent")
            return False
