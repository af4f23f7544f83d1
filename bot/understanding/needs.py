"""Rent or buy, and which kind of property: what is looked for, not what is had, refused or only comes with it."""

from __future__ import annotations

import re

from bot.understanding.clauses import CURRENT, PAST, REFUSED, REPLACED, Scopes
from bot.understanding.lexicon import Lexicon, either
from bot.understanding.reading import Value
from bot.understanding.text import Sheet

_UNWANTED = frozenset({CURRENT, PAST, REPLACED})
_SUPPLY = re.compile(
    r"(?:我|我们|自己|自家|手上|手里|名下|本人|朋友|公司)?(?:这边|家|手上|手里|名下|目前)?(?<!没)(?<!还)(?<!哪里)有(?!没有|无|啥|什么|哪)[^，,。\n吗么]{0,14}(?:厂房|仓库|土地|地块|[块亩]地|办公|写字楼|场地|车间)[^，,。\n吗么?？]{0,8}(?:要|想|对外|可以?|准备)?(?:出租|招租|出售|转让|转租|急租|急转|卖|租出去|找租客|寻租客|委托)(?![^，,。\n]{0,3}[吗么的])|(?:厂房|仓库|土地|办公室)(?:急|低价)?(?:出租|招租|出售|转让|转租)[，,。\n].{0,20}(?:有意|欢迎|需要的|联系)|(?:自有|独栋)厂房(?:出租|招租|转让)"
)

_CLAUSE_EDGE = re.compile(r"[，,。;；！!\n]")
_ASKED_FOR = re.compile(
    r"(?<!不知道)有(?:没有?|无|不有)(?!人|客户|谁|哪|需|老板)|[哪谁](?:里|儿|家|个|边)?有|(?:出租|招租|出售|转让|转租|卖)的?(?:没有?|不|吗|么|嘛|啵|呗|[?？])|(?:你们|您|你|贵司|平台)(?:们)?(?:那|这|手上|家|公司)?(?:边|里|儿)?(?:还|现在|目前)?有"
)


def _is_asked_for(text: str, said: re.Match[str]) -> bool:
    """有没有独栋厂房出租 asks for what is let; 我有厂房出租 offers it."""
    start = max((edge.end() for edge in _CLAUSE_EDGE.finditer(text, 0, said.start())), default=0)
    edge = _CLAUSE_EDGE.search(text, said.end())
    return bool(_ASKED_FOR.search(text, start, edge.start() if edge else len(text)))


class Needs:
    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon["needs"]
        self._deals = tuple((deal, re.compile(either(words["deal"][deal]))) for deal in ("rent", "buy"))
        self._by_price = re.compile(either(words["deal"]["rent_by_price"]))
        self._either = re.compile(either(words["deal"]["either"]))
        self._assets = tuple((asset, re.compile(either(patterns))) for asset, patterns in words["asset"].items())
        self._attached = re.compile(f"{words['attached_to']['before']}$")
        self._want = re.compile(either(words["want"]["cues"]))

    def wants(self, text: str) -> bool:
        return bool(self._want.search(text))

    def supplies(self, text: str) -> bool:
        """我有厂房出租: an owner, not a prospect."""
        said = _SUPPLY.search(text)
        if said is None or re.search(r"求租|求购|想租|想找|要租|要找", text):
            return False
        return not _is_asked_for(text, said)

    def deal(self, sheet: Sheet, scopes: Scopes, asked: str | None) -> Value | None:
        """The last explicit word wins; 租买都行 is either."""
        text = sheet.text
        if match := self._either.search(text):
            return Value("either", match[0])
        found = []
        for deal, pattern in self._deals:
            found += [
                (match.start(), deal, match[0])
                for match in pattern.finditer(text)
                if scopes.role(match.start()) not in (*_UNWANTED, REFUSED) and not self._is_negated(text, match)
            ]
        if not found and asked == "budget" and (match := self._by_price.search(text)):
            return Value("rent", match[0])
        if not found:
            return None
        _, deal, raw = max(found)
        return Value(deal, raw)

    def _is_negated(self, text: str, match: re.Match[str]) -> bool:
        before = text[max(0, match.start() - 4) : match.start()]
        return bool(re.search(r"(?:不|别|没|勿|非)(?:想|要|打算|考虑|准备|是|能|再)?$", before))

    def assets(self, sheet: Sheet, scopes: Scopes, area: Value | None) -> Value | None:
        text = sheet.text
        found: dict[str, str] = {}
        refused: dict[str, str] = {}
        for asset, pattern in self._assets:
            for match in pattern.finditer(text):
                role = scopes.role(match.start())
                if role in _UNWANTED or self._is_attached(text, match, asset) or self._is_part(sheet, match):
                    continue
                if role == REFUSED or self._is_refused_after(text, match):
                    if self._has_quality(text, scopes, match):
                        refused.setdefault(asset, match[0])
                    continue
                found.setdefault(asset, match[0])
        found = found or refused
        if not found and area is not None and area.value["unit"] == "mu":
            found = {"land": area.raw}
        order = sorted(found, key=lambda asset: text.find(found[asset]))
        return Value(order, "、".join(found[asset] for asset in order)) if order else None

    def _is_attached(self, text: str, match: re.Match[str], asset: str) -> bool:
        """厂房带办公: the office comes with it."""
        before, after = text[max(0, match.start() - 8) : match.start()], text[match.end() : match.end() + 6]
        if asset in ("office", "warehouse") and self._attached.search(before):
            return True
        return (
            bool(re.match(r"(?:的)?(?:租赁)?合同|到期|租约|拆迁|不够|太小|太旧|消防验收|验收|政策|产证", after))
            and "租" not in after[:1]
        )

    def _is_part(self, sheet: Sheet, match: re.Match[str]) -> bool:
        """Inside a company's name nothing is looked for."""
        company = sheet.names
        return any(start <= match.start() < end for start, end in company)

    def _is_refused_after(self, text: str, match: re.Match[str]) -> bool:
        return bool(
            re.match(
                r"(?:就|都|我|已|已经)*(?:不要(?!求)|不考虑|除外|不行|就算了|免谈|不需要)",
                text[match.end() : match.end() + 6],
            )
        )

    def _has_quality(self, text: str, scopes: Scopes, match: re.Match[str]) -> bool:
        """不要二手厂房 is still about a 厂房; 不要厂房 is not."""
        scope = scopes.at(match.start())
        words = re.sub(
            r"^(?:不要|不考虑|不想要?|拒绝|除了|不接受|别给我|别推荐?|不需要|排除|避开|谢绝|别)",
            "",
            text[scope.start : match.start()],
        )
        return len(words.strip()) >= 2
