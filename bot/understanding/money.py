"""Money: what belongs to tax, investment, output or budget, by the nearest word that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from bot.understanding.clauses import CURRENT, PAST, REPLACED, Scopes
from bot.understanding.numbers import NUMBER, PER_ONE, Amount, amounts, bounded, tidy, value
from bot.understanding.reading import Value
from bot.understanding.text import TAKEN, Sheet

_TOPICS = (
    ("none", r"投资强度|强度|注册资[金本]|注资|融资|估值|补贴|补助|奖励|押金|保证金|定金|社保|电费|水费|工资|物业费|物业|利润|能耗|中介费|贷款|欠|罚|产出强度|亩均(?:产值|产出|投资|投入)|每亩(?:产值|产出|投资|投入)|单位面积"),
    ("tax", r"亩均(?:年?税收?|纳税)?|税收|纳税|缴税|交税|完税|上税|创税|税额|税贡献|税款|(?<![含不免退减])税(?!务|前|后|号|点|前|后|票|率)|地方贡献"),
    ("invest", r"总投资|固定资产投资|固定资产|固投|设备投资|设备投入|投资额|投资|总投|投入|投(?=\s?(?:\d|[一二两三四五六七八九十]|个|大概|大约|约|了|差不多|不低于|不少于|不超过|至少|最少|最多|超过|预计))"),
    ("output", r"总?产值|年产值|产出|营业收入|营业额|营收|销售额|销售收入|年?销售|年销|产销|流水|开票|年收入|收入|产能产值|业绩"),
    ("budget", r"预算|租金|价格|价钱|单价|总价|地价|房租|租价|价位|报价|月租|年租|日租|费用|成本|均价|售价|房价|首付|能接受|接受|心理价|承受|出价|[花掏](?=\s?\d|[一二两三四五六七八九十])|租(?=\s?\d)"),
)  # fmt: skip
_TOPIC = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _TOPICS))
_PAY = re.compile(r"(?:交|缴|纳|贡献|上交|上缴)(?:了|个|到|大概|大约|约|差不多|能|可|给国家|给地方|给政府)*\s?$")

_AREA = r"(?:sqm|sq\.?m|平方米|平方|平米|平|㎡|m2|m²|方|个?平方)"
_PER = r"(?:/|每|一|1|÷|per)"
_YUAN = r"(?:元人民币|人民币|元钱|元|块钱?|RMB|rmb|¥|￥)"
_DIGIT = rf"(?!{PER_ONE})[零一二两三四五六七八九半\d]"
_COINS = re.compile(
    rf"(?P<whole>{NUMBER})\s?(?:块钱?|元)(?P<jiao>{_DIGIT})(?:毛|角)?(?P<fen>{_DIGIT})?(?:分)?(?![\d百千万亿十平方亩])"
    rf"|(?<![长珠])(?P<mao>{NUMBER})\s?(?:毛|角)(?:钱)?(?P<mfen>{_DIGIT})?(?:分)?"
)
_AFTER = re.compile(rf"\s?(?:人民币)?(?P<yuan>{_YUAN})?(?:钱)?")
_UNITS_AFTER: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (unit, re.compile(rf"\s?{words}"))
    for unit, words in (
        (
            "m2/day",
            rf"(?:/|每|一|1|的)\s?(?:个)?{_AREA}?\s?[/每一.·，,]?\s?(?:{_PER})\s?(?:天|日)|(?:{_PER})\s?(?:个)?{_AREA}\s?[/每一.·，,]?\s?(?:一|每|/)?\s?(?:天|日)|(?:{_PER})\s?(?:天|日)\s?[/每一.·，,]?\s?(?:{_PER})?\s?(?:个)?{_AREA}|[/每一]\s?(?:天|日)",
        ),
        (
            "m2/month",
            rf"(?:{_PER})\s?(?:个)?{_AREA}\s?[/每一.·，,]?\s?(?:{_PER})?\s?(?:个?月|month)|(?:{_PER})\s?(?:个)?月\s?[/每一.·，,]?\s?(?:{_PER})\s?(?:个)?{_AREA}",
        ),
        ("m2/year", rf"(?:{_PER})\s?(?:个)?{_AREA}\s?[/每一.·，,]?\s?(?:{_PER})?\s?年"),
        ("mu/year", rf"(?:{_PER})\s?亩\s?(?:{_PER})?\s?年|(?:{_PER})\s?年\s?[/每一]\s?亩"),
        ("mu", rf"(?:{_PER})\s?亩"),
        ("m2", rf"(?:{_PER})\s?(?:个)?{_AREA}"),
        ("month", rf"(?:{_PER})\s?(?:个)?月"),
        ("year", rf"(?:{_PER})\s?(?:整)?年|每?年度"),
    )
)
_UNITS_BEFORE: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (unit, re.compile(rf"{words}[^\d，,。;；\n]{{0,6}}$"))
    for unit, words in (
        ("m2/day", rf"(?:每|一)(?:个)?{_AREA}(?:米)?[，,]?\s?(?:每|一)(?:天|日)|(?:每|一)(?:天|日)(?:每|一)(?:个)?{_AREA}|日租(?:金)?|(?:租金)?(?:每天|一天|日均)"),
        ("m2/month", rf"(?:每|一)(?:个)?{_AREA}(?:每|一)(?:个)?月|(?:每|一)(?:个)?月(?:每|一)(?:个)?{_AREA}"),
        ("mu", r"亩均|每亩|一亩(?:地)?|单亩|按亩(?:算|计|来)?(?:的话)?|亩产?税"),
        ("m2", rf"(?:每|一)(?:个)?{_AREA}"),
        ("month", r"(?:每个?月|一个月|月租金?|月均|月付|月租)"),
        ("year", r"(?:每年|一年|全年|年租金?|年均|年度|年付)"),
        ("total", r"总价|总共|一共|总预算|总的|全部|总额"),
    )
)  # fmt: skip
_NOT_MONEY = re.compile(
    r"\s?(?:多|来|余|左右)?\s?(?:个)?(?:平(?!均)|㎡|方(?!案)|亩(?!均)|m2|m²|吨|台|套|件|只|片|人|辆|支|块(?=板|砖)|米|公里|公斤|立方|千瓦|kva|KVA|%|％|度|条|瓦|mwh|gwh|gw|mw|伏|层|楼|号|位|名|家|颗|立|升|瓶|箱|双|把|张|年(?!纳|税|产|租|以|交))",
    re.I,
)
_MAGNITUDE = re.compile(
    r"(?P<pre>超过?|过|破|上|近|将近|不到|大几|几|好几|数|小几)(?P<size>[百千](?=万)万|百万|千万|亿|万)(?!\d)"
)
_ZERO = re.compile(
    r"(?:税收?|纳税|税收贡献)[^，,。;；\n]{0,6}?(?:为|是|:|：)?\s?(?:零|(?<![\d.])0(?![\d.])|没有|暂无|还没有?(?!算|统|想|定)|没(?!算|统|想|定|问))|(?:没有?|暂无|没啥|无|零|(?<!\d)0)(?:什么)?(?:年)?(?:税收?|纳税)(?!政策|优惠|要求|问题|压力|洼地)|(?:暂时?|目前|还|现在|今年)(?:还)?(?:没|无|不|未)(?:有|用|交|产生|缴)?(?:过)?税(?!务|收优)"
)
_ZERO_BARE = re.compile(
    r"^(?:目前|暂时|现在|还|今年)*(?:没有?|无|暂无|零|0|还没有?|没呢|零税收)(?:呢|的|啊|哈|吧|元|万)?$|刚(?:成立|注册|起步|开始|创业)|初创|新公司|新成立|还没(?:投产|盈利|开始)|免税|零申报|基本没|没(?:什么|啥)(?:税|交)|不(?:用)?交税"
)

_SURELY_YUAN = 10_000
"""税收300 means 300万; nobody means 10 000万 by 10000."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in CNY with its unit ("" = none said) and where it stands; `marked`: it is surely money."""

    amount: Amount
    unit: str
    start: int
    end: int
    marked: bool
    yuan: bool
    by_piece: bool = False
    """The word for it was 单价 or the like: a price for one square metre."""


