"""Starts what is measured, each on a Redis and a folder of its own, and looks at it from outside."""

from __future__ import annotations

import base64
import contextlib
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.error import URLError
from urllib.request import urlopen

import redis

from bot import wiring
from bot.adapters.kept import Kept
from bot.dialogue.conversation import Conversation, Listing
from bot.dialogue.reply import Words
from bot.search.builder import catch_up
from config.settings import read
from tests.bench import articles
from tests.bench.loader import Measured
from tests.bench.requests import AES_KEY, APP_ID, TOKEN, Request
from tests.conftest import free_port, redis_server

ROOT = Path(__file__).parents[2]
WORKERS, THREADS = 2, 32


@dataclass(frozen=True)
class Server:
    """Something that answers at /wechat. environ: what it was started with."""

    port: int
    process: subprocess.Popen[bytes]
    environ: Mapping[str, str]
    seconds_to_start: float

    def cpu(self) -> float:
        """Seconds of processor time that it has taken so far: unlike a rate, this is the same on a busy machine."""
        return sum(_cpu(pid) for pid in (self.process.pid, *_children(self.process.pid)))

    def memory(self) -> list[float]:
        """Megabytes that each serving process has for itself (PSS counts shared pages by their share)."""
        children = _children(self.process.pid)
        return sorted(_pss(pid) for pid in children or [self.process.pid])


@contextlib.contextmanager
def environment(folder: Path) -> Iterator[dict[str, str]]:
    """With a Redis of its own."""
    with redis_server(folder) as redis_url:
        yield {
            "WECHAT_APP_ID": APP_ID,
            "WECHAT_APP_SECRET": "not-a-real-secret",
            "WECHAT_TOKEN": TOKEN,
            "WECHAT_AES_KEY": AES_KEY,
            "WECHAT_WINDOW_SECONDS": "86400",
            "SECRET_KEY": "bench-secret-bench",
            "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
            "REDIS_URL": redis_url,
            "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "DATA_DIR": str(folder),
            "PORT": str(free_port()),
            "WEB_WORKERS": str(WORKERS),
            "FOLLOWER_BURST": "100000",
        }


@contextlib.contextmanager
def product(
    folder: Path, count: int, conversations: int = 0, environ: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Server]:
    """The whole web part with so many articles in its index and so many followers in its Redis."""
    with environment(folder) as usual:
        own = {**usual, **environ}
        made = prepared(own, count, conversations)
        port = int(own["PORT"])
        with started([sys.executable, "-m", "bot", "web"], port, own, "/readyz") as server:
            made.redis.close()
            yield server


def prepared(environ: Mapping[str, str], count: int, conversations: int) -> wiring.Base:
    settings = read(environ)
    wiring.migrate(settings)
    made = wiring.base(settings)
    if not (Path(settings.data_dir) / "index").exists():
        articles.fill(made.sessions, count)
        library = wiring.library_of(made)
        catch_up(library.index, library.changes)
        library.index.reload()
        library.calibrate()  # else answers would change while they are measured
    talk(made, range(conversations))
    return made


def talk_to(environ: Mapping[str, str], numbers: range) -> None:
    talk(wiring.base(read(environ)), numbers)


def talk(made: wiring.Base, numbers: range) -> None:
    """Followers in the middle of something, as Redis keeps them: a list shown, three answers, an hour ago."""
    listing = Listing("光模块产能扩张", tuple(range(1000, 1030)), 5)
    answers = {f"2400000000000{n}_1767225600_oRest": Words("为您找到这些文章，回复序号打开：" * 6) for n in range(3)}
    kept = Kept(Conversation(listing=listing, shown=tuple(range(1000, 1012))), answers).packed()
    client = redis.Redis.from_url(made.settings.redis_url)
    for start in range(0, len(numbers), 1000):
        pipe = client.pipeline(transaction=False)
        for number in numbers[start : start + 1000]:
            openid = f"oRest{number:023d}"
            pipe.set(f"c:{{{openid}}}", made.vault.seal(kept, "conversation"), px=604_800_000)
            pipe.hset(f"w:{{{openid}}}", mapping={"m": 1767225600, "mu": 0})
            pipe.pexpire(f"w:{{{openid}}}", 172_800_000)
        pipe.execute()
    client.close()


@contextlib.contextmanager
def baseline(name: str, folder: Path, path: str = "") -> Iterator[Server]:
    """An app of tests.bench.baselines on the same server; `path` is where packages lie that only it needs."""
    with redis_server(folder) as redis_url:
        port = free_port()
        python = ":".join(part for part in (str(ROOT), path) if part)
        environ = {"REDIS_URL": redis_url, "PYTHONPATH": python}
        options = (
            f"--interface wsgi --workers {WORKERS} --blocking-threads {THREADS} --no-ws --log-level error --factory"
        )
        command = [
            sys.executable,
            "-m",
            "granian",
            *options.split(),
            "--port",
            str(port),
            f"tests.bench.baselines:{name}",
        ]
        with started(command, port, environ, "/") as server:
            yield server


@contextlib.contextmanager
def started(command: list[str], port: int, environ: Mapping[str, str], ready: str) -> Iterator[Server]:
    began = time.perf_counter()
    with (Path(environ.get("DATA_DIR", "/tmp")) / "bench.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, stdout=log, stderr=log)
    try:
        _wait(port, ready)
        yield Server(port, process, environ, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, path: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with contextlib.suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
            return
        time.sleep(0.02)
    raise RuntimeError("the server did not start")


def load(port: int, scripts: list[list[Request]], connections: int, seconds: float) -> Measured:
    """By a process of its own."""
    command = [sys.executable, "-m", "tests.bench.loader", str(port), str(connections), str(seconds)]
    done = subprocess.run(command, cwd=ROOT, input=pickle.dumps(scripts), stdout=subprocess.PIPE, check=True)
    measured: Measured = pickle.loads(done.stdout)
    return measured


def _children(parent: int) -> list[int]:
    """The processes that serve: granian's workers, without helpers of multiprocessing."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in found if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _cpu(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
