"""Phone numbers and WeChat ids: only numbers that exist, never a piece of an ID, a courier or an account number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import PhoneNumberType as Kind

from bot.understanding.text import Sheet, Span

_SPOKEN = str.maketrans("零〇一幺二两三四五六七八九", "0011223456789")
_SPOKEN_RUN = re.compile(r"(?<![百千万亿十])(?:[零〇一幺二两三四五六七八九]\s?[,，、]?\s?){6,}(?![百千万亿十])")
_GAP = r"[ \t.\-·—–_－‐]"
_RUN = re.compile(rf"\+?\(?\d(?:{_GAP}{{0,3}}[\d()](?!\s*(?:平|亩|㎡|万))|{_GAP}{{0,3}}\d)*")
_GROUPS = re.compile(r"\+?\d+")
_EXTENSION = re.compile(r"\s*(?:转|分机|ext\.?|-|—)\s*(\d{1,5})(?!\d)", re.I)

_NO_PHONE_BEFORE = re.compile(
    r"(?:单号|快递|顺丰|运单|物流号|订单|身份证|证件|证号|账号|帐号|账户|卡号|银行卡|税号|信用代码|代码|编号|合同号?|发票号?|qq号?|QQ号?|扣扣|邮编|车牌|工单|流水号|执照号?|注册号|批次|备案号|尾号|验证码|会员号)[^\n,，。;；]{0,8}$"
)
_OTHERS_BEFORE = re.compile(
    r"(?:你们|贵司|贵公司|你家|你的|您的|您们|他们|客服|官网|公众号|上面|文章|网上|中介|房东|对方|别人)[^\n,，。;；]{0,8}(?:电话|号码|手机|热线|座机|号)?[^\n,，。;；\d]{0,4}$|(?:打|拨|拨打)(?:了|过|通)\s?(?:你们|您们)?(?:这个)?$"
)
_OLD_BEFORE = re.compile(
    r"(?:不是|别打|不要打|停用的?|以前的?|之前的?|原来的?|旧的?|老号码?|作废的?|不用)[^\n,，。;；\d]{0,8}$"
)
_OLD_AFTER = re.compile(
    r"[^\n,，。;；\d]{0,6}(?:不用了|停用|作废|打不通|是错的|错了|不对|不再用|停机|空号|换成|改成|改为|没人接|占线)"
)
_NO_PHONE_UNIT = re.compile(r"\s?(?:个?平|方|m2|m²|个|亩|㎡|元|万|块|套|件|台|吨|年|月|%|号楼|千瓦|kva)", re.I)

_WECHAT_WORD = r"(?:微信|微 信|威信|薇信|微讯|weixin|wechat|(?<![a-zA-Z])(?:wx|vx|[vV]信|v\s?x|vchat|we\s?chat)(?![a-zA-Z_])|加\s?[vV](?![a-zA-Z])|[卫徽]星|绿泡泡|[vV](?=[:：]))"
_WECHAT = re.compile(
    rf"{_WECHAT_WORD}(?:号码?|账号|帐号|联系|ID|id)?(?:就?是|为|搜|加|[:：=\s])*\s*(?P<id>[a-zA-Z][a-zA-Z0-9_\-]{{4,19}}|1[3-9]\d{{9}}(?!\d))",
    re.I,
)
_WXID = re.compile(r"(?<![a-zA-Z0-9])wxid_[a-zA-Z0-9]{4,20}")
_SAME_NUMBER = re.compile(
    rf"(?:{_WECHAT_WORD}|(?<![a-zA-Z])[vV](?![a-zA-Z]))[^\n。;；\d]{{0,6}}(?:同号|同步|同电话|同手机|同这个|一样|一致|也是|就是|相同|同$|同[,，。\s])|同\s?{_WECHAT_WORD}|(?:手机|电话|号码?)(?:和|跟|与|同|就是|也是|加|即)?{_WECHAT_WORD}(?:号)?(?:都是|同|一样|同一个|是一个)|(?:加|搜)?{_WECHAT_WORD}(?:也|都)?(?:是|用|加|搜)?(?:这个|手机|这个号|本机|电话)号?|(?:手机|电话)?号?(?:就|也)是{_WECHAT_WORD}",
    re.I,
)
_BARE_ID = re.compile(r"[a-zA-Z][a-zA-Z0-9_\-]{5,19}")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ID_CARD = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])")
_LINK = re.compile(r"https?://\S+|www\.\S+")


@dataclass(slots=True)
class Contacts:
    """What a message says about how to reach the person. `problem`: short, long or unknown, for a number that is none."""

    mobiles: list[tuple[str, str]] = field(default_factory=list)
    landlines: list[tuple[str, str]] = field(default_factory=list)
    wechat: tuple[str, str] = ("", "")
    problem: str = ""
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class _Number:
    span: Span
    digits: str


def read(sheet: Sheet, asked: str | None) -> Contacts:
    found = Contacts()
    _hide_others(sheet)
    _wechat_ids(sheet, found)
    text = _digits_view(sheet.left)
    for run in _RUN.finditer(text):
        if sum(char.isdigit() for char in run[0]) >= 7:
            _read_run(sheet, text, run, found, asked)
    same = _SAME_NUMBER.search(sheet.left)
    if same and found.mobiles:
        if not found.wechat[0]:
            found.wechat = (found.mobiles[0][0].removeprefix("+86"), sheet.said[same.start() : same.end()])
        sheet.take(same.span())
    if asked in ("mobile", "wechat", "landline", "phone") and not (found.mobiles or found.landlines or found.wechat[0]):
        _bare_id(sheet, found)
    return found


def _hide_others(sheet: Sheet) -> None:
    for pattern in (_LINK, _MAIL, _ID_CARD):
        sheet.take_all([match.span() for match in sheet.find(pattern)])


def _digits_view(text: str) -> str:
    """Spoken digits in runs as digits; everything stays in its place."""
    return _SPOKEN_RUN.sub(lambda run: run[0].translate(_SPOKEN).translate({ord(c): " " for c in ",，、"}), text)


def _wechat_ids(sheet: Sheet, found: Contacts) -> None:
    match = _WXID.search(sheet.left)
    if match is None:
        match = next((m for m in sheet.find(_WECHAT) if not _is_word(m["id"])), None)
    if match is None:
        return
    group = "id" if match.re is _WECHAT else 0
    both = match[group][0].isdigit() and re.search(
        r"(?:手机|电话|号码)[^\n,，。;；]{0,4}$", sheet.left[: match.start()]
    )
    found.wechat = (match[group], match[0])
    if not both:
        sheet.take(match.span())


def _is_word(text: str) -> bool:
    return text.lower() in {"wechat", "weixin", "phone", "mobile", "please", "number"}


def _bare_id(sheet: Sheet, found: Contacts) -> None:
    match = _BARE_ID.search(sheet.left)
    if match and not re.fullmatch(r"[a-zA-Z]{1,7}", match[0]) and len(match[0]) >= 6:
        found.wechat = (match[0], match[0])
        sheet.take(match.span())


def _read_run(sheet: Sheet, text: str, run: re.Match[str], found: Contacts, asked: str | None) -> None:
    before, after = sheet.text[max(0, run.start() - 16) : run.start()], sheet.text[run.end() : run.end() + 12]
    if _NO_PHONE_BEFORE.search(before) or _glued(before, after):
        if sum(char.isdigit() for char in run[0]) >= 9:
            sheet.take(run.span())
        return
    numbers = list(_numbers(run))
    if not numbers:
        _problem(sheet, run, before, after, found, asked)
    for number in numbers:
        _keep(sheet, text, number, found)


def _glued(before: str, after: str) -> bool:
    """SF1381234… and 1381234…X are no phones."""
    letters = re.search(r"[A-Za-z]+\.?$", before)
    known = letters and re.fullmatch(
        r"(?i)(?:tel|phone|mob|mobile|wx|vx|v|call|t|m|p|ph|cell|wechat|weixin)[:：.]?", letters[0]
    )
    return bool(letters and not known) or bool(re.match(r"[A-Za-z]\w*\d|\*+\d?", after)) or before.endswith("*")


def _keep(sheet: Sheet, text: str, number: _Number, found: Contacts) -> None:
    start, end = number.span
    before, after = sheet.text[max(0, start - 16) : start], sheet.text[end : end + 12]
    parsed = phonenumbers.parse(number.digits, "CN")
    mobile = phonenumbers.number_type(parsed) in (Kind.MOBILE, Kind.FIXED_LINE_OR_MOBILE)
    stop = end
    if not mobile and (extension := _EXTENSION.match(text[end:])):
        stop = end + extension.end()
    raw = sheet.take((start, stop))
    if _OTHERS_BEFORE.search(before):
        return
    if _OLD_BEFORE.search(before) or _OLD_AFTER.match(after):
        found.replaced = True
        return
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    kept = found.mobiles if mobile else found.landlines
    if e164 not in [value for value, _ in kept]:
        kept.append((e164, raw))


def _numbers(run: re.Match[str]) -> Iterable[_Number]:
    """The phone numbers a run of digits consists of, at the borders of its groups."""
    groups = [(m[0].lstrip("+"), run.start() + m.start(), run.start() + m.end()) for m in _GROUPS.finditer(run[0])]
    first = 0
    while first < len(groups):
        found = next(
            (_joined(groups, first, last) for last in _ends(groups, first) if _joined(groups, first, last)), None
        )
        if found is None:
            first += 1
            continue
        number, last = found
        yield number
        first = last + 1


def _ends(groups: list[tuple[str, int, int]], first: int) -> Iterable[int]:
    return range(min(len(groups), first + 14) - 1, first - 1, -1)


def _joined(groups: list[tuple[str, int, int]], first: int, last: int) -> tuple[_Number, int] | None:
    digits = "".join(group for group, _, _ in groups[first : last + 1])
    local = re.sub(r"^(?:0086|86)(?=1\d{10}$|0?[2-9]\d{8,10}$)", "", digits)
    if local != digits and not local.startswith(("0", "1", "400", "800")):
        local = "0" + local
    if re.fullmatch(r"01[3-9]\d{9}", local):
        local = local[1:]
    if not re.fullmatch(r"1[3-9]\d{9}|0[1-9]\d{8,10}|[48]00\d{7}", local) or not _exists(local):
        return None
    return _Number((groups[first][1], groups[last][2]), local), last


def _exists(local: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(local, "CN"))


def _problem(sheet: Sheet, run: re.Match[str], before: str, after: str, found: Contacts, asked: str | None) -> None:
    """A number that is meant as a phone and is none: say what is wrong with it."""
    digits = re.sub(r"\D", "", run[0])
    if len(digits) > 11 and digits.startswith("86"):
        digits = digits[2:]
    meant = asked in ("mobile", "landline", "phone") or re.search(r"电话|手机|号码|联系|tel|座机", before, re.I)
    looks = re.fullmatch(r"1[3-9]\d{8}|1[3-9]\d{10}", digits) or (digits[0] == "1" and len(digits) == 11)
    if not (meant or looks) or _NO_PHONE_UNIT.match(after) or not 7 <= len(digits) <= 15 or digits.startswith("20"):
        return
    sheet.take(run.span())
    length = 11 if digits[0] == "1" else 12 if digits[0] == "0" else 11
    found.problem = (
        "short" if len(digits) < length - (digits[0] == "0") else "long" if len(digits) > length else "unknown"
    )
