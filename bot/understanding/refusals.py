"""What the follower does not want, in their own words: 不要二手厂房, 顶楼不考虑, 除了昆山."""

from __future__ import annotations

import re

from bot.understanding.reading import Value
from bot.understanding.text import TAKEN, Sheet, bare

_BEFORE = re.compile(
    r"(?<![要想能可还])(?:不要(?!求|紧|太|超|低|高于|少于|有什么|把|再|打电话|联系|给我打)|不考虑|不想要|不想(?:去|在|租|买|看)|不接受|不能接受|拒绝|排除|避开|谢绝|除了|不希望(?:是|有)?|不喜欢|别给我(?:推荐?|找|发|介绍)?|别推荐?|别(?:选|找|是)|不(?:需要|用)(?=[^，。\n]{1,8}(?:的|厂房|仓库|层|楼))|不看|不去|不租|不买|暂不考虑|千万别(?:是|有)?|不打算(?:去|在|租|买)?)"
    r"(?P<what>[^，,。;；！!？?\s]{1,14})"
)
_AFTER = re.compile(
    r"(?:^|(?<=[，,。;；！!？?\n\s]))(?P<what>[^，,。;；！!？?\n\s]{2,10}?)(?:的)?(?:就|都|我们|我|一律|统统|也|暂时|先)*(?:不要(?!求|紧)|不考虑|不接受|除外|免谈|勿扰|勿推|别推|不看|不行|就算了|不去|不需要|别来|勿联系|pass掉?)"
)
_CUT = re.compile(
    r"(?:哪|都(?:可以|行|可|考虑|看)|其他|其它|以外|之外|外(?=都|的|其)|就行|但|要(?!求)|想|只要|最好|换|改|，|了$|吧$|的话|就可以|就好|哈$|啊$|哦$|谢谢|希望)"
)
_LIST = re.compile(r"[、/]|和|或者?|跟|以及|与")
_IDLE = re.compile(
    r"(?:实在|要是|如果|万一|真的|还|客气|谢|担心|着急|急|麻烦|钱|求|脸|打扰|骚扰|了|的|我|你|这个|这些|说|填|给|联系|推销|再|信息|资料|电话|太|那么|紧)"
)


def read(sheet: Sheet, places: list[str]) -> Value | None:
    """`places`: names of refused places found already; their words count as well."""
    found: list[str] = []
    for match in _BEFORE.finditer(sheet.text):
        found += _items(sheet, match)
    for match in _AFTER.finditer(sheet.text):
        found += _items(sheet, match)
    found += [name for name in places if not any(name in item for item in found)]
    found = list(dict.fromkeys(found))
    return Value(found, "、".join(found)) if found else None


def _items(sheet: Sheet, match: re.Match[str]) -> list[str]:
    start, end = match.span("what")
    said = sheet.said[start:end]
    cut = _CUT.search(said)
    said = said[: cut.start()] if cut and cut.start() else ("" if cut else said)
    said = re.sub(r"^(?:了|那种|那些|这种|是|有|在|去|租|买|看|找|推|我|推荐|给我|：|:)+", "", said)
    said = re.sub(r"(?:可以|肯定|绝对|坚决|一定|暂时)$", "", said)
    said = re.sub(r"(?<=[一-龥]{2})(?:有点|太|比较)[远贵偏小大吵].*$", "", said)
    items = [re.sub(r"(?:的|了|那种|这种|类的?)$", "", bare(item)) for item in _LIST.split(said)]
    return [item for item in items if 1 < len(item) <= 12 and not _IDLE.match(item) and TAKEN not in item]
