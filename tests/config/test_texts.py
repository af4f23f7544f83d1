"""Nothing lies in the firm's texts that is never said: who changes a sentence there must see it change."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from config import texts

ROOT = Path(__file__).resolve().parents[2]
CODE = "".join(
    path.read_text(encoding="utf-8")
    for folder in ("bot", "handlers", "jobs")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".html", ".js")
)
MADE = [
    re.compile(re.sub(r"\\\{.*?\\\}", r".+", re.escape(name)))
    for name in re.findall(r'f"((?:intake|page)[.][^"]*\{[^"]*)"', CODE)
]
"""Names that are put together, like f"intake.{about}_yes"."""


def phrases(name: str) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((ROOT / "config" / f"{name}.toml").read_text(encoding="utf-8"))["phrases"]
    return found


def is_said(name: str, texts: str) -> bool:
    spelled = (f'"{name}"', f"'{name}'", f'"{name.removeprefix("intake.")}"', f'"{name.removeprefix("page.")}"')
    tapped = name.startswith("tap_pace_") or f"{{{name.removeprefix('tap_')}_tap}}" in texts  # handlers.topics.PACES
    return tapped or any(one in CODE for one in spelled) or any(made.fullmatch(name) for made in MADE)


@pytest.mark.parametrize("file", ["replies", "intake"])
def test_every_sentence_is_said_somewhere(file: str) -> None:
    said = "".join((*phrases("replies").values(), *phrases("intake").values()))
    assert [name for name in phrases(file) if not is_said(name, said)] == []


def test_a_firm_s_own_copy_need_hold_only_what_is_said_in_another_way(tmp_path: Path) -> None:
    (tmp_path / "replies.toml").write_text('[phrases]\nno_more = "就这些啦"\n', encoding="utf-8")
    (tmp_path / "topics.toml").write_text('[[topic]]\nkey = "robot"\nname = "机器人"\n', encoding="utf-8")
    own, shipped = texts.read(str(tmp_path)), texts.read()
    assert own["replies"]["phrases"] == {**shipped["replies"]["phrases"], "no_more": "就这些啦"}
    assert own["replies"]["heard"] == shipped["replies"]["heard"]
    assert [topic["key"] for topic in own["topics"]["topic"]] == ["robot"]
    assert texts.read(str(tmp_path))["desk"] == shipped["desk"]