def read(sheet: Sheet, scopes: Scopes, asked: str | None) -> dict[str, Value]:
    found: dict[str, Value] = {}
    used: set[int] = set()
    topics = list(_TOPIC.finditer(sheet.left))
    for money in _all(sheet.left):
        topic, near, spent = _topic(sheet.left, money, [word for word in topics if word.start() not in used], asked)
        if not topic or not _is_meant(money, near):
            continue
        used |= spent
        if topic == "none":
            sheet.take((money.start, money.end))
            continue
        by_piece = bool(_BY_PIECE.search(sheet.text[: money.start]))
        _keep(found, sheet, scopes, topic, replace(money, by_piece=by_piece))
    if "tax" not in found and _says_zero(sheet, asked):
        found["tax"] = Value({"min": 0, "max": 0, "unit": "wan/yr"}, sheet.said.strip())
    return found


def _says_zero(sheet: Sheet, asked: str | None) -> bool:
    if match := _ZERO.search(sheet.left):
        sheet.take(match.span())
        return True
    return asked == "tax" and bool(_ZERO_BARE.search(sheet.rest.strip()))


def _keep(found: dict[str, Value], sheet: Sheet, scopes: Scopes, topic: str, money: Money) -> None:
    raw = sheet.take((money.start, money.end))
    refused = scopes.role(money.start) in (REPLACED,) or (
        topic == "budget" and scopes.role(money.start) in (CURRENT, PAST)
    )
    if refused or topic in found:
        return
    worth = _worth(topic, money)
    if worth is not None:
        found[topic] = Value(worth, raw, 1.0 if money.marked or money.unit else 0.8)


