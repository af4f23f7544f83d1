"""How characters sound, without tones: the packaged tables, and sounds that many do not tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"

_NEAR = (("zh", "z"), ("ch", "c"), ("sh", "s"))


@cache
def usual() -> Mapping[str, str]:
    """Character -> its most usual syllable: 长 -> zhang."""
    return {char: sound for sound, chars in _lines("sounds.txt") for char in chars}


@cache
def others() -> Mapping[str, tuple[str, ...]]:
    """Character -> the syllables it has elsewhere: 长 -> chang."""
    found: dict[str, tuple[str, ...]] = {}
    for sound, chars in _lines("sounds_other.txt"):
        for char in chars:
            found[char] = (*found.get(char, ()), sound)
    return found


def near(sound: str) -> str:
    """Sounds that many do not tell apart are one: 山 and 三, 仓 and 昌, 星 and 新."""
    for double, single in _NEAR:
        if sound.startswith(double):
            sound = single + sound[2:]
    if sound.endswith(("ing", "eng")):
        sound = sound[:-1]
    return sound


def _lines(name: str) -> list[tuple[str, str]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [(sound, chars) for sound, chars in (line.split(" ") for line in lines)]
