"""The files of docs/deploy agree with the Procfile and with what the tools of their formats say."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.__main__ import GUIDE, UPGRADE, blocks
from tests.deploy.dockerfile import DOCKERFILE, instructions

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {name: command for name, _, command in (line.partition(": ") for line in lines)}


def test_compose_starts_what_the_procfile_names() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert {name: services[name]["command"] for name in procfile()} == procfile()


def test_units_start_what_the_procfile_names() -> None:
    started = {
        unit.name.removeprefix("park-bot-").removesuffix(".service").removesuffix("@"): re.search(
            r"^ExecStart=\S+/(.*)$", unit.read_text(), re.M
        )[1]  # type: ignore[index]
        for unit in DEPLOY.glob("*.service")
    }
    assert started == procfile()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in DEPLOY.glob("*.service"):
        name = unit.name.replace("@", "@8001")
        text = unit.read_text().replace("/opt/park-bot/.venv/bin/python", shutil.which("python3") or "")
        (tmp_path / name).write_text(text)
        (tmp_path / f"{name}.d").mkdir()
        shutil.copy(DEPLOY / "sandbox.conf", tmp_path / f"{name}.d")
    checked = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.glob("*.service"))], capture_output=True, text=True
    )
    ours = [line for line in checked.stderr.splitlines() if "park-bot" in line]
    assert ours == []


def test_the_dockerfile_has_no_known_faults() -> None:
    linter = shutil.which("hadolint", path=str(Path(shutil.which("python") or "").parent)) or str(
        ROOT / ".venv/bin/hadolint"
    )
    checked = subprocess.run(
        [linter, "--failure-threshold", "warning", str(ROOT / DOCKERFILE)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_the_dockerfile_copies_only_what_exists() -> None:
    copied = [
        rest.split()[0]
        for name, rest in instructions((ROOT / DOCKERFILE).read_text(encoding="utf-8"))
        if name == "COPY"
    ]
    assert copied and all((ROOT / path).exists() for path in copied)


def test_env_examples_name_only_settings_that_exist() -> None:
    settings = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    for example in (ROOT / ".env.example", DEPLOY / "env.example"):
        names = re.findall(r"^([A-Z_]+)=", example.read_text(encoding="utf-8"), re.M)
        assert [name for name in names if f'"{name}"' not in settings] == []


def test_the_address_that_nginx_tells_is_believed() -> None:
    """Else every caller has nginx's own address, and no stranger is ever shut out."""
    nginx, settings = ((DEPLOY / name).read_text(encoding="utf-8") for name in ("nginx.conf", "env.example"))
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert re.search(r"^TRUSTED_PROXIES=1$", settings, re.M)


def test_an_upgrade_brings_the_sandbox_along_and_a_call_it_refuses_kills_nobody() -> None:
    """Web processes that choose a core would else be killed at their start in the sandbox of an older version."""
    install, upgrade = GUIDE.read_text(encoding="utf-8").split(UPGRADE)
    for step in ("park-bot-*.service /etc/systemd/system/", '"/etc/systemd/system/$unit.service.d/sandbox.conf"'):
        assert step in install and step in upgrade
    sandbox = (DEPLOY / "sandbox.conf").read_text(encoding="utf-8")
    assert re.search(r"^SystemCallErrorNumber=EPERM$", sandbox, re.M)
    assert sandbox.rindex("SystemCallFilter=sched_setaffinity") > sandbox.index(
        "SystemCallFilter=~@privileged @resources"
    )


def test_the_guide_s_paths_exist() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    named = set(re.findall(r"/opt/park-bot/((?:docs|\.ci)/[\w./-]+)", text))
    assert named and all((ROOT / path).exists() for path in named if not path.endswith("park-bot-"))
    assert len(blocks(text)) >= 8
    assert UPGRADE in text
