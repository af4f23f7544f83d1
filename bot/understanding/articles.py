"""Whether a message asks for reading matter; then nothing in it is a need."""

from __future__ import annotations

import re

from bot.understanding.lexicon import Lexicon, either

_PARTICULARS = re.compile(
    r"[\d一二两三四五六七八九十百千万]\s?(?:多|来)?个?(?:平(?!台)|㎡|亩|方(?![面案法])|m2|万元?|吨|kva)|1[3-9]\d{9}|(?:公司|集团|联系人|电话)"
)
"""Who gives figures or a name has a need; asking for reading matter needs none of that."""
_LONGEST = 40


class Articles:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["articles"]
        self._surely = re.compile(either(words["surely"]))
        self._named = re.compile(either(words["named"]))
        self._maybe = re.compile(either(words["maybe"]))
        self._need = re.compile(either(words["need"]))

    def are_asked_for(self, text: str) -> bool:
        in_need = bool(self._need.search(text))
        if _PARTICULARS.search(text):
            return not in_need and len(text) <= _LONGEST and bool(self._named.search(text))
        return bool(self._surely.search(text)) or (not in_need and bool(self._maybe.search(text)))
