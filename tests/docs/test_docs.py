"""The documents speak of things that exist."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.vitals import LIMITS, Vitals
from handlers.web.health import _NAMES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_tests_that_are_named_exist(document: Path) -> None:
    for path, name in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", document.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_every_threat_names_the_test_that_shows_it() -> None:
    lines = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|") and not line.startswith(("| who and what |", "|---"))]
    assert len(rows) > 25
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py::test_\w+`", row)] == []


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


OPERATE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
ALARMS = ("undelivered", "channel", "trouble", "draft", "remind", "next", "manager", "contact")
"""Notices that something is not as it should be."""


def said_in_code(pattern: str) -> set[str]:
    """In what runs at a firm: the simulator does not."""
    files = [path for room in ("bot", "handlers", "jobs") for path in (ROOT / room).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in files if "simulator" not in path.parts]
    return {found for text in texts for found in re.findall(pattern, text)}


def test_every_figure_is_explained() -> None:
    counted = said_in_code(r'(?:Counter|Histogram|Gauge)\(\s*"(\w+)"')
    told = set(re.findall(r'yield "(\w+)"', Path(inspect.getfile(Vitals)).read_text(encoding="utf-8")))
    assert len(counted) >= 3 and told >= set(LIMITS)
    named = {*counted, *(f"bot_{_NAMES.get(name, name)}" for name in told)}
    assert [name for name in named if f"`{name}`" not in OPERATE] == []


def test_every_outcome_of_a_callback_is_explained_and_no_other() -> None:
    outcomes = said_in_code(r'(?:CALLBACKS|HANDED_IN)\.labels\("(\w+)"\)')
    assert [name for name in outcomes if f"`{name}`" not in OPERATE] == []
    assert set(re.findall(r'outcome="(\w+)"', OPERATE)) <= outcomes


def test_every_alarm_in_the_staff_group_is_explained() -> None:
    notices = tomllib.loads((ROOT / "config" / "staff.toml").read_text(encoding="utf-8"))["notice"]
    heads = {name: re.split(r"[{】]", notices[name][0])[0].strip() for name in ALARMS}
    assert [head for head in heads.values() if head not in OPERATE] == []


def test_every_warning_and_error_in_the_log_is_explained() -> None:
    lines = said_in_code(r'log\.(?:warning|error|exception|critical)\(\s*"([^"]+)"')
    assert len(lines) > 30
    assert [line for line in lines if f"`{line.replace('%s', '…')}`" not in OPERATE] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_into_a_document_meet_a_heading(document: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)#([^)]+)\)", document.read_text(encoding="utf-8")):
        there = (document.parent / target if target else document).read_text(encoding="utf-8")
        headings = {
            re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
            for line in re.findall(r"^#+ (.*)$", there, re.M)
        }
        assert anchor in headings, f"{target}#{anchor}"
