"""The steps of docs/deploy/Dockerfile, taken without Docker: files copied, commands run, the user's processes started."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.debian import Machine, Missing, booted, fresh_root

DOCKERFILE = Path("docs/deploy/Dockerfile")
PYTHON = "/usr/local/py/bin"
"""Where our stand-in for the base image has its Python."""
BASE = re.compile(r"python:3\.11-slim-bookworm")


@dataclass
class Image:
    """What the instructions so far have made."""

    workdir: str = "/"
    user: str = "root"
    environ: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """(instruction, arguments) with continued lines joined and comments left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(name.upper(), rest.strip()) for name, _, rest in (line.partition(" ") for line in joined.splitlines())]


def build(source: Path) -> None:
    """Follow every instruction on an empty Debian, then start the image's command far enough to name its settings."""
    image = Image()
    with booted(fresh_root("image"), {source: "/context"}) as machine:
        _do(
            machine,
            f"apt-get update -q && apt-get install -q --yes --no-install-recommends python3-venv && python3 -m venv {PYTHON.removesuffix('/bin')}",
        )
        for name, rest in instructions((source / DOCKERFILE).read_text(encoding="utf-8")):
            _step(machine, image, name, rest)
        said = machine.run(_as_user(image, " ".join(image.command)))
        assert "WECHAT_APP_ID is missing" in said.stderr, said.stderr


def _step(machine: Machine, image: Image, name: str, rest: str) -> None:
    match name:
        case "FROM":
            if not BASE.fullmatch(rest):
                raise Missing(f"the check stands in for {BASE.pattern} only")
        case "ENV":
            image.environ |= dict(pair.split("=", 1) for pair in rest.split())
        case "WORKDIR":
            image.workdir = rest
            _do(machine, f"mkdir -p {rest}")
        case "COPY":
            here, there = rest.split()
            _do(
                machine, f"mkdir -p $(dirname {image.workdir}/{there}) && cp -r /context/{here} {image.workdir}/{there}"
            )
        case "RUN":
            _do(machine, _as_user(image, rest))
        case "USER":
            image.user = rest
        case "CMD":
            image.command = json.loads(rest)
        case "VOLUME" | "EXPOSE" | "HEALTHCHECK":
            pass
        case _:
            raise Missing(f"the check does not know the instruction {name}")


def _as_user(image: Image, command: str) -> str:
    settings = " ".join(f"{name}='{value}'" for name, value in image.environ.items())
    return f'cd {image.workdir} && runuser -u {image.user} -- env {settings} PATH={PYTHON}:$PATH sh -c "{command}"'


def _do(machine: Machine, script: str) -> None:
    done = machine.run(script)
    assert done.returncode == 0, f"{script}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
