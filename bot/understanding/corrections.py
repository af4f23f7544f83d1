"""Whether a message corrects something said before; the ways to say so are data."""

from __future__ import annotations

import re

from bot.understanding.lexicon import Lexicon, either


class Corrections:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["corrections"]
        self._cues = re.compile(either(words["cues"]))
        self._questions = re.compile(either(words["questions"]))

    def are_made(self, text: str) -> bool:
        return bool(self._cues.search(text)) and not self._questions.search(text)
