"""Every variable that is read stands in both READMEs and in .env.example, so that nobody has to read the code for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def names() -> set[str]:
    read = (ROOT / "config/settings.py").read_text(encoding="utf-8")
    return set(re.findall(r'env\.\w+\("([A-Z_]+)"', read))


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", ".env.example"])
def test_every_variable_is_written_down(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert names()
    assert {name for name in names() if name not in text} == set()


def test_every_command_is_written_down() -> None:
    from bot.__main__ import parser

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    known = re.findall(r"\{([\w,-]+)\}", parser().format_usage()) or [",".join(_commands(parser()))]
    assert {name for name in known[0].split(",") if not re.search(rf"\b{name}\b", text)} == set()


def _commands(parser: object) -> list[str]:
    [sub] = [action for action in parser._actions if getattr(action, "choices", None) and not action.option_strings]  # type: ignore[attr-defined]
    return list(sub.choices)
