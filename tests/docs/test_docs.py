"""The documents speak of things that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_tests_that_are_named_exist(document: Path) -> None:
    for path, name in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", document.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert target.startswith("http") or (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_named_exist(document: Path) -> None:
    told = subprocess.run([sys.executable, "-m", "bot", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    known = set(re.findall(r"^    (\S+)", told.stdout, re.M))
    named = set(re.findall(r"python -m bot ([a-z][a-z-]*)", document.read_text(encoding="utf-8")))
    assert named <= known, named - known


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_targets_of_make_that_are_named_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z-]+)`", document.read_text(encoding="utf-8")))
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.M)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_figures_that_are_named_are_counted(document: Path) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "handlers" / "web").rglob("*.py"))
    named = set(re.findall(r"`((?:wechat|form)_[a-z_]+)", document.read_text(encoding="utf-8")))
    assert [name for name in named if f'"{name}"' not in code] == []