def _worth(topic: str, money: Money) -> dict[str, Any] | None:
    if topic == "budget":
        return _budget(money)
    amount = money.amount
    told = amount.high if amount.high is not None else amount.low or 0
    size = 1e-4 if money.yuan or told >= _SURELY_YUAN else 1.0
    low, high = (None if bound is None else tidy(bound * size) for bound in (amount.low, amount.high))
    unit = {"tax": "wan/mu/yr" if money.unit.startswith("mu") else "wan/yr"}.get(topic, "wan")
    return {"min": low, "max": high, "unit": unit}


_BY_PIECE = re.compile(r"(?:单价|均价|售价)[^，,。;；\n]{0,6}$")
_HIGHEST_PIECE = 30_000
_LOWEST_SALE = 150
"""CNY for a square metre: nothing is sold so cheaply, it is rent."""
_BUDGET_UNITS = {
    "m2/day": "CNY/m2/day",
    "m2/month": "CNY/m2/month",
    "mu": "CNY/mu",
    "m2": "CNY/m2",
    "month": "CNY/month",
    "year": "CNY/year",
    "total": "CNY",
    "": "CNY",
    "mu/year": "CNY/mu",
}


def _budget(money: Money) -> dict[str, Any] | None:
    unit, amount = money.unit, money.amount
    if unit == "m2/year":
        return None
    top = amount.high if amount.high is not None else amount.low or 0
    if unit == "" and top < 100:
        if not (money.yuan or top < 5 or top != int(top)):
            return None
        unit = "m2/day" if top < 5 else "m2/month"
    if unit == "" and money.by_piece and top <= _HIGHEST_PIECE:
        unit = "m2"
    if unit == "month" and money.by_piece and top < _LOWEST_SALE:
        unit = "m2/month"
    if unit == "m2" and top < _LOWEST_SALE:
        unit = "m2/day" if top < 5 else "m2/month"
    if unit == "m2/day" and top > 200:
        return None
    return {"min": tidy(amount.low), "max": tidy(amount.high), "unit": _BUDGET_UNITS[unit]}


