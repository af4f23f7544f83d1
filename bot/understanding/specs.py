"""What the building must have: clear height, crane, floor load, power, fire class, environmental assessment."""

from __future__ import annotations

import re

from bot.understanding.clauses import CURRENT, PAST, REFUSED, REPLACED, Scopes
from bot.understanding.numbers import NUMBER, tidy, value
from bot.understanding.reading import Value
from bot.understanding.text import Sheet

_N = rf"(?P<n>{NUMBER})"
_WRONG = r"(?:那里|那项|这里|吨位|重量|数字|数值|大小|要求)?(?:我|刚才)?(?:写|说|填|报|打|弄|搞|记|输)错了?[，, ]*(?:应该|应当|其实)?是?"
"""行车写错，是16吨不是6吨: what is right follows in the next clause."""
_FILL = rf"(?:{_WRONG}|[^\d，,。;；\n一二三四五六七八九十两百千万半零\x00]{{0,6}}?)"
_LEAD = r"(?:要求?|需要?|得|大于|不低于|至少|≥|>=|>|最少|起码|大概|约|在|有|是|到|达到?|为|[:：])*"
_TON = r"(?:吨|t(?![a-z])|T(?![a-z]))"

_NUMBERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("load_t_m2", (
        rf"(?:承重|荷载|荷重|载荷|承载力?|楼板承重|地面承重){_FILL}{_N}\s?(?:{_TON}|公斤|kg|KG|千克)",
        rf"{_N}\s?(?:{_TON}|公斤|kg|KG|千克)\s?(?:/|每|一)\s?(?:个)?(?:平方米|平方|平米|平|㎡|m2|方)",
        rf"{_N}\s?{_TON}(?:的)?(?:承重|荷载|载荷|荷重)",
    )),
    ("crane_t", (
        rf"{_N}\s?{_TON}\s?(?:的)?(?:双梁|单梁|航|的)?(?:行车|吊车|天车|航车|行吊|桥吊|起重机|航吊|龙门吊|吊)",
        rf"(?:行车|吊车|天车|航车|行吊|桥吊|起重机|航吊|龙门吊){_FILL}{_N}\s?{_TON}",
    )),
    ("height_m", (
        rf"(?:层高|净高|挑高|檐高|梁下|梁底|高度|举架|层髙|空高|有效高度|吊钩下?高度?){_FILL}{_N}\s?(?:(?:米|m(?![a-z0-9²])|M(?![a-zA-Z]))(?P<tail>[二两三四五六七八九半\d])?)?",
        rf"{_N}\s?(?:米|m(?![a-z0-9²]))(?P<tail>[二两三四五六七八九半])?(?:以上|左右|及以上)?(?:的)?(?:层高|净高|挑高|檐高|高(?![速铁架新]))",
    )),
    ("power_kva", (
        rf"{_N}\s?(?:kva|KVA|kVA|KVa|Kva|千伏安|千瓦|kw|KW|kW|Kw|个?千瓦|安培?伏)(?![a-zA-Z])",
        rf"(?:(?<![水充家机])电(?:要|需要?|至少|不低于)|配电|用电|电量|电力|变压器|供电|电容量|动力电|电负荷|用电负荷){_FILL}{_N}(?!\s?(?:平|亩|万|元|块|吨|米|月|年|V|v|伏|%|个))",
    )),
)  # fmt: skip
_PATTERNS = tuple((name, tuple(re.compile(pattern) for pattern in patterns)) for name, patterns in _NUMBERS)
_FIRE = re.compile(
    r"(?P<a>[甲乙丙丁戊])(?:[一二12])?(?:类|级)(?!医院|大学)|(?:消防|防火|火灾危险性)(?:等级|级别|类别|要求|标准)?(?:为|是|要|到|需|达到?|[:：])*(?P<b>[甲乙丙丁戊])(?![一-龥])"
)
_ENV = re.compile(
    r"环评|环境影响评价|环境评价|环保(?:手续|批文|审批|评估|指标|评价)|环保.{0,4}(?:能过|要过|要办|可以过|能批)|(?:能|可以?|要)过环保"
)
_NO_ENV = re.compile(r"(?:不需要?|不用|无需|不涉及|没有|免|不做|不要|不办|无)(?:办|做|过)?(?:什么)?$")
_ENV_THING = re.compile(r"环评(?:工程师|公司|报告编制|服务|咨询)")


def read(sheet: Sheet, scopes: Scopes) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, patterns in _PATTERNS:
        if (number := _number(sheet, scopes, patterns)) is not None:
            found[name] = number
    if (fire := _fire(sheet, scopes)) is not None:
        found["fire"] = fire
    if (env := _env(sheet, scopes)) is not None:
        found["env"] = env
    return found


def _number(sheet: Sheet, scopes: Scopes, patterns: tuple[re.Pattern[str], ...]) -> Value | None:
    kept: Value | None = None
    for pattern in patterns:
        for match in list(pattern.finditer(sheet.left)):
            number = _worth(match)
            raw = sheet.take(match.span())
            if number is not None and kept is None and _is_wanted(scopes, match.start()):
                kept = Value(tidy(number), raw)
    return kept


def _is_wanted(scopes: Scopes, position: int) -> bool:
    scope = scopes.at(position)
    return scope.carried or scope.role not in (CURRENT, PAST, REFUSED, REPLACED)


def _worth(match: re.Match[str]) -> float | None:
    number = value(match["n"])
    if number is None:
        return None
    if re.search(r"公斤|kg|KG|千克", match[0]):
        return number / 1000
    tail = match.groupdict().get("tail")
    if tail:
        return number + (0.5 if tail == "半" else (value(tail) or 0) / 10)
    return number


def _fire(sheet: Sheet, scopes: Scopes) -> Value | None:
    for match in sheet.find(_FIRE):
        if scopes.role(match.start()) not in (CURRENT, PAST, REFUSED):
            return Value(match["a"] or match["b"], sheet.take(match.span()))
    return None


def _env(sheet: Sheet, scopes: Scopes) -> Value | None:
    for match in sheet.find(_ENV):
        before = sheet.text[max(0, match.start() - 6) : match.start()]
        unneeded = _NO_ENV.search(before) or _ENV_THING.match(sheet.text, match.start())
        if not unneeded and scopes.role(match.start()) not in (PAST, REFUSED):
            return Value("环评", sheet.take(match.span()))
    return None
