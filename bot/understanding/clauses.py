"""Which part of a message speaks of what is wanted, and which of the present, the past, the refused, the origin."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

WANTED = "wanted"
PLAIN = "plain"
CURRENT = "current"
PAST = "past"
REFUSED = "refused"
REPLACED = "replaced"

_BREAK = re.compile(r"[，,。；;！!？?\n\r]|(?<=[一-龥\x00])\s+(?=[一-龥\x00])|\s{2,}")

_CUES: tuple[tuple[str, str], ...] = (
    (REPLACED, r"(?:不是|并非|而不是|不再是|不对)(?![吗么嘛不])|(?:把|将)(?=[^，。\n]{1,12}(?:改成|改为|换成|换为|调整|变成|更正))"),
    (REFUSED, r"(?<![要想能可])(?:不要(?!求|紧)|不考虑|不想(?:要|去|在|租|买|看|找)?|不接受|不能接受|不去|不需要|不租|不买|不用(?!担心|客气|管|急)|别给我|别推荐?|别找|别是|别选|别在|千万别|拒绝|排除|避开|谢绝|除了|除(?=[^，。\n]{1,8}[外以])|不希望|不喜欢|不含|没兴趣|不看|没考虑|不打算|暂不考虑|不愿意?|非(?=[\x00]))"),
    (CURRENT, r"(?:现在|目前|当前|眼下|如今|现有的?|现租|现用|现厂房?|老厂房?|旧厂房?|原厂房?|原有|自有|已有|手上有|手里有|我司在|我们?公司在|公司(?:现在)?在|本部在|总部(?:设)?在|总公司在|分公司在|工厂在|厂子?在|厂房在|厂里在|厂区在|注册(?:地)?在|注册地|坐落于|位于|设在|开在|人在(?!哪)|家在|住在)"),
    (PAST, r"(?:以前|之前|去年|前年|原来|原先|当初|当年|曾经?|早年|早先|上次|此前|前几年|前两年|\d{2,4}年(?=[^，。\n]{0,4}(?:在|租|买|建))|过去)"),
    (WANTED, r"(?:(?<![不没])(?:想(?!法|象)|要(?!求|多|是|看|怎|不|紧|什么|到期|交)|找(?!过|了)|求租|求购|诚求|急求|急租|需要?(?!多|什么)|打算|准备|计划|拟|考虑(?!到)|希望|最好|优先|意向|目标|首选|搬到|搬去|搬迁到|迁到|迁往|迁至|搬往|换到|换成|换个|改成|改为|改到|扩到|扩大到|扩建到|扩产到|扩成|落户|落地|选址|看中|看好|看看|租个?(?![过了约金期户价])|买个?(?![过了])|拿地|购置|购买|征集|承租|新建|新厂|再找|转到|转去|应该是|应为|而是)|有没有|有无|还有没|能不能|可不可以|是(?=[^，。\n]{0,10}不是))"),
)  # fmt: skip
_CUE = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _CUES))
_SUPPLY_NOW = re.compile(
    r"(?:现在|目前|当前)(?:还|手里|手上)?有(?:没有|啥|什么|哪些)|(?:现在|目前|当前).{0,12}(?:吗|么|没有)[?？]?"
)
_CARRIES = {CURRENT, PAST}


@dataclass(frozen=True, slots=True)
class Scope:
    start: int
    end: int
    role: str


class Scopes:
    """The message cut at punctuation and at words like 想, 现在, 不要; each piece has one role."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces = tuple(_pieces(text))
        self._starts = [piece.start for piece in self.pieces]

    def at(self, position: int) -> Scope:
        return self.pieces[max(0, bisect_right(self._starts, position) - 1)]

    def role(self, position: int) -> str:
        return self.at(position).role

    def clause(self, position: int) -> tuple[int, int]:
        """The borders of the clause around a position, punctuation to punctuation."""
        start = max((m.end() for m in _BREAK.finditer(self.text) if m.end() <= position), default=0)
        stop = _BREAK.search(self.text, position)
        return start, stop.start() if stop else len(self.text)


def _pieces(text: str) -> list[Scope]:
    pieces: list[Scope] = []
    start = 0
    carried = PLAIN
    for stop in [*(m.end() for m in _BREAK.finditer(text)), len(text)]:
        cut = list(_cut(text, start, stop, carried))
        pieces += cut
        if cut:
            carried = cut[-1].role if cut[-1].role in _CARRIES else PLAIN
            if stop and text[stop - 1 : stop] in "。；;！!？?\n":
                carried = PLAIN
        start = stop
    return pieces or [Scope(0, 0, PLAIN)]


def _cut(text: str, start: int, stop: int, carried: str) -> list[Scope]:
    """One clause, cut at its cues; what stands before the first has no role of its own."""
    if start >= stop:
        return []
    clause = text[start:stop]
    if _SUPPLY_NOW.search(clause):
        return [Scope(start, stop, WANTED)]
    cues = [(match.start(), str(match.lastgroup)) for match in _CUE.finditer(clause)]
    if not cues:
        return [Scope(start, stop, carried)]
    scopes = [Scope(start, start + cues[0][0], _lead(carried, cues))] if cues[0][0] else []
    for (offset, role), (after, _) in zip(cues, [*cues[1:], (stop - start, "")], strict=True):
        scopes.append(Scope(start + offset, start + after, role))
    return scopes


def _lead(carried: str, cues: list[tuple[int, str]]) -> str:
    return carried if cues[0][1] in _CARRIES else PLAIN