def _is_meant(money: Money, near: bool) -> bool:
    """A number without 万 or 元 is money only right behind its word."""
    told = money.amount.high if money.amount.high is not None else money.amount.low or 0
    a_month = money.unit == "month" and told >= 1000
    return (
        money.marked or a_month or money.unit in ("m2/day", "m2/month") or (near and (told >= 5 or told != int(told)))
    )


# --- which topic -------------------------------------------------------------------------------------------------------


_FILLER = re.compile(
    r"(?:[\s:：=≈约]|大概|大约|差不多|预计|估计|预期|每年|一年|全年|年|是|为|在|能|有|可|达|到|做|要|控制|不超过|不低于|至少|最多|以|每|亩|额|这块|方面|的话|，)*"
)


def _topic(text: str, money: Money, topics: list[re.Match[str]], asked: str | None) -> tuple[str, bool, set[int]]:
    """Whose money it is, whether the word stands right before it, and which words are used up by it."""
    start, stop = _sentence(text, money.start)
    before = [match for match in topics if start <= match.start() and match.end() <= money.start]
    if before:
        near = bool(_FILLER.fullmatch(text[before[-1].end() : money.start]))
        return str(before[-1].lastgroup), near, {match.start() for match in before}
    inside = next((match for match in topics if money.start <= match.start() and match.end() <= money.end), None)
    if inside:
        return str(inside.lastgroup), True, set()
    after = next((match for match in topics if money.end <= match.start() < min(stop, money.end + 8)), None)
    if after and not re.search(r"[，,\d]|[一二三四五六七八九十]万", text[money.end : after.start()]):
        return str(after.lastgroup), False, {after.start()}
    if asked == "tax" and not money.marked and not _NOT_WAN.match(text, money.end):
        return "tax", True, set()
    topic = _by_unit(text, money, asked)
    return topic, topic == asked, set()


_NOT_WAN = re.compile(r"\s?(?:个?(?:人|月|年|季|点|平|方|亩|工|员|台|家|家|号|日|天|成|倍|%|％))")


def _by_unit(text: str, money: Money, asked: str | None) -> str:
    if _PAY.search(text[max(0, money.start - 8) : money.start]):
        return "tax"
    if asked in ("tax", "budget", "invest", "output") and (money.marked or money.unit):
        return asked
    surely = money.unit in ("m2/day", "m2/month") or (money.marked and money.unit in ("m2", "mu"))
    a_month = money.unit == "month" and (money.yuan or (money.amount.high or money.amount.low or 0) >= 1000)
    return "budget" if surely or a_month else ""


_STOP = re.compile(r"[。;；！!？?\n]")


def _sentence(text: str, position: int) -> tuple[int, int]:
    start = max((m.end() for m in _STOP.finditer(text, 0, position)), default=0)
    stop = _STOP.search(text, position)
    return start, stop.start() if stop else len(text)


# --- all amounts of money in a text --------------------------------------------------------------------------------------


def _all(text: str) -> list[Money]:
    found = _coins(text)
    for size in _magnitudes(text):
        if not _overlaps(found, size.start, size.end):
            found.append(size)
    for amount in amounts(_without(text, found)):
        money = _money(text, amount)
        if money is not None:
            found.append(money)
    return _ranges(text, sorted(found, key=lambda money: money.start))


_TO = re.compile(r"\s?(?:-|~|～|—|到|至)\s?")


def _ranges(text: str, found: list[Money]) -> list[Money]:
    """八毛到一块: two prices with a sign between them are one range."""
    joined: list[Money] = []
    for money in found:
        last = joined[-1] if joined else None
        if last and _TO.fullmatch(text[last.end : money.start]) and (last.amount.low or 0) < (money.amount.high or 0):
            amount = Amount(last.amount.low, money.amount.high, last.start, money.end, money.amount.scaled)
            joined[-1] = Money(amount, money.unit, last.start, money.end, True, last.yuan or money.yuan)
        else:
            joined.append(money)
    return joined


