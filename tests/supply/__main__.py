"""`make audit`: known holes and licences of what we build on. `make sbom`: the parts list, as CycloneDX."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / ".ci" / "runtime.lock"
SBOM = ROOT / "dist" / "sbom.json"
UNWANTED = re.compile(r"AGPL|Affero|(?<!L)GPL|(?<!Lesser )General Public|SSPL|Commons Clause", re.I)
"""A firm must be able to run and change this without giving its own code away."""
CHOICE = re.compile(r"\bMIT\b|\bBSD\b|\bApache\b|\bLGPL|Lesser General", re.I)
"""Where a package lets one choose, the free choice counts."""


def main(what: str) -> int:
    return {"audit": audit, "sbom": sbom}[what]()


def audit() -> int:
    """1 where a package has a known hole or a licence that binds the firm."""
    holes, asked = _holes()
    bound = [f"{row['Name']} {row['Version']}: {row['License']}" for row in licences() if _binds(row["License"])]
    for line in (*holes, *bound):
        print(line)
    print(
        f"licences: {len(licences())} packages, {len(bound)} that bind; known holes: {len(holes)} in {asked} packages asked about"
    )
    if not asked:
        print("no advisories can be reached from here: holes were not looked for")
    return int(bool(holes or bound))


def _holes() -> tuple[list[str], int]:
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(RUNTIME),
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300).stdout
    known = [one for one in json.loads(told or '{"dependencies": []}')["dependencies"] if "vulns" in one]
    return [f"{one['name']} {one['version']}: {hole['id']}" for one in known for hole in one["vulns"]], len(known)


def licences() -> list[dict[str, str]]:
    """Name, Version and License of every package of the runtime."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", RUNTIME.read_text(encoding="utf-8"), re.M)
    command = [sys.executable, "-m", "piplicenses", "--format", "json", "--from", "mixed", "--packages", *names]
    rows: list[dict[str, str]] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return rows


def _binds(licence: str) -> bool:
    return bool(UNWANTED.search(licence)) and not CHOICE.search(licence)


def sbom() -> int:
    SBOM.parent.mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "requirements",
        str(RUNTIME),
        "--output-file",
        str(SBOM),
        "--output-reproducible",
    ]
    done = subprocess.run(command, check=False).returncode
    if done == 0:
        print(f"{SBOM.relative_to(ROOT)}: {len(json.loads(SBOM.read_text(encoding='utf-8'))['components'])} components")
    return done


def pins(lines: Iterable[str]) -> dict[str, str]:
    """Name -> version of the lines `name[extra]==version` of a requirements or lock file; names in their one true form."""
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", line) for line in lines)
    return {re.sub(r"[-_.]+", "-", match[1]).lower(): match[2] for match in found if match}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
