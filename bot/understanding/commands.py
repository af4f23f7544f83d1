"""Commands to the dialogue in the many ways people word them; the wordings are data (config/understanding/commands.toml).

A wording counts in two ways: as one of the listed sentences, or as a listed core with nothing left beside it but words
that do not change the meaning. Words of commands typed by sound (转人公, 跳国) are put right first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.understanding.lexicon import Lexicon, either
from bot.understanding.text import bare
from bot.understanding.typos import Typos

_CLAUSES = re.compile(r"[，,。.;；！!？?\n~～…、\s]+")
_SIGNS = re.compile(r"[^\w\s，,。.;；！!？?~～…、+\-/]")
_TWICE = re.compile(r"(.{2,8})\1+")
ORDER = ("delete_data", "human", "restart", "show", "resume", "confirm", "back", "cancel", "skip")
"""Which command counts where a message holds several: what cannot be missed first."""


@dataclass(frozen=True, slots=True)
class _Core:
    name: str
    pattern: re.Pattern[str]
    needs: re.Pattern[str]
    unless: re.Pattern[str] | None
    spare: int
    """So many characters may be left that mean nothing here."""


class Commands:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["commands"]
        self._longest = int(words["longest"])
        self._ways = tuple((name, _compiled(words["commands"][name], words["parts"])) for name in ORDER)
        self._asked_skip = _compiled(words["asked_skip"], words["parts"])
        self._asked_first = _compiled(words["asked_first"], words["parts"])
        self._aside = re.compile(words["aside"])
        polite = either(sorted(words["polite"], key=len, reverse=True))
        self._front = re.compile(rf"^(?:{polite}|[，,。.!！~～、\s])+")
        self._back = re.compile(rf"(?:{polite}|[，,。.!！?？~～、\s])+$")
        thanks = either(sorted((word for word in words["polite"] if word != "了"), key=len, reverse=True))
        self._thanks = re.compile(rf"(?:{thanks}|[，,。.!！?？~～、\s])+$")
        self._cores = tuple(_core(name, words) for name in ORDER)
        self._around = re.compile(either(words["around"]["words"]))
        self._not_core = re.compile(either(words["never"]))
        self._by_sound = Typos(lexicon.sounds, words["keywords"])

    def read(self, text: str, asked: str | None) -> tuple[str, bool]:
        """The command and whether it is the whole message; a clause of its own counts as well (算了，太麻烦，不填了)."""
        words = bare(text).lower()
        if not words or len(words) > self._longest:
            return "", False
        words = _SIGNS.sub("", self._by_sound.put_right(words))
        clauses = [clause for clause in _CLAUSES.split(words) if clause]
        meant = [clause for clause in clauses if not self._aside.match(clause)]
        if 0 < len(meant) < len(clauses):
            clauses, words = meant, "，".join(meant)
        if name := self._listed(words, asked) or (self._by_core(words) if len(clauses) == 1 else ""):
            return name, True
        if clauses == [words]:
            return "", False
        found = [self._listed(clause, asked) or self._by_core(clause) for clause in clauses]
        if asked and "skip" in found:
            found = [name for name in found if name != "resume"]
        known = [name for name in ORDER if name in found] or [self._by_core(words)]
        return known[0], len(clauses) > 1 and all(found)

    def _listed(self, words: str, asked: str | None) -> str:
        """The command that has these words, or these words and politeness, in its list."""
        once = _TWICE.sub(r"\1", words)
        forms = self._forms(once)
        if asked and any(self._asked_first.fullmatch(form) for form in forms):
            return "skip"
        for form in forms:
            for name, ways in self._ways:
                if ways.fullmatch(form):
                    return name
            if asked and self._asked_skip.fullmatch(form):
                return "skip"
        return ""

    def _forms(self, words: str) -> list[str]:
        """As said, then without politeness in front, at the end, and both; 不搞了，谢谢 is 不搞了 before it is 不搞."""
        begun = tuple(dict.fromkeys((words, self._front.sub("", words))))
        ended = (end.sub("", form) for end in (self._thanks, self._back) for form in begun)
        return [form for form in dict.fromkeys((*begun, *ended)) if form]

    def _by_core(self, words: str) -> str:
        """The command whose core is there, when next to nothing else is."""
        words = _TWICE.sub(r"\1", words)
        if self._not_core.search(words):
            return ""
        for core in self._cores:
            said = core.pattern.search(words)
            if said is None or not core.needs.search(words) or (core.unless and core.unless.search(words)):
                continue
            rest = core.needs.sub("", core.pattern.sub("", _CLAUSES.sub("", words)))
            if len(self._around.sub("", rest)) <= min(core.spare, len(words) // 4):
                return core.name
        return ""


def _core(name: str, words: dict[str, Any]) -> _Core:
    needs = str(words["objects"].get(name, ""))
    unless = re.compile(words["unless"][name]) if name in words["unless"] else None
    spare = int(words["spare"].get(name, 2))
    return _Core(name, re.compile(either(words["cores"][name]), re.I), re.compile(needs), unless, spare)


def _compiled(ways: list[str], parts: dict[str, str]) -> re.Pattern[str]:
    """{fill} stands for a group of words. A repetition like {2,3} has digits and stays."""
    filled = [re.sub(r"\{([a-z]+)\}", lambda part: parts[part[1]], way) for way in ways]
    return re.compile(either(f"(?:{way})" for way in filled), re.I)
