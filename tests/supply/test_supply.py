"""What we build on is pinned with hashes, and the files that say so agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.supply.__main__ import pins

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("wanted", "lock"),
    [("requirements.txt", "runtime.lock"), ("requirements.txt", "dev.lock"), ("requirements-dev.txt", "dev.lock")],
)
def test_the_lock_holds_what_is_required(wanted: str, lock: str) -> None:
    asked = pins((ROOT / wanted).read_text(encoding="utf-8").splitlines())
    locked = pins((ROOT / ".ci" / lock).read_text(encoding="utf-8").splitlines())
    assert asked.items() <= locked.items(), f"run make lock: {dict(asked.items() - locked.items())}"


@pytest.mark.parametrize("lock", ["runtime.lock", "dev.lock"])
def test_every_package_of_a_lock_has_its_hashes(lock: str) -> None:
    entries = (ROOT / ".ci" / lock).read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_every_runtime_package_says_why_it_is_here() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "==" in line and "#" not in line] == []
