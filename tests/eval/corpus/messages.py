"""Whole messages: openings, bare answers, forms, corrections, commands, and talk that means no slot at all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.eval.corpus import banks, pieces
from tests.eval.corpus.banks import Speaker
from tests.eval.corpus.pieces import Piece, span
from tests.eval.corpus.speech import numeral, spoken
from tests.eval.corpus.wordings import ARTICLES, COMMANDS, NOT_COMMANDS, TALK

Row = dict[str, Any]
JOINS = ("，", "，", "，", " ", "\n", "；", ",", "。", " ， ")


def opening(speaker: Speaker) -> Row:
    """A need and some of what belongs to it, with talk around it."""
    said = [pieces.need(speaker)] if speaker.maybe(0.7) else [pieces.area(speaker), pieces.region(speaker)]
    taken = {key for piece in said for key in piece.expect}
    for make in speaker.some(pieces.SLOTS, speaker.rng.randint(1, 5)):
        piece = make(speaker)
        if not taken & (piece.expect.keys() - {"asset", "deal", "negation"}):
            said.append(piece)
            taken |= piece.expect.keys()
    if speaker.maybe(0.35):
        said.insert(0 if speaker.maybe(0.5) else len(said), speaker.pick(pieces.ASIDES)(speaker))
    if speaker.maybe(0.3):
        speaker.rng.shuffle(said)
    return _joined(speaker, said)


def _joined(speaker: Speaker, said: list[Piece]) -> Row:
    texts = [piece.text for piece in said]
    if speaker.maybe(0.25):
        texts.insert(0, speaker.pick(banks.GREETINGS))
    if speaker.maybe(0.25):
        texts.append(speaker.pick(banks.CLOSINGS))
    mark = speaker.pick(JOINS)
    end = speaker.pick(("", "", "。", "！", "？", "…"))
    return {"text": mark.join(texts) + end, "expect": _merged(said)}


def _merged(said: list[Piece]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for piece in said:
        for key, value in piece.expect.items():
            if isinstance(value, list):
                merged[key] = [*merged.get(key, []), *(item for item in value if item not in merged.get(key, []))]
            else:
                merged.setdefault(key, value)
    if merged.get("area", {}).get("unit") == "mu" and "asset" not in merged:
        merged["asset"] = ["land"]
    return merged


LABELS: dict[str, tuple[str, ...]] = {
    "area": ("面积", "需求面积", "面积需求"), "region": ("区域", "意向区域", "地点"), "use": ("用途", "行业", "产品", "主营"),
    "tax": ("税收", "年税收", "税收贡献"), "company": ("公司", "公司名称", "企业名称"), "contact": ("联系人", "姓名", "称呼"),
    "mobile": ("电话", "手机", "联系电话", "手机号"),
}  # fmt: skip


def form(speaker: Speaker) -> Row:
    """面积：3000平 … one line a field."""
    place, code = speaker.pick(banks.PLACES)
    words, low, high = pieces.area_words(speaker, speaker.pick(pieces.M2_UNITS))
    what, name, firm = speaker.pick(banks.USES), pieces.person(speaker), pieces.company_name(speaker)
    wan, number = speaker.pick((50, 100, 150, 200, 500)), pieces.mobile_number(speaker)
    lines: dict[str, tuple[str, Any]] = {
        "area": (words, span(low, high, "m2")), "region": (place, [code]), "use": (what, what),
        "tax": (f"{wan}万", span(wan, wan, "wan/yr")), "company": (firm, firm), "contact": (name, name),
        "mobile": (number, [f"+86{number}"]),
    }  # fmt: skip
    chosen = sorted(speaker.rng.sample(list(lines), speaker.rng.randint(3, 7)), key=list(lines).index)
    colon, end = speaker.pick(("：", ":", "： ")), speaker.pick(("\n", "\n", "；", "  "))
    number_them = speaker.maybe(0.2)
    said = [
        f"{f'{i}、' if number_them else ''}{speaker.pick(LABELS[key])}{colon}{lines[key][0]}"
        for i, key in enumerate(chosen, 1)
    ]
    return {"text": end.join(said), "expect": {key: lines[key][1] for key in chosen}}


def answer(speaker: Speaker) -> Row:
    """A bare answer to what was just asked."""
    asked, make = speaker.pick(tuple(ANSWERS.items()))
    text, expect = make(speaker)
    return {"text": text, "asked": asked, "expect": expect}


def _answer_area(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    low = speaker.pick((800, 1000, 1500, 2000, 3000, 5000, 8000, 12_000))
    n = numeral(speaker, low)
    found: tuple[tuple[str, float | None, float | None], ...] = (
        (n, low, low), (f"{n}吧", low, low), (f"{n}左右", low, low), (f"大概{n}", low, low), (f"{n}以上", low, None), (f"{n}以内", None, low),
        (f"{low}到{low * 2}", low, low * 2), (f"{low}-{low * 2}", low, low * 2), (f"最少{n}", low, None), (f"{n}平就够了", low, low),
    )  # fmt: skip
    text, lowest, highest = speaker.pick(found)
    return text, {"area": span(lowest, highest, "m2")}


def _answer_region(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    piece = pieces.region(speaker)
    return piece.text, piece.expect


def _answer_use(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    what = speaker.pick(banks.USES)
    return speaker.pick(
        (
            "{}",
            "{}",
            "做{}的",
            "{}吧",
            "我们做{}",
            "主要是{}",
            "生产{}",
            "{}加工" if not what.endswith("加工") else "{}",
            "就是{}",
        )
    ).format(what), {"use": what}


def _answer_tax(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    wan = speaker.pick((50, 100, 200, 300, 500, 800, 1500))
    mu = speaker.pick((15, 20, 30, 40))
    found = (
        (f"{wan}万", span(wan, wan, "wan/yr")), (f"大概{wan}万", span(wan, wan, "wan/yr")), (f"一年{wan}万左右", span(wan, wan, "wan/yr")),
        (f"{spoken(wan)}万", span(wan, wan, "wan/yr")), (f"{wan}万以上", span(wan, None, "wan/yr")), (f"每亩{mu}万", span(mu, mu, "wan/mu/yr")),
        (f"{wan}", span(wan, wan, "wan/yr")), ("没有", span(0, 0, "wan/yr")), ("暂时没有", span(0, 0, "wan/yr")), (f"{wan}w", span(wan, wan, "wan/yr")),
        ("零", span(0, 0, "wan/yr")), (f"{mu}万一亩", span(mu, mu, "wan/mu/yr")), (f"去年交了{wan}万", span(wan, wan, "wan/yr")),
    )  # fmt: skip
    text, value = speaker.pick(found)
    return text, {"tax": value}


def _answer_company(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    if speaker.maybe(0.2):
        none = (
            "还没注册",
            "没有公司",
            "无",
            "暂无",
            "公司还在注册",
            "还没成立",
            "个人",
            "没有",
            "筹备中",
            "新公司还没注册",
            "暂时没有公司",
        )
        return speaker.pick(none), {"company": ""}
    name = pieces.company_name(speaker)
    if speaker.maybe(0.3):
        name = speaker.pick(banks.FIRM_STEMS) + speaker.pick(banks.FIRM_TRADES)
    return speaker.pick(("{}", "{}", "我们公司叫{}", "{}。", "公司是{}", "叫{}")).format(name), {"company": name}


def _answer_contact(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    name = pieces.person(speaker)
    if speaker.maybe(0.2):
        surname = speaker.pick(banks.SURNAMES)
        return speaker.pick(("姓{}", "免贵姓{}", "我姓{}", "{}")).format(surname), {"contact": surname}
    return speaker.pick(("{}", "{}", "叫我{}", "我是{}", "{}就行", "我叫{}", "叫我{}就好", "{}。")).format(name), {
        "contact": name
    }


def _answer_mobile(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    number = pieces.mobile_number(speaker)
    if speaker.maybe(0.15):
        return speaker.pick((number[:-1], number + "6", number[:-2], "2" + number[1:])), {}
    piece = pieces.mobile(speaker)
    return piece.text, piece.expect


def _answer_budget(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    piece = pieces.budget(speaker)
    by_price = {"deal": "rent"} if any(cue in piece.text for cue in ("年租", "月租")) else {}
    return piece.text, piece.expect | by_price


ANSWERS: dict[str, Callable[[Speaker], tuple[str, dict[str, Any]]]] = {
    "area": _answer_area, "region": _answer_region, "use": _answer_use, "tax": _answer_tax, "company": _answer_company,
    "contact": _answer_contact, "mobile": _answer_mobile, "budget": _answer_budget,
}  # fmt: skip


def correction(speaker: Speaker) -> Row:
    """Something said before was wrong."""
    (old, _old_code), (new, code) = speaker.some(banks.PLACES, 2)
    low, high = speaker.pick((1000, 2000, 3000)), speaker.pick((4000, 6000, 8000))
    number, name = pieces.mobile_number(speaker), pieces.person(speaker)
    wan = speaker.pick((200, 300, 500))
    found: tuple[tuple[str, dict[str, Any]], ...] = (
        (f"不是{old}，是{new}", {"region": [code]}), (f"区域改成{new}", {"region": [code]}), (f"{old}改成{new}", {"region": [code]}),
        (f"说错了，是{new}", {"region": [code]}), (f"地点换成{new}", {"region": [code]}), (f"面积改成{high}", {"area": span(high, high, "m2")}),
        (f"面积写错了，应该是{high}平", {"area": span(high, high, "m2")}), (f"不是{low}平是{high}平", {"area": span(high, high, "m2")}),
        (f"{low}平改为{high}平", {"area": span(high, high, "m2")}), (f"刚才说错了，要{high}平方", {"area": span(high, high, "m2")}),
        (f"电话打错了，应该是{number}", {"mobile": [f"+86{number}"]}), (f"手机号更正一下：{number}", {"mobile": [f"+86{number}"]}),
        (f"号码改成{number}", {"mobile": [f"+86{number}"]}), (f"税收改成{wan}万", {"tax": span(wan, wan, "wan/yr")}),
        (f"更正，年税收{wan}万", {"tax": span(wan, wan, "wan/yr")}), (f"联系人改成{name}", {"contact": name}), ("不租了，改成买", {"deal": "buy"}),
        ("不对，是仓库不是厂房", {"asset": ["warehouse"]}), (f"上面面积填错了，{high}㎡", {"area": span(high, high, "m2")}), ("改成求购", {"deal": "buy"}),
    )  # fmt: skip
    text, expect = speaker.pick(found)
    return {"text": text + speaker.pick(("", "", "。", "，谢谢", "，不好意思")), "expect": expect | {"op": "correct"}}


def command(speaker: Speaker) -> Row:
    name = speaker.pick(tuple(COMMANDS))
    text = speaker.pick(COMMANDS[name])
    return {
        "text": speaker.pick(("", "", "", "麻烦", "请", "那"))
        + text
        + speaker.pick(("", "", "", "吧", "。", "，谢谢", "了"))
        if speaker.maybe(0.3)
        else text,
        "expect": {"cmd": name},
    }


def article(speaker: Speaker) -> Row:
    place, what = speaker.pick(banks.PLACES)[0], speaker.pick(banks.USES)
    return {"text": speaker.pick(ARTICLES).format(place=place, what=what), "expect": {"intent": "article"}}


def talk(speaker: Speaker) -> Row:
    bank = NOT_COMMANDS if speaker.maybe(0.5) else TALK
    text, expect = speaker.pick(bank)
    return {"text": text, "expect": expect}


KINDS: tuple[tuple[Callable[[Speaker], Row], float], ...] = (
    (opening, 0.52), (form, 0.07), (answer, 0.17), (correction, 0.06), (command, 0.09), (article, 0.03), (talk, 0.06),
)  # fmt: skip


def generated(count: int, seed: int, *, held_out: bool = False) -> Iterator[Row]:
    """`count` messages; the same ones for the same seed."""
    speaker = Speaker(random.Random(seed), held_out)
    makers, weights = zip(*KINDS, strict=True)
    for number in range(count):
        row = speaker.rng.choices(makers, weights)[0](speaker)
        yield {"id": f"{'h' if held_out else 'g'}{number:05d}", **row}
