"""Whole inquiries, played through all routes: `>` says, `<` must come back, `<~` must not, `!` an effect, `@` time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.dialogue.reply import TEXT_LIMIT
from tests.intake.talking import Follower, follower, readable

TALKS = sorted((Path(__file__).parent / "talks").glob("*.txt"))


@pytest.mark.parametrize("talk", TALKS, ids=lambda path: path.stem)
def test_the_talk_goes_as_written(talk: Path) -> None:
    player = follower()
    reply, effects = "", 0
    for number, line in enumerate(talk.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{talk.name}:{number}: {line}\nthe reply was:\n{reply}"
        match line.partition(" "):
            case ">", _, text:
                effects = len(player.effects)
                reply = _said(player, text)
            case "<", _, words:
                assert words in reply, where
            case "<~", _, words:
                assert words not in reply, where
            case "!", _, name:
                names = [type(effect).__name__ for effect in player.effects[effects:]]
                assert names == ([] if name == "nothing" else [name]), where
            case "@", _, hours:
                player.waits(timedelta(hours=float(hours.removesuffix("h"))))
            case _:
                assert not line or line.startswith("#"), where


def _said(player: Follower, text: str) -> str:
    reply = player.say(text)
    assert len(reply.encode()) <= TEXT_LIMIT
    return readable(reply)
