"""Commands to the dialogue in the many ways people word them; the wordings are data (config/understanding/commands.toml)."""

from __future__ import annotations

import re

from bot.understanding.lexicon import Lexicon, either
from bot.understanding.text import bare

_CLAUSES = re.compile(r"[，,。.;；！!？?\n~～…、\s]+")
ORDER = ("delete_data", "human", "restart", "show", "resume", "confirm", "back", "cancel", "skip")
"""Which command counts where a message holds several: what cannot be missed first."""


class Commands:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["commands"]
        self._longest = int(words["longest"])
        self._ways = tuple((name, _compiled(words["commands"][name], words["parts"])) for name in ORDER)
        self._asked_skip = _compiled(words["asked_skip"], words["parts"])
        polite = either(sorted(words["polite"], key=len, reverse=True))
        self._front = re.compile(rf"^(?:{polite}|[，,。.!！~～、\s])+")
        self._back = re.compile(rf"(?:{polite}|[，,。.!！?？~～、\s])+$")

    def read(self, text: str, asked: str | None) -> tuple[str, bool]:
        """The command and whether it is the whole message; a clause of its own counts as well (算了，太麻烦，不填了)."""
        words = bare(text).lower()
        if not words or len(words) > self._longest:
            return "", False
        if name := self._whole(words, asked):
            return name, True
        found = [self._whole(clause, asked) for clause in _CLAUSES.split(words) if clause]
        known = [name for name in ORDER if name in found]
        return (known[0], False) if known else ("", False)

    def _whole(self, words: str, asked: str | None) -> str:
        for form in self._forms(words):
            for name, ways in self._ways:
                if ways.fullmatch(form):
                    return name
            if asked and self._asked_skip.fullmatch(form):
                return "skip"
        return ""

    def _forms(self, words: str) -> list[str]:
        """As said, then without politeness in front, at the end, and both."""
        front = self._front.sub("", words)
        forms = [words, front, self._back.sub("", words), self._back.sub("", front)]
        return [form for form in dict.fromkeys(forms) if form]


def _compiled(ways: list[str], parts: dict[str, str]) -> re.Pattern[str]:
    """{fill} stands for a group of words. A repetition like {2,3} has digits and stays."""
    filled = [re.sub(r"\{([a-z]+)\}", lambda part: parts[part[1]], way) for way in ways]
    return re.compile(either(f"(?:{way})" for way in filled), re.I)
