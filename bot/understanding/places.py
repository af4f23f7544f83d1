"""Which of the places named are wanted: not an origin, the present site, a past or refused one, or a place of delivery."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bot.understanding.clauses import CURRENT, PAST, PLAIN, REFUSED, REPLACED, WANTED, Scopes
from bot.understanding.gazetteer import Gazetteer, Hit, best, within
from bot.understanding.reading import Value
from bot.understanding.text import Sheet

_ORIGIN_BEFORE = re.compile(
    r"(?:我|我们|咱们?|本人|公司|我司|老板|总部|企业|厂)(?:都|也|就)?是(?!要|想|找|看)$|来自于?$|代表$|作为$|托我$|籍贯$|老家(?:是|在)?$|出生|(?<![搬迁])从$"
)
_ELSEWHERE_BEFORE = re.compile(
    r"(?:离开?|撤离|撤出|退出|告别|距离?|靠近|临近|紧邻|毗邻|挨着|对标|类似|像|相比|比|送货?到|发往|发到|运到|运往|卖到|出口到?|配送到?|辐射|覆盖|销往|供应|配套|给|到(?=.{0,4}(?:的)?(?:车程|距离|开车|高速))|不如|客户(?:都|主要|大多)?在|市场(?:主要)?在|供应商在|人在|户口|住在?|住|牌照|出差|回)$"
)
_ORIGIN_AFTER = re.compile(
    r"^(?:市|省|区|县)?(?:这边|那边|本地|当地)?(?:的)?(?:一家|某家|某|(?:(?:(?![找拿寻建盖租买购办开选投搞弄])[一-龥]){1,8}(?:厂|企业|公司)(?!房|区)(?=想|要|准备|打算|计划|扩|搬|迁|外迁|老地方|，|,|\s))|搬过?来的|过来的|有(?:总部|研发(?!办公|楼|用房|场地|空间|中心)|工厂|分公司|基地|公司|老厂|厂)(?!房)(?![^，,。\n]{0,8}(?:[吗么没?？]|出租|出售))|企业|公司|厂家|工厂|老板|客户|人(?![工才民员人])|本地人|本地企业|总部|总公司|分公司|集团|团队|朋友|股东|亲戚|同行|供应商|商会|贸易商|制造商|户籍|户口|牌照|市场|经销商|那个厂|老厂|厂(?:子)?(?:不|太|到|要|满|拆)|厂房(?:不够|到期|太小|要拆|拆迁|租约)|的厂(?:子|房)?(?:不|太|到|要|满|拆))|^(?:的|人)(?=$|[，,。;；\s\x00])"
)
_ELSEWHERE_AFTER = re.compile(
    r"^(?:市|省|区|县|那边|这边)?(?:的|有点|有些|也|都|实在|真的)*(?:太远|太贵|太偏|偏远|贵了|不好找|黄了|出差|那个(?:上个月)?黄)|^(?:市|省|区|县)?(?:港口?|机场|虹桥站|高铁站|火车站)?(?:的距离|近(?![的点一些])|近一?[点些](?!的地方|的区)|车程|不远|很近|1小时|一小时|半小时|那么贵|牌|口音|话)"
)
_REFUSED_AFTER = re.compile(
    r"^(?:市|省|区|县|那边|这边|那里)?(?:的)?(?:就|都|我们?|也|暂时|先|基本)*(?:不考虑|不要(?!求)|不行|不去|不想|不看|除外|以外|之外|外的|就算了|算了|免谈|不合适|不用(?!太)|勿|别推|别发|划掉|去掉|删掉|不需要|排除|pass|PASS|不接受|没兴趣|去不了|不太行|不太合适|不想去|不是很想|取消)"
)
_GONE_AFTER = re.compile(
    r"^(?:市|省|区|县)?(?:的)?(?:改成|改为|换成|换为|改到|换到|改|换|变成|改去|写错|打错|错了|说错)"
)
_LIST_GAP = re.compile(r"^(?:[、/\s|＋+&]|或者?是?|和|与|及|以及|跟|还有|加上?|再加|市|区|县|省|,|，)*$")
_TIGHT_GAP = re.compile(r"^(?:[、/|＋+&]|或者?是?|和|与|及|以及|跟)*\Z")
_BETWEEN_PARENT = re.compile(
    r"^(?:市|省|区|县|自治区)?(?:[\s·\-（(:：,，]|的|下面的?|那边的?|这边的?|范围内的?|最好是?|主要是?|主要看|优先)*$"
)
_MORE = re.compile(r"还有|加上|再加|另外|也可以|也行|也考虑|也看|外加|补充|增加|追加|加一个|加个|也加|算上")
_LESS = re.compile(r"不要|去掉|划掉|删掉|删除|不考虑|除外|排除|取消|不去|不看|减掉|拿掉")


@dataclass(slots=True)
class Places:
    """What a message says about places."""

    regions: list[str] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    raw: str = ""
    confidence: float = 1.0
    choices: tuple[tuple[str, str], ...] = ()
    refused: list[str] = field(default_factory=list)
    refused_words: list[str] = field(default_factory=list)
    refused_zones: list[str] = field(default_factory=list)
    replaced: bool = False
    mentioned: int = 0


@dataclass(frozen=True, slots=True)
class _Named:
    hit: Hit
    codes: tuple[str, ...]
    role: str


def read(sheet: Sheet, scopes: Scopes, gazetteer: Gazetteer, asked: str | None) -> Places:
    """Find every place, decide what is meant by it, and mask it."""
    text = sheet.left
    hits = gazetteer.find(text)
    by_sound = [
        hit for hit in gazetteer.find_by_sound(text, hits) if asked == "region" or _stands_like_a_place(text, hit, hits)
    ]
    every = sorted([*hits, *by_sound], key=lambda hit: hit.start)[:_MOST]
    named = _with_roles(text, scopes, every, asked)
    found = Places(mentioned=len(every))
    _collect(found, sheet, gazetteer, named)
    sheet.take_all([(hit.start, hit.end) for hit in every])
    return found


_MOST = 40
"""Nobody names more places; a text full of them is no message."""

_PLACE_BEFORE = re.compile(r"(?:^|[在到去想找往于看选要求租买、，,。\s市省\x00和或跟与]|地点|区域|位置|[:：])$")
_PLACE_AFTER = re.compile(
    r"^(?:$|[市区县找租买有的附周这那一，,。、\s\x00和或跟与行要想吧也\d]|厂|仓|土|工|高新|经开|开发|本地|就|都|地区|办公|标准|求|不)"
)


def _stands_like_a_place(text: str, hit: Hit, hits: list[Hit]) -> bool:
    if text[hit.end - 1] in "总工":  # 吴总 is a person, not 吴中
        return False
    beside = any(other.end == hit.start or other.start == hit.end for other in hits)
    before, after = text[max(0, hit.start - 2) : hit.start], text[hit.end : hit.end + 2]
    return (beside or bool(_PLACE_BEFORE.search(before))) and bool(_PLACE_AFTER.match(after))


# --- roles ---------------------------------------------------------------------------------------------------------------


def _with_roles(text: str, scopes: Scopes, hits: list[Hit], asked: str | None) -> list[_Named]:
    named = []
    context = [code for hit in hits for code in best(hit.codes, ()) if len(hit.codes) == 1 or code.endswith("00")]
    for group in _groups(text, hits):
        role = _role(text, scopes, group, asked)
        for hit in group:
            codes = best(hit.codes, [code for code in context if code not in hit.codes]) if hit.codes else ()
            named.append(_Named(hit, codes, role))
    return _without_context(text, scopes, named)


def _groups(text: str, hits: list[Hit]) -> Iterable[list[Hit]]:
    """昆山、太仓 stand or fall together; so do 苏州 and 昆山 in 苏州昆山."""
    group: list[Hit] = []
    for hit in hits:
        if group and not _TIGHT_GAP.match(text[group[-1].end : hit.start]):
            yield group
            group = []
        group.append(hit)
    if group:
        yield group


def _role(text: str, scopes: Scopes, group: list[Hit], asked: str | None) -> str:
    start, end = group[0].start, group[-1].end
    before, after = text[max(0, start - 10) : start], text[end : end + 12]
    if _GONE_AFTER.match(after):
        return REPLACED
    if _REFUSED_AFTER.match(after):
        return REFUSED
    scope = scopes.role(start)
    if scope in (REFUSED, REPLACED, PAST):
        return scope
    goes_home = re.search(r"[回返](?:老家|家乡)$", before) and after.startswith(("做", "干", "搞"))
    if goes_home or (_HOME_BEFORE.search(before) and _SETTLE_AFTER.match(after)):
        return WANTED
    if _ELSEWHERE_BEFORE.search(before) or _ELSEWHERE_AFTER.match(after):
        return CURRENT
    if _ORIGIN_BEFORE.search(before) and asked != "region":
        return CURRENT if _is_origin(before, after) else scope
    if (
        _ORIGIN_AFTER.match(after)
        and not (asked == "region" and after.startswith(("的", "人")))
        and not re.search(r"[要想找去租]$", before)
    ):
        return CURRENT
    return scope


_HOME_BEFORE = re.compile(r"[回返](?:我们?|自己)?(?:老家|家乡|到)?$|老家(?:在|是)?$")
_SETTLE_AFTER = re.compile(
    r"(?:市|省|区|县|那边|老家|家乡)*(?:再|来|去)*(?:自己[干做开]|创业|发展|投资|[搞弄做]个[^，,。\n]{0,6}厂|[办建开设盖]个?[^，,。\n]{0,6}厂|落户|落地|租|买|拿地|找)"
)
"""回老家周口创业: home is where they come from, and where they want to be."""
_NEED = re.compile(r"厂房|仓库|土地|地块|用地|办公|楼|库|平|亩|㎡|租|买|购|找|需|求|选址|落")


_LEFT = re.compile(
    r"到期|不续|续租|要拆|拆迁|涨价|涨租|关停|停产|关[了掉闭]|倒闭|腾退|清退|限产|停工|整治|不让[做干开搞]|待不下去"
)
_STORY_BEFORE = re.compile(r"(?:在|从|是)$")
_STORY_AFTER = re.compile(
    r"(?:市|省|区|县)?(?:的|做|人(?!人)|[收种养贩](?=[^，,。\n]{1,8}的)|这边|那边|那个|企业|公司|工厂)"
)


def _without_context(text: str, scopes: Scopes, named: list[_Named]) -> list[_Named]:
    """东莞做鞋的，想搬去赣州: a place told of before the one that is wanted, in a clause that needs nothing."""
    last_wanted = max((place.hit.start for place in named if place.role == WANTED), default=-1)
    kept = []
    for place in named:
        start, stop = scopes.clause(place.hit.start)
        clause = text[start:stop]
        told = place.role == PLAIN and stop <= last_wanted and len(clause.strip()) > place.hit.end - place.hit.start + 2
        story = any(
            start <= other.hit.start < stop
            and (_STORY_BEFORE.search(text[start : other.hit.start]) or _STORY_AFTER.match(text, other.hit.end))
            for other in named
        )
        left = told and (_LEFT.search(clause) or (story and not _NEED.search(clause)))
        kept.append(replace(place, role=CURRENT) if left else place)
    return kept


def _is_origin(before: str, after: str) -> bool:
    if re.search(r"从$|由$|来自于?$|老家|籍贯|出生", before):
        return True
    return bool(re.match(r"(?:市|省|区|县|这边|那边|本地)?(?:的|人|一家|做|企业|公司|厂|$|[，,。;；\s\x00])", after))


# --- what remains ----------------------------------------------------------------------------------------------------------


def _collect(found: Places, sheet: Sheet, gazetteer: Gazetteer, named: list[_Named]) -> None:
    wanted = [place for place in named if place.role not in (REFUSED, REPLACED, CURRENT, PAST)]
    found.replaced = any(place.role == REPLACED for place in named)
    for place in named:
        if place.role == REFUSED:
            found.refused += place.codes[:1]
            found.refused_words.append(sheet.said[place.hit.start : place.hit.end])
            found.refused_zones += [place.hit.zone] if place.hit.zone else []
    for index, place in enumerate(wanted):
        if place.hit.zone:
            found.zones += [place.hit.zone] if place.hit.zone not in found.zones else []
        if _is_open(gazetteer, sheet.text, place):
            if any(other.codes and other is not place for other in wanted):
                continue
            found.choices = tuple((gazetteer.label(code), code) for code in place.hit.codes)
        elif place.codes and not _has_inner(sheet.text, wanted, index):
            _add_region(found, wanted, place)
        if place.hit.by_sound:
            found.confidence = min(found.confidence, 0.7)
    found.raw = _words(sheet, wanted)


def _is_open(gazetteer: Gazetteer, text: str, place: _Named) -> bool:
    """鼓楼 and nothing beside it that says which."""
    name = text[place.hit.start : place.hit.end]
    if name not in gazetteer.asked or len(place.hit.codes) < 2:
        return False
    return not text[: place.hit.start].endswith(
        ("南京", "福州", "徐州", "上海", "北京", "重庆", "宁波", "深圳")
    ) and place.codes == best(place.hit.codes, ())


def _add_region(found: Places, wanted: list[_Named], place: _Named) -> None:
    code = place.codes[0]
    if place.hit.zone and any(other is not place and other.codes and within(other.codes[0], code) for other in wanted):
        return
    if code not in found.regions:
        found.regions.append(code)


def _has_inner(text: str, wanted: list[_Named], index: int) -> bool:
    """苏州 before 昆山 only says where Kunshan is; in 苏州或昆山 it is a place of its own."""
    outer = wanted[index]
    for other in wanted[index + 1 :]:
        inside = any(within(code, outer.codes[0]) for code in other.codes) or (
            other.hit.zone and other.codes == outer.codes
        )
        if inside:
            gap = text[outer.hit.end : other.hit.start]
            return not re.search(r"或|、|和|与|跟|/|以及|还有", gap) or len(gap) > 8
    before = wanted[index - 1] if index else None
    return bool(before and before.hit.zone and before.codes and outer.codes and within(before.codes[0], outer.codes[0]))


def _words(sheet: Sheet, wanted: list[_Named]) -> str:
    if not wanted:
        return ""
    return sheet.said[wanted[0].hit.start : wanted[-1].hit.end]


def region_value(found: Places) -> Value | None:
    if not found.regions and not found.choices:
        return None
    confidence = 0.4 if found.choices else found.confidence
    return Value(list(found.regions), found.raw, confidence, found.choices)


def grows(text: str) -> bool:
    return bool(_MORE.search(text))


def shrinks(text: str) -> bool:
    return bool(_LESS.search(text))
