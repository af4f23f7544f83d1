"""Secrets are searched for byte by byte in what processes write, in what they answer, and in the list of processes."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.conftest import free_port, redis_server

SECRETS = {
    "WECHAT_APP_SECRET": "5ecretOfTheAccount77",
    "WECHAT_TOKEN": "t0kenOfTheCallback77",
    "WECHAT_AES_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "SECRET_KEY": "5ecretOfTheDeskAndItsForms",
    "DATA_KEY": base64.b64encode(bytes(range(100, 132))).decode(),
}
INSIDE = ("robotKey77", "databasePassw0rd", "redisPassw0rd", "mailPassw0rd", "dingSecret77")
"""Parts of addresses that are secrets, too."""

FORBIDDEN = (*SECRETS.values(), *INSIDE, "13800007788")
DEAD = "127.0.0.1:9"


@dataclass
class Ran:
    """Everything a process and its children wrote, and how they were called."""

    written: bytes = b""
    called: list[bytes] = field(default_factory=list)

    def holds(self) -> list[str]:
        places = (self.written, *self.called)
        return [secret for secret in FORBIDDEN if any(secret.encode() in place for place in places)]


def _environ(folder: Path, redis_url: str, database_url: str, port: int) -> dict[str, str]:
    return {
        **SECRETS,
        "WECHAT_APP_ID": "wx1234567890abcdef",
        "WECHAT_ACCOUNT": "service",
        "WECHAT_API_BASE": f"http://{DEAD}",
        "WECOM_ROBOT_URL": f"http://{DEAD}/cgi-bin/webhook/send?key=robotKey77",
        "DINGTALK_ROBOT_URL": f"http://{DEAD}/robot/send?access_token=robotKey77",
        "DINGTALK_SECRET": "dingSecret77",
        "SMTP_URL": f"smtp://staff:mailPassw0rd@{DEAD}",
        "MAIL_FROM": "bot@site.example",
        "MAIL_TO": "staff@site.example",
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "WEB_WORKERS": "1",
        "PYTHONUNBUFFERED": "1",
    }


@contextlib.contextmanager
def _running(part: str, environ: dict[str, str], ran: Ran, folder: Path) -> Iterator[None]:
    log = folder / f"{part}.out"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "bot", part]
        process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=out, stderr=out)
        try:
            yield
            ran.called += [_called(one) for one in _family(process.pid)]
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait(10)
    ran.written += log.read_bytes()


def _family(parent: int) -> list[int]:
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return []
    return [parent, *(one for child in children for one in _family(int(child)))]


def _called(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _answers(port: int) -> bytes:
    """What strangers are told at every door, also where something is wrong."""
    told = b""
    asked: tuple[tuple[str, bytes | None], ...] = (
        ("/healthz", None), ("/readyz", None), ("/metrics", None), ("/wechat?signature=x&timestamp=1&nonce=2&echostr=3", None),
        ("/wechat?signature=x", b"<xml><Content>13800007788</Content>"), ("/wechat", b"\x00" * 99), ("/staff/in", None),
        ("/form/13800007788", None), ("/a/x", None), ("/nothing", None),
    )  # fmt: skip
    for path, body in asked:
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}{path}", data=body), timeout=10) as answer:
                told += answer.read() + str(answer.headers).encode()
        except HTTPError as refused:
            told += refused.read() + str(refused.headers).encode()
    return told


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(HTTPError, URLError, OSError), urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError("the web part did not start")


def test_nothing_secret_is_written_answered_or_seen_in_the_list_of_processes(tmp_path: Path) -> None:
    ran, port = Ran(), free_port()
    with redis_server(tmp_path) as redis_url:
        environ = _environ(tmp_path, redis_url, f"sqlite:///{tmp_path / 'bot.db'}", port)
        with _running("web", environ, ran, tmp_path):
            _wait(port)
            ran.written += _answers(port)
            with _running("worker", environ, ran, tmp_path), _running("clock", environ, ran, tmp_path):
                time.sleep(5)
    assert b"callback refused" in ran.written
    assert len(ran.called) >= 3
    assert ran.holds() == []


@pytest.mark.parametrize("command", ["web", "worker", "doctor", "ingest"])
def test_nothing_secret_is_written_where_everything_is_away(tmp_path: Path, command: str) -> None:
    redis_url, database_url = f"redis://:redisPassw0rd@{DEAD}/0", f"postgresql://bot:databasePassw0rd@{DEAD}/bot"
    environ = _environ(tmp_path, redis_url, database_url, free_port()) | {"SITE_URL": f"http://{DEAD}"}
    written = _written(command, environ)
    assert written
    assert Ran(written).holds() == []


def _written(command: str, environ: dict[str, str], seconds: float = 12) -> bytes:
    """All it says before it ends, or in so many seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", command],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate(timeout=10)[0]


def test_a_wrong_setting_is_named_without_what_it_holds(tmp_path: Path) -> None:
    environ = _environ(tmp_path, "not-an-address-redisPassw0rd", "nonsense://bot:databasePassw0rd@x/y", 8000)
    environ |= {"DATA_KEY": "dGhpcyBpcyBubyBrZXk=", "SECRET_KEY": "hunter2", "WECHAT_TOKEN": "t0ken of 77!"}
    environ |= {"WECHAT_AES_KEY": "too-short-a-key", "WECHAT_APP_SECRET": "5hort"}
    written = _written("web", environ)
    assert b"WECHAT_AES_KEY" in written
    values = ("dGhpcyBpcyBubyBrZXk=", "hunter2", "t0ken of 77!", "too-short-a-key", "5hort")
    assert Ran(written).holds() == []
    assert [value for value in values if value.encode() in written] == []


def test_a_secret_that_is_written_would_be_found() -> None:
    assert Ran(b"... databasePassw0rd ...").holds() == ["databasePassw0rd"]
    assert Ran(called=[b"psql\0--password\0redisPassw0rd"]).holds() == ["redisPassw0rd"]