def _without(text: str, found: list[Money]) -> str:
    """The text with what was found masked, so that 1块5到2块 does not read as 5到2."""
    for money in found:
        text = text[: money.amount.start] + TAKEN * (money.amount.end - money.amount.start) + text[money.amount.end :]
    return text


def _overlaps(found: list[Money], start: int, end: int) -> bool:
    return any(other.start < end and start < other.end for other in found)


def _money(text: str, amount: Amount) -> Money | None:
    if _NOT_MONEY.match(text[amount.end : amount.end + 8]) and not _wan_before(text, amount):
        return None
    after = _AFTER.match(text, amount.end)
    end = after.end() if after and after["yuan"] else amount.end
    yuan = bool(after and after["yuan"])
    sized = bounded(text, amount, end)
    unit, stop = _unit(text, sized)
    sized = bounded(text, sized, stop) if sized.low == sized.high else sized
    big = amount.scaled and (sized.high or sized.low or 0) >= 10_000
    return Money(sized, unit, min(sized.start, amount.start), max(stop, sized.end), yuan or big, yuan)


def _wan_before(text: str, amount: Amount) -> bool:
    return text[amount.end - 1] in "万亿" and bool(re.match(r"\s?(?:/|每|一)", text[amount.end : amount.end + 2]))


def _unit(text: str, amount: Amount) -> tuple[str, int]:
    for unit, pattern in _UNITS_AFTER:
        if match := pattern.match(text, amount.end):
            before = _unit_before(text, amount.start)
            return _JOINED.get((before, unit), unit), match.end()
    return _unit_before(text, amount.start), amount.end


_JOINED = {("mu", "year"): "mu", ("month", "m2"): "m2/month", ("m2/day", "m2"): "m2/day", ("m2", "month"): "m2/month"}
"""月租18块/平: one half of the unit before the number, one behind it."""


def _unit_before(text: str, start: int) -> str:
    window = text[max(0, start - 20) : start]
    return next((unit for unit, pattern in _UNITS_BEFORE if pattern.search(window)), "")


def _coins(text: str) -> list[Money]:
    """一块二 1.2, 两块五 2.5, 三毛五 0.35, 1块5."""
    found = []
    for match in _COINS.finditer(text):
        worth = _coin_value(match)
        if worth is None:
            continue
        amount = bounded(text, Amount(worth, worth, match.start(), match.end()), match.end())
        unit, stop = _unit(text, amount)
        amount = bounded(text, amount, stop) if amount.low == amount.high else amount
        found.append(Money(amount, unit, match.start(), max(stop, amount.end), True, True))
    return found


def _coin_value(match: re.Match[str]) -> float | None:
    if match["mao"]:
        mao = value(match["mao"])
        return None if mao is None else mao / 10 + (value(match["mfen"] or "0") or 0) / 100
    whole, jiao = value(match["whole"]), value(match["jiao"])
    if whole is None or jiao is None:
        return None
    return whole + (0.5 if match["jiao"] == "半" else jiao / 10) + (value(match["fen"] or "0") or 0) / 100


def _magnitudes(text: str) -> list[Money]:
    """过亿, 超千万: open upwards; 几百万, 大几百万: too vague to be a number, but money all the same."""
    found = []
    for match in _MAGNITUDE.finditer(text):
        size = value(match["size"]) or 0.0
        if match["pre"] in ("大几", "几", "好几", "数", "小几"):
            continue
        low: float | None = size
        high: float | None = size
        if match["pre"] in ("超", "超过", "过", "破", "上"):
            high = None
        elif match["pre"] == "不到":
            low = None
        found.append(
            Money(
                Amount(low, high, match.start(), match.end(), True),
                _unit_before(text, match.start()),
                match.start(),
                match.end(),
                True,
                False,
            )
        )
    return found
