"""Whether a message asks for reading matter; then nothing in it is a need."""

from __future__ import annotations

import re

from bot.understanding.lexicon import Lexicon, either

_AMOUNT = re.compile(r"\d\s?(?:平|㎡|亩|方|m2)|1[3-9]\d{9}")


class Articles:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["articles"]
        self._surely = re.compile(either(words["surely"]))
        self._maybe = re.compile(either(words["maybe"]))
        self._need = re.compile(either(words["need"]))

    def are_asked_for(self, text: str) -> bool:
        if self._surely.search(text):
            return not (_AMOUNT.search(text) and self._need.search(text))
        if not self._maybe.search(text) or _AMOUNT.search(text):
            return False
        return not self._need.search(text)
