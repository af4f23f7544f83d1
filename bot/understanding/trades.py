"""What will be made, done or kept there: behind 用途： and 做, before 项目 and 厂, or a clause that is a product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.understanding.clauses import PAST, REFUSED, REPLACED, Scopes
from bot.understanding.lexicon import Lexicon, either, longest_first
from bot.understanding.reading import Value
from bot.understanding.text import TAKEN, Sheet, bare
from bot.understanding.vocabulary import Vocabulary

_STOP = r"，,。;；！!？?\n\x00：:■●◆·|—"
_ANY, _MAYBE, _LIKELY, _SURELY = 0.2, 0.5, 0.8, 1.0
_LONGEST = 20
_NOT_SAID = re.compile(
    r"涉及|专利|不能[讲说]|[不没]能?透露|[吗？?]|怎么|什么|为什么|不知道|没想好|没定|不方便|保密|都做|都行|随便|不想"
)


@dataclass(frozen=True, slots=True)
class _Cue:
    """Where a product may stand: `what` in the pattern. `least`: how much it must look like one."""

    pattern: re.Pattern[str]
    least: float
    confidence: float
    needs_context: bool = False
    is_framed: bool = False


class Trades:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["trades"]
        self._terms = Vocabulary(words["terms"])
        self._head = re.compile(f"[一-龥A-Za-z0-9][{words['heads']}]$")
        self._generic = frozenset(words["generic"])
        self._fixtures = frozenset(words["fixtures"])
        self._never = re.compile(either(words["never"]))
        self._cut = re.compile(either(words["cut"]))
        self._front = re.compile(rf"^(?:{either(words['front'])}|[\s、.]|\d+[、.])+")
        self._tail = re.compile(rf"(?:{either(words['tail'])})+$")
        self._frame = re.compile(either(words["frame"]))
        self._cues = self._made_cues(words)
        self._piece = re.compile(rf"[^{_STOP}\s（）()“”]+")

    def _made_cues(self, words: dict[str, list[str]]) -> tuple[_Cue, ...]:
        what = rf"(?P<what>[^{_STOP}]{{1,40}})"
        verb = rf"(?:{either(words['verbs'])})"
        store = rf"(?:{either(words['stores'])})"
        label = rf"(?:^|(?<=[\s{_STOP}、.]))(?:{longest_first(words['labels'])})\s?(?:[:：]|是(?=[^{_STOP}]))\s*{what}"
        body = rf"(?<![{words['of_others']}])(?P<what>[^{_STOP}\s]{{2,16}}?)(?:的)?(?:{longest_first(words['bodies'])})(?![房区子址长里内])"
        return (
            _Cue(re.compile(label), 0.0, 1.0),
            _Cue(re.compile(verb + what), _LIKELY, 1.0),
            _Cue(re.compile(store + what), _LIKELY, 0.9),
            _Cue(re.compile(rf"(?:给|用于){what.replace('40', '14')}用"), _LIKELY, 0.9, needs_context=True),
            _Cue(re.compile(body), _LIKELY, 0.9, needs_context=True, is_framed=True),
            _Cue(re.compile(rf"(?:我们是?|我是|我|本人){what.replace('40', '12?')}的(?=$|[，,。\s])"), _LIKELY, 0.9),
            _Cue(re.compile(verb + what), _ANY, 0.7),
        )

    def read(self, sheet: Sheet, scopes: Scopes, *, in_need: bool) -> Value | None:
        """`in_need`: the message is about a need, so that a bare product in it is what they make."""
        framed = self._without_frame(sheet.left)
        for cue in self._cues:
            if cue.needs_context and not in_need:
                continue
            for match in cue.pattern.finditer(framed if cue.is_framed else sheet.left):
                if _is_meant(scopes, match) and (words := self._product(match["what"], cue)):
                    return Value(words, match[0], cue.confidence)
        return self._bare(sheet, scopes) if in_need else None

    def answer(self, sheet: Sheet) -> Value | None:
        """The whole message as the answer to 主要做什么."""
        words = bare(sheet.rest)
        if _NOT_SAID.search(words) or words.isdigit():
            return None
        first = re.split(r"[，,。;；\n]", words)[0]
        tidied = self._tidy(first)
        if not tidied or (tidied in self._generic and len(tidied) < 2):
            return None
        return Value(tidied, words, 0.9 if self._terms.share(tidied) else 0.7)

    # --- how much a phrase is a product -------------------------------------------------------------------------------

    def _product(self, words: str, cue: _Cue) -> str:
        labelled = cue.least == 0.0
        tidied = self._tidy(words if labelled else _after_talk(words), cut=not labelled)
        if len(tidied) == 1 and cue.confidence == 1.0 and self._terms.end_in(tidied):
            return tidied
        if not 2 <= len(tidied) <= 2 * _LONGEST:
            return ""
        return tidied if labelled or self.likeness(tidied) >= cue.least else ""

    def likeness(self, words: str) -> float:
        """0..1 how much a phrase reads like a product or a process."""
        if not 2 <= len(words) <= _LONGEST or words in self._generic or self._never.search(words):
            return 0.0
        if not re.search(r"[一-龥]", words) and not self._terms.share(words):
            return 0.0
        if self._terms.end_in(words):
            return _SURELY
        covered = self._terms.share(words)
        if covered >= 0.5:
            return _LIKELY + 0.1
        if self._head.search(words) and len(words) <= 10:
            return _LIKELY
        return _MAYBE if covered else _ANY

    def _tidy(self, words: str, *, cut: bool = True) -> str:
        """Without what leads up to it (我们主要做) and trails behind it (项目的)."""
        kept = _OPENED.sub("", words.replace(TAKEN, " ").strip())
        kept = bare(self._front.sub("", kept)) if cut else bare(re.sub(r"^(?:为|是|叫)", "", kept))
        kept = self._shortened(kept) if cut else kept
        kept = re.split(r"\s{2,}|\s+(?=[一-龥\d])", kept)[0]
        return bare(self._tail.sub("", bare(kept)))

    def _shortened(self, words: str) -> str:
        for match in self._cut.finditer(words):
            if match.start() >= 2:
                return words[: match.start()]
            return words[:1] if match.start() == 1 and self._terms.end_in(words[:1]) else ""
        return words

    # --- a clause that is a product -----------------------------------------------------------------------------------

    def _bare(self, sheet: Sheet, scopes: Scopes) -> Value | None:
        """五金冲压，3000平: the likeliest clause with nothing else in it."""
        best, least = None, _LIKELY
        for start, words in self._pieces(sheet):
            tidied = bare(self._tail.sub("", self._front.sub("", _after_talk(words))))
            if not self.likeness(tidied):
                tidied = self._tidy(words)
            likeness = 0.0 if tidied in self._fixtures else self.likeness(tidied)
            if scopes.role(start) not in (PAST, REFUSED, REPLACED) and (likeness > least or not best):
                if likeness < _LIKELY:
                    continue
                best, least = Value(tidied, words, 0.8), likeness
        return best

    def _pieces(self, sheet: Sheet) -> Iterator[tuple[int, str]]:
        """Clauses and their parts between blanks, without words for property and deals."""
        for match in self._piece.finditer(self._without_frame(sheet.left)):
            yield match.start(), match[0]

    def _without_frame(self, text: str) -> str:
        """标准厂房 and 求租 masked: they are about the property, not about what is made in it."""
        return self._frame.sub(lambda match: TAKEN * len(match[0]), text)


_OPENED = re.compile(r"^[^（()）]{0,20}[（(](?=[^）)]*$)")
"""(一家医疗器械公司: a bracket that was not closed."""
_TALK = re.compile(r".*(?:有没有|有无|现成的|有个|想找|想要|想把|需要|找个?|[想把](?=[一-龥]{3}))")


def _after_talk(words: str) -> str:
    """手上有个MEMS封测, 有没有棉纺: what stands behind the talk."""
    return _TALK.sub("", words)


def _is_meant(scopes: Scopes, match: re.Match[str]) -> bool:
    return scopes.role(match.start()) not in (PAST, REPLACED, REFUSED)
