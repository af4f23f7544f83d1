"""An empty Debian with systemd, booted in a container of its own; needs root, debootstrap and systemd-nspawn."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RELEASE = "bookworm"
CACHE = Path(os.environ.get("DEPLOY_CACHE", "/var/tmp/park-bot-deploy"))
TOOLS = ("debootstrap", "systemd-nspawn", "nsenter")
PACKAGES = "debootstrap systemd-container"
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
PASSED_ON = ("/etc/apt/sources.list.d/debian.sources", "/etc/ssl/certs/ca-certificates.crt")
"""How this machine reaches its packages, and whom it trusts: the empty one reaches them the same way."""
PIP = ("index-url", "cert")
"""What it is told of this machine's pip."""


class Missing(Exception):
    """This machine cannot do it; the message says what it lacks."""


@dataclass(frozen=True)
class Machine:
    """A running Debian: `root` is its file system seen from here, `leader` its first process."""

    root: Path
    leader: int

    def run(self, script: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run bash lines in it, as root; stops at the first that fails."""
        inside = ["nsenter", "--target", str(self.leader), "--all", "--root", "--wd"]
        given = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        settings = [f"{name}={value}" for name, value in {**given, **_pip(), **(environ or {})}.items()]
        command = [*inside, "env", "-i", *settings, "bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(command, capture_output=True, text=True, timeout=900)


def fresh_root(name: str) -> Path:
    """The files of an empty Debian, made once and copied."""
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() or lacking:
        raise Missing(f"needs root and {PACKAGES}")
    base = CACHE / "base"
    if not (base / "etc" / "os-release").exists():
        shutil.rmtree(base, ignore_errors=True)
        base.parent.mkdir(parents=True, exist_ok=True)
        include = "systemd,systemd-sysv,dbus,ca-certificates"
        subprocess.run(
            ["debootstrap", f"--include={include}", RELEASE, str(base), _mirror()],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    root = CACHE / f"{name}-{os.getpid()}"
    subprocess.run(["cp", "--archive", "--reflink=auto", str(base), str(root)], check=True)
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for path in filter(Path.exists, map(Path, PASSED_ON)):
        there = root / path.relative_to("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, there)
    return root


@cache
def _pip() -> dict[str, str]:
    """The settings of this machine's pip, as variables."""
    found = {}
    for name in PIP:
        asked = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", f"global.{name}"], capture_output=True, text=True
        )
        if value := asked.stdout.strip():
            found[f"PIP_{name.replace('-', '_').upper()}"] = value
    return found


def _mirror() -> str:
    lines = SOURCES.read_text(encoding="utf-8").splitlines() if SOURCES.exists() else []
    found = next((line.split()[1] for line in lines if line.startswith("URIs:")), None)
    if found is None:
        raise Missing(f"needs {SOURCES} to know where packages come from")
    return found


@contextlib.contextmanager
def booted(root: Path, binds: Mapping[Path, str]) -> Iterator[Machine]:
    """Boot it; `binds` shows folders of this machine inside, read-only. It shares our network."""
    options = [f"--bind-ro={here}:{there}" for here, there in binds.items()]
    command = [
        "systemd-nspawn",
        "--quiet",
        "--directory",
        str(root),
        "--boot",
        "--console=pipe",
        "--register=no",
        "--keep-unit",
    ]
    with (root.parent / f"{root.name}.log").open("wb") as log:
        outer = subprocess.Popen([*command, *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield _up(root, outer)
    finally:
        outer.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            outer.wait(20)
        outer.kill()
        outer.wait()
        shutil.rmtree(root, ignore_errors=True)


def _up(root: Path, outer: subprocess.Popen[bytes], seconds: float = 180) -> Machine:
    until = time.monotonic() + seconds
    while time.monotonic() < until and outer.poll() is None:
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        for child in children:
            machine = Machine(root, int(child))
            if (
                machine.run(
                    "systemctl is-system-running --wait >/dev/null || systemctl is-system-running | grep -q degraded"
                ).returncode
                == 0
            ):
                return machine
        time.sleep(0.5)
    raise Missing(f"systemd did not come up; see {root.parent / f'{root.name}.log'}")
