"""Numbers as people say them, the other way round from the reader: 3000 becomes 三千, 3千, 3k, 0.3万, ３０００."""

from __future__ import annotations

from tests.eval.corpus.banks import Speaker

_CN = "零一二三四五六七八九"
_FULL = str.maketrans("0123456789", "０１２３４５６７８９")


def chinese(number: int) -> str:
    """12000 -> 一万二千; whole numbers under 100 million."""
    if number >= 10_000:
        head, rest = divmod(number, 10_000)
        gap = "零" if 0 < rest < 1000 else ""
        return f"{chinese(head)}万{gap}{chinese(rest) if rest else ''}"
    words, rest, zero = "", number, False
    for size, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, rest = divmod(rest, size)
        if digit:
            words += ("零" if zero else "") + _CN[digit] + unit
            zero = False
        elif words:
            zero = rest > 0
    return words.removeprefix("一") if words.startswith("一十") else words or "零"


def spoken(number: int) -> str:
    """两千 rather than 二千, 一万二 rather than 一万二千."""
    words = chinese(number)
    if words[0] == "二" and words[1:2] in ("千", "万"):
        words = "两" + words[1:]
    return words


def numeral(speaker: Speaker, number: float) -> str:
    """One of the ways to write a number; fractions keep their digits."""
    if number != int(number):
        return f"{number:g}"
    return speaker.pick(ways(int(number)))


def ways(number: int) -> list[str]:
    plain = str(number)
    found = [plain, plain, plain, plain.translate(_FULL), spoken(number)]
    if number >= 1000:
        found.append(f"{number:,}")
    if number >= 1000 and number % 1000 == 0 and number < 10_000:
        found += [f"{number // 1000}千", f"{_CN[number // 1000]}千"]
    if number >= 10_000 and number % 1000 == 0:
        found.append(f"{number / 10_000:g}万")
    if number >= 10_000 and number % 10_000 and number % 1000 == 0:
        found += [spoken(number).removesuffix("千"), f"{number // 10_000}万{number // 1000 % 10}千"]
    return found
