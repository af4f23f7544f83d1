"""Sends prepared requests over kept connections, as many at once as there are connections, and notes every answer.

    python -m tests.bench.loader PORT CONNECTIONS SECONDS < pickled list of scripts > pickled Measured

One thread and no libraries: on a machine of two cores what the loader takes the server cannot have.
"""

from __future__ import annotations

import pickle
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

from tests.bench.requests import Request


@dataclass
class Answer:
    script: int
    number: int
    status: int
    body: bytes
    seconds: float


@dataclass
class Measured:
    """wall: seconds from the first request to the last answer. over: all scripts were sent before the time was up."""

    wall: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    over: bool = False


class Line:
    """One connection: sends a follower's requests one after another, then the next follower's."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.script = self.number = -1
        self.began = 0.0
        self.got = b""

    def send(self, wire: bytes) -> None:
        self.began, self.got = time.perf_counter(), b""
        self.socket.sendall(wire)

    def take(self) -> tuple[int, bytes] | None:
        """Status and body once the answer is whole."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server hung up")
        self.got += part
        head, found, body = self.got.partition(b"\r\n\r\n")
        if not found:
            return None
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return (int(head[9:12]), body) if len(body) >= length else None


def measure(port: int, connections: int, seconds: float, scripts: list[list[Request]]) -> Measured:
    chosen, done, nothing_left = selectors.DefaultSelector(), Measured(), iter(range(len(scripts)))
    began = time.perf_counter()
    lines = 0
    for _ in range(min(connections, len(scripts))):
        line = Line(port)
        chosen.register(line.socket, selectors.EVENT_READ, line)
        lines += _next(line, nothing_left, scripts, done)
    while lines:
        for key, _ in chosen.select():
            line = key.data
            answer = line.take()
            if answer is None:
                continue
            now = time.perf_counter()
            done.answers.append(Answer(line.script, line.number, *answer, now - line.began))
            if now - began > seconds or not _next(line, nothing_left, scripts, done):
                chosen.unregister(line.socket)
                lines -= 1
    done.wall = time.perf_counter() - began
    return done


def _next(line: Line, left: object, scripts: list[list[Request]], done: Measured) -> bool:
    if line.script < 0 or line.number + 1 >= len(scripts[line.script]):
        line.script, line.number = next(left, -1), -1  # type: ignore[call-overload]
        if line.script < 0:
            done.over = True
            return False
    line.number += 1
    line.send(scripts[line.script][line.number].wire)
    return True


def main() -> int:
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    scripts = pickle.load(sys.stdin.buffer)
    from tests.bench import loader  # under its own name, for whoever reads the pickle

    pickle.dump(loader.measure(port, connections, seconds, scripts), sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
