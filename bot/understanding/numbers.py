"""Numbers as people write them: 1.5万, 三五百, 一万二, 3-5千, 两万来, 三千多; and the bounds around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

DIGITS = {char: value for value, chars in enumerate(("零〇", "一壹", "二两贰俩", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")) for char in chars}  # fmt: skip
TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
SCALES = {"k": 1e3, "K": 1e3, "w": 1e4, "W": 1e4, "万": 1e4, "亿": 1e8, "千": 1e3, "百": 1e2, "十": 10.0}
BIG = {"万": 10_000, "亿": 100_000_000}

_LONGEST, _HIGHEST = 20, 1e15
"""Longer and larger things are no numbers anybody counts with."""

_CN = "".join(DIGITS)
_TEN = "".join(TENS)
_ARABIC = r"\d{1,3}(?:[,，]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
_SCALE = r"(?:\s?(?:个)?(?:[十百千]?[万亿]|[kKwW](?!(?!m2|㎡|m²)[a-zA-Z])|[十百千](?!万)))"
PER_ONE = r"一\s?(?:个?(?:平|方|㎡|亩|月|天|日|年|季))"
"""一平, 一个月: what a price is for, never the last digit of the number before it."""

NUMBER = rf"(?:(?:{_ARABIC}){_SCALE}?(?:\d{{1,4}}[千百]?|(?!{PER_ONE})[{_CN}][千百]?)?(?![\d])|[{_CN}{_TEN}万亿半](?:(?!{PER_ONE})[{_CN}{_TEN}万亿点半]|个(?=[百千万亿])|又(?=[{_CN}]))*)"
"""One number, Arabic, Chinese or mixed; `value` reads it."""

_PLAIN = rf"(?:{_ARABIC}|[{_CN}点{_TEN}]+)"


def value(words: str) -> float | None:
    """One number in words or digits, or None: 1万5千 15000, 一万二 12000, 6k 6000, 1.2w 12000, 半 0.5."""
    text = words.replace(",", "").replace("，", "").replace(" ", "").replace("个", "").replace("又", "")
    if not text or len(text) > _LONGEST:
        return None
    found = _mixed(text) if text[0].isdigit() else _chinese(text)
    return found if found is not None and found < _HIGHEST else None


def _mixed(text: str) -> float | None:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([十百千]?[万亿]|[kKwW]|[十百千])?(.*)", text)
    if match is None:
        return None
    number, scale, tail = match.groups()
    size = _scale(scale or "")
    if not tail:
        return float(number) * size
    return _with_tail(float(number) * size, size, tail)


def _scale(words: str) -> float:
    size = 1.0
    for char in words:
        size *= SCALES[char]
    return size


def _with_tail(head: float, size: float, tail: str) -> float | None:
    """1万5千, 1万5 (15000), 1万2百: the tail is of the next lower order where it names none."""
    if size < 100:
        return None
    if "半" in tail:
        return head + size / 2
    if tail[-1] in TENS:
        rest = value(tail)
        return None if rest is None else head + rest
    digits = tail if tail.isdigit() else "".join(str(DIGITS[char]) for char in tail if char in DIGITS)
    if not digits:
        return None
    return head + (int(digits) * size / 10 if len(digits) == 1 else int(digits))


def _chinese(text: str) -> float | None:
    if text == "半":
        return 0.5
    if text.endswith("半") and len(text) > 1:
        return _and_a_half(text[:-1])
    if "点" in text:
        return _with_point(text)
    if all(char in DIGITS for char in text):
        return float(int("".join(str(DIGITS[char]) for char in text)))
    return _counted(text)


def _and_a_half(text: str) -> float | None:
    whole = _chinese(text)
    if whole is None:
        return None
    last = text[-1]
    return whole + (BIG.get(last) or TENS.get(last) or 1) / 2


def _with_point(text: str) -> float | None:
    whole, _, rest = text.partition("点")
    match = re.fullmatch(rf"([{_CN}]+)([{_TEN}万亿]*)", rest)
    before = _chinese(whole) if whole else 0.0
    if match is None or before is None:
        return None
    fraction = float("0." + "".join(str(DIGITS[char]) for char in match[1]))
    size = 1.0
    for char in match[2]:
        size *= TENS.get(char, 0) or BIG[char]
    return (before + fraction) * size


def _counted(text: str) -> float | None:
    """一万二千三, 十二, 三百五, 一亿二."""
    total = section = 0.0
    digit: int | None = None
    order = 1.0
    for char in text:
        if char in DIGITS:
            if digit and DIGITS[char]:
                return None
            digit = DIGITS[char]
            order = 1.0 if digit == 0 else order
        elif char in TENS:
            section += (1 if digit is None else digit) * TENS[char]
            order, digit = TENS[char] / 10, None
        elif char in BIG:
            group = section + (digit or 0)
            total = (total + (group or 1)) * BIG[char] if char == "亿" else total + (group or 1) * BIG[char]
            section, digit, order = 0.0, None, BIG[char] / 10
        else:
            return None
    return total + section + (digit or 0) * order


# --- amounts: a number with its neighbours -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amount:
    """A range as said; an open bound is None. `end` is where the unit must begin, `start` where the words began."""

    low: float | None
    high: float | None
    start: int
    end: int
    scaled: bool = False

    def times(self, factor: float) -> Amount:
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Amount(low, high, self.start, self.end, self.scaled)


_RANGE_SIGN = r"\s*(?:-{1,2}|~|～|—{1,2}|–|至|到|或者?|、|或是)\s*"
_MORE = (
    r"\s?(?:(?P<late_more>多|余|来|几)(?P<late>[百千]?[万亿])|(?P<more>多|余|\+)?(?P<about>来|左右|上下|出头|样子)?个?)"
)
_AMOUNT = re.compile(
    rf"(?P<few>(?P<few1>[{_CN}])\s?[、,到至-]?(?P<few2>[{_CN}])(?P<few3>(?:个)?[{_TEN}万亿]+)(?![{_CN}]))(?P<few4>[多来])?"
    rf"|(?P<teen>(?P<teen0>[{_CN}]?十)(?P<teen1>[{_CN}])(?P<teen2>[{_CN}]))(?P<teen3>[百千万亿]*)(?![{_CN}])"
    rf"|(?P<low>{NUMBER})(?:(?P<unit1>个?平方米|个?平米|个?平方|㎡|m2|M2|m²|个平|平|方|亩|元|块|万元)?{_RANGE_SIGN}(?P<high>{NUMBER})|){_MORE}"
    rf"|(?P<hundred>[上近]?(?P<order>[百千万]))(?=来|多|余)(?P<some>来|多|余)"
)
_VAGUE = re.compile(r"[几数大好小]\Z|(?<![以马])上\Z|(?<![附最])近\Z|几")

_AT_LEAST_BEFORE = re.compile(
    r"(不能?低于|不会低于|不少于|不能少于|不小于|不得低于|至少|最少|最小|最低|起码|大于等于|(?<![不别能要会得可])(?:大于|高于|超过|超|多于|过)|≥|>=|>|破|下限|往上)\s?(要|得|是|为|有|在|需要|能|也要|个|了)?(?:每个?月|一个?月|月租金?|每年|一年|年租金?|每亩|每平)?\s*$"
)
_AT_MOST_BEFORE = re.compile(
    r"((?:不|别|不能|不要|不会|不得|不可)(?:超过|超出|超|过|高于|高过)|不高于|不大于|不多于|最多|至多|顶多|最大|最高|小于等于|(?<!不)(?:小于|低于|少于)|不到|不足|≤|<=|<|上限|封顶|控制在|控制到|顶天|顶格)\s?(?:到|是|为|也就|在|就|只?能|个|了|掏|花|付|给|拿|出(?:得起|到)?)*[:：]?\s*(?:人民币|RMB|¥|￥)?(?:每个?月|一个?月|月租金?|每年|一年|年租金?|每亩|每平)?\s*$"
)
_AT_LEAST_AFTER = re.compile(
    r"\s?(?:人民币)?(?:及|或)?(以上|起步|起(?![租订伏飞来到亏始草点])|往上|朝上|打底|开外|\+|以外|保底|起码)"
)
_AT_MOST_AFTER = re.compile(r"\s?(?:人民币)?(?:及|或)?(以内|以下|之内|之下|往下|封顶|内(?![部陆蒙江])|顶天|为上限)")


def amounts(text: str) -> Iterator[Amount]:
    """Every number in the text with its range; bounds are added by `bounded`, which knows where the unit ends."""
    for match in _AMOUNT.finditer(text):
        found = _amount(match)
        if found is not None and not _is_vague(text, match):
            yield found


def _is_vague(text: str, match: re.Match[str]) -> bool:
    return bool(_VAGUE.search(text[max(0, match.start() - 2) : match.start()]))


def _amount(match: re.Match[str]) -> Amount | None:
    if match["few"]:
        return _few(match)
    if match["teen"]:
        return _teen(match)
    if match["hundred"]:
        size = float(TENS.get(match["order"], 0) or BIG[match["order"]])
        return Amount(size, size if match["some"] == "来" else None, match.start(), match.end(), True)
    return _plain_range(match)


def _few(match: re.Match[str]) -> Amount | None:
    """三五百 300-500, 五六千, 三四百万; 二三十亩."""
    scale = match["few3"].replace("个", "")
    low, high = value(match["few1"] + scale), value(match["few2"] + scale)
    if low is None or high is None or low >= high or low == 0:
        joined = value(match["few"])
        return None if joined is None else Amount(joined, joined, match.start(), match.end(), True)
    return Amount(low, high, match.start(), match.end(), True)


def _teen(match: re.Match[str]) -> Amount | None:
    """十五六亩 15-16, 二十七八万."""
    scale = match["teen3"]
    low = value(match["teen0"] + match["teen1"] + scale)
    high = value(match["teen0"] + match["teen2"] + scale)
    if low is None or high is None or low >= high:
        return None
    return Amount(low, high, match.start(), match.end(), bool(scale))


def _plain_range(match: re.Match[str]) -> Amount | None:
    low_words, high_words = match["low"], match["high"]
    low = value(low_words)
    if low is None:
        return None
    scaled = bool(re.search(r"[kKwW万亿千百]", low_words + (high_words or "")))
    if match["late"] and high_words is None:
        low *= _scale(match["late"])
        return Amount(low, low if match["late_more"] == "来" else None, match.start(), match.end(), True)
    if high_words is None:
        open_top = bool(match["more"])
        return Amount(low, None if open_top else low, match.start(), match.end(), scaled)
    high = value(high_words)
    if high is None:
        return None
    low = _same_order(low, low_words, high, high_words)
    if low > high:
        return Amount(value(low_words), value(low_words), match.start(), match.end("low"), scaled)
    return Amount(low, high, match.start(), match.end(), scaled)


def _same_order(low: float, low_words: str, high: float, high_words: str) -> float:
    """3-5千 means 3000-5000, 3-5000 too, 8-1万 means 8000-10000."""
    if low_words[-1] in "kKwW万亿千百":
        return low
    scale = re.search(r"[十百千]?[万亿]$|[kKwW千百]$", high_words)
    if scale:
        size = _scale(scale[0])
        return low * size if low * size <= high else low * size / 10 if low < 10 and low * size / 10 <= high else low
    if low < 100 and high >= 1000 and high % 1000 == 0 and low * 1000 < high:
        return low * 1000
    return low


def bounded(text: str, amount: Amount, end: int) -> Amount:
    """The amount with what stands before it (至少, 不超过) and after its unit at `end` (以上, 以内)."""
    before, after = text[max(0, amount.start - 12) : amount.start], text[end : end + 8]
    low, high = amount.low, amount.high
    stop = end
    if match := _AT_LEAST_AFTER.match(after):
        high, stop = None, end + match.end()
    elif match := _AT_MOST_AFTER.match(after):
        low, high, stop = None, high if high is not None else low, end + match.end()
    elif match := re.match(r"\s?(左右|上下|出头|多(?!少)|样子)", after):
        stop = end + match.end()
        high = None if match[1] == "多" else high
    start = amount.start
    if low is not None and (match := _AT_MOST_BEFORE.search(before)):
        low, high = None, high if high is not None else low
        start -= len(before) - match.start()
    elif high is not None and (match := _AT_LEAST_BEFORE.search(before)):
        low, high = low if low is not None else high, None
        start -= len(before) - match.start()
    return Amount(low, high, start, stop, amount.scaled)


def tidy(number: float | None) -> float | int | None:
    """3000.0 -> 3000: whole numbers read as such."""
    if number is None:
        return None
    rounded = round(number, 4)
    return int(rounded) if rounded == int(rounded) else rounded
