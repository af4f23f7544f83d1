"""Where the processor time of one message goes, station by station, in one process.

python -m tests.bench.stations [--articles N] [--messages N] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import io
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot import wiring
from bot.search.articles import IndexedArticles
from config.settings import read
from handlers.routes import answer
from handlers.web.main import make
from tests.bench import requests, world

SEARCH = "4a of it search"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stations", description=__doc__)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--profile", action="store_true", help="which functions take the time")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, world.environment(Path(name)) as environ:
        world.prepared(environ, chosen.articles, 0).redis.close()
        front = wiring.front(read(environ), answer)
        if chosen.profile:
            _profile(front, chosen.messages)
        else:
            _stations(front, chosen.messages)
    return 0


def _messages(count: int, seed: int) -> list[requests.Request]:
    return [one for script in requests.scripts(count // 10, seed, 1) for one in script]


def _stations(front: wiring.Front, count: int) -> None:
    times = _watched(front)
    post = _poster(make(front))
    for one in _messages(200, 6):
        post(one.wire)
    times.clear()
    sent = _messages(count, 7)
    began, spent = time.perf_counter(), time.process_time()
    kinds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in sent:
        before, searched = time.process_time(), sum(times[SEARCH])
        post(one.wire)
        kinds[one.kind].append((time.process_time() - before, sum(times[SEARCH]) - searched))
    whole, worked = time.perf_counter() - began, time.process_time() - spent
    print(
        f"{len(sent)} messages, each {whole / len(sent) * 1e6:.0f} us, of which {worked / len(sent) * 1e6:.0f} us of CPU"
    )
    for station, spans in sorted(times.items()):
        each = statistics.median(spans) * 1e6
        print(f"  {station:28} {len(spans):6} times  median {each:6.0f} us of CPU in its thread")
    print("kinds: CPU of the whole process, background threads included, and how much of it is the search")
    for kind, each_one in sorted(kinds.items()):
        whole_cpu, search_cpu = (statistics.mean(part) * 1e6 for part in zip(*each_one, strict=True))
        print(f"  {kind:28} {len(each_one):6} times  mean {whole_cpu:6.0f} us, search {search_cpu:6.0f} us")
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


def _profile(front: wiring.Front, count: int) -> None:
    """By CPU time, so that a busy machine does not show."""
    now = datetime.now(UTC)
    opened = [front.callback.open(*_parts(one.wire), now) for one in _messages(count, 8)]
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    for one in opened:
        front.answering.answer(one.message, None)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)


def _parts(wire: bytes) -> tuple[dict[str, str], bytes]:
    head, body = wire.split(b"\r\n\r\n", 1)
    return dict(parse_qsl(urlsplit(head.split(b" ", 2)[1].decode()).query)), body


def _poster(app: Any) -> Callable[[bytes], None]:
    """The WSGI call as the server makes it."""

    def post(wire: bytes) -> None:
        head, body = wire.split(b"\r\n\r\n", 1)
        path, _, query = head.split(b" ", 2)[1].decode().partition("?")
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "text/xml",
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "x",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        b"".join(app.wsgi_app(environ, lambda *_: None))

    return post


def _watched(front: wiring.Front) -> dict[str, list[float]]:
    """Processor time spent in each station; those further in are part of those further out."""
    times: dict[str, list[float]] = defaultdict(list)

    def watch(owner: Any, name: str, station: str) -> None:
        inner = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.thread_time()
            try:
                return inner(*args, **kwargs)
            finally:
                times[station].append(time.thread_time() - began)

        if isinstance(owner, type):
            setattr(owner, name, timed)
        else:
            object.__setattr__(owner, name, timed)

    watch(front.callback, "open", "1 callback opened")
    watch(front, "answer", "2 answer with deadline")
    watch(front.answering, "router", "4 routes and handlers")
    watch(front.answering.conversations, "hold", "3 conversation held")
    watch(front.answering.conversations, "_put", "5 conversation kept")
    watch(front.answering.conversations, "_opened", "3a of it unsealed")
    watch(IndexedArticles, "search", SEARCH)
    return times


if __name__ == "__main__":
    sys.exit(main())
