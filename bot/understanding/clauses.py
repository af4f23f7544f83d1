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
    (REPLACED, r"(?:不是|唔系|不姓|(?:原来|原先|本来|之前|当初)是?(?:说|想|打算|计划|准备|考虑|定)|(?:前头|前面|刚才|刚刚|之前|上面|原来)(?:讲|说|报|填|写|发|留)的|(?:别|不要|不)(?:写|填|记|登记)(?=[^，。\n了]{1,8}了)|(?:写|说|填|报|打)成(?=[^，。\n]{1,10}(?:了|啦))|(?:说|写|填|报|讲)(?=[^，。\n的]{1,8}(?:说|写|填|报|讲|打)错)|并非|而不是|不再是|不对)(?![吗么嘛不])|(?:把|将)(?=[^，。\n]{1,12}(?:改成|改为|换成|换为|调整|变成|更正))"),
    (REFUSED, r"(?<![要想能可])(?:不要(?!求|紧)|不考虑|不想(?:要|去|在|租|买|看|找)?|不接受|不能接受|不去|不需要|不租|不买|不用(?!担心|客气|管|急)|别给我|别推荐?|别找|别是|别选|别在|千万别|拒绝|排除|避开|谢绝|除了|除(?=[^，。\n]{1,8}[外以])|不希望|不喜欢|不含|没兴趣|不看|没考虑|不打算|暂不考虑|不愿意?|非(?=[\x00]))"),
    (CURRENT, r"(?:(?:现在|目前|当前|眼下|如今)(?!看|想|要|找|考虑|需要|准备|打算|急)|(?<!购置)(?<!购买)(?<!买)(?<!租)现有的?|原址|旧址|现租|现用|现厂房?|(?<![的平个找租买要间])(?:老厂房?|旧厂房?|原厂房?)|原有|(?<![个套买要])自有(?!品牌)|现址|老地方|研发在|已有|(?<!你们)(?<!您们)(?<!您)(?<!你)(?<!贵司)(?:手上|手里)有(?!个?[^，。\n]{0,16}(?:客户|项目|需求|订单))|从(?=[^，。\n]{1,10}(?:缩|扩|减|增|搬|迁)[^，。\n]{0,3}(?:到|至|去|来))|在(?=[^，。\n]{2,5}(?:打工|上班|做了|干了|待了|生活))|我司在|我们?公司在|公司(?:现在)?在|本部在|总部(?:设)?在|总公司在|分公司在|工厂在|厂子?在|厂房在|厂里在|厂区在|注册(?:地)?在|注册地|在(?=[^，。\n]{2,6}(?:出差|旅游|办事|做了))|坐落于|位于|设在|开在|人在(?!哪)|家在|住在)"),
    (PAST, r"(?:以前|之前(?!报|说|填|写|留)|(?:去年|前年)(?!的?(?:纳税|交税|缴税|税|产值|营收|营业|销售|利润|交了|开票|报税))|原来|原先|当初|当年|曾经?|早年|早先|上次|此前|前几年|前两年|\d{2,4}年(?=[^，。\n]{0,4}(?:在|租|买|建))|过去)"),
    (WANTED, r"(?:(?:现在|目前)(?:看|想|要|找|考虑|需要|准备|打算|急)|(?<![不没])(?:想(?!法|象)|要(?!求|多|是|看|怎|不|紧|什么|到期|交)|找(?!过|了)|求租|求购|诚求|急求|急租|需要?(?!多|什么)|打算|准备|计划|拟|考虑(?!到)|希望|最好|优先|意向(?!金)|目标|首选|考察|看中|顺道看|盯着|搬到|搬去|搬迁到|迁到|迁往|迁至|搬往|换到|换成|换个|改成|改为|改到|缩到|缩小到|减到|物色|寻觅|锁定|定在|定了|扩到|扩大到|扩建到|扩产到|扩成|落户|落地|选址|寻(?!租)|求(?!人)|推荐|看中|看好|看看|(?<![日月年转起出房现])租个?(?![过了约金期户价]|的[\d一二两三四五六七八九十])|买个?(?![过了])|拿地|购置|购买|征集|承租|新建|新厂|再找|转到|转去|应该是|应为|而是)|有没有|有无|还有没|能不能|可不可以|是(?=[^，。\n]{0,10}不是))"),
)  # fmt: skip
_CUE = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _CUES))
_SUPPLY_NOW = re.compile(
    r"(?:现在|目前|当前)(?:还|手里|手上)?有(?:没有|啥|什么|哪些)|(?:现在|目前|当前).{0,12}(?:吗|么|没有)[?？]?"
)
_CHANGED = re.compile(
    r"改[要找看租买]|改成|改为|换成|换为|变成|变更为|调整为|调到|调成|改到|改(?=[\d一二两三四五六七八九十])"
)
_RIGHT = re.compile(r"(?<!不)(?<!还)(?<!都)(?:应该|而)?是(?!不)|(?<![别要不填])写(?!错|的|了)|改成?|换成?")
_DENIED = re.compile(r"(?:不是|唔系)[要想]?$")
"""不是买地: what is denied right before it is no wish."""
_CARRIES = {CURRENT, PAST}
_SETTLED = re.compile(
    r"总部|注册|厂址|现址|人在|家在|住在|公司在|位于|坐落|分公司|不够|太小|小了|到期|拆|满了|挤|老化|看过|[。；;！!？?\n]$"
)
"""After 总部在长沙 or 现在的不够用 the talk turns to something else."""


@dataclass(frozen=True, slots=True)
class Scope:
    start: int
    end: int
    role: str
    carried: bool = False
    """The role comes from the clause before."""


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
            carries = cut[-1].role in _CARRIES and not cut[-1].carried and not _SETTLED.search(text[start:stop])
            carried = cut[-1].role if carries else PLAIN
        start = stop
    return pieces or [Scope(0, 0, PLAIN)]


def _cut(text: str, start: int, stop: int, carried: str) -> list[Scope]:
    """One clause, cut at its cues; what stands before the first has no role of its own."""
    if start >= stop:
        return []
    clause = text[start:stop]
    if _SUPPLY_NOW.search(clause):
        return [Scope(start, stop, WANTED)]
    cues = _with_replacement(clause, [(match.start(), str(match.lastgroup)) for match in _CUE.finditer(clause)])
    if not cues:
        return [Scope(start, stop, carried, carried != PLAIN)]
    scopes = [Scope(start, start + cues[0][0], _lead(carried, cues))] if cues[0][0] else []
    for (offset, role), (after, _) in zip(cues, [*cues[1:], (stop - start, "")], strict=True):
        scopes.append(Scope(start + offset, start + after, role))
    return scopes


def _with_replacement(clause: str, cues: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """不是1000平是8000平: after what is wrong the next 是 says what is right."""
    cues = [cue for cue in cues if cue[1] != WANTED or not _DENIED.search(clause[: cue[0]])]
    changed = _CHANGED.search(clause)
    if changed and changed.start() > 1:
        kept = [cue for cue in cues if cue[0] > changed.start()]
        return [(0, REPLACED), (changed.start(), WANTED), *kept]
    wrong = next((offset for offset, role in cues if role == REPLACED), None)
    if wrong is None or (right := _RIGHT.search(clause, wrong + 2)) is None:
        return cues
    return sorted([*(cue for cue in cues if cue[0] != right.start()), (right.start(), WANTED)])


def _lead(carried: str, cues: list[tuple[int, str]]) -> str:
    return carried if cues[0][1] in _CARRIES else PLAIN
