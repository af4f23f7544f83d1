"""One thing a follower says, with what must be understood from it: a piece for every slot, and pieces that say nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.eval.corpus import banks
from tests.eval.corpus.banks import Speaker
from tests.eval.corpus.speech import numeral, spoken


@dataclass(frozen=True)
class Piece:
    text: str
    expect: dict[str, Any] = field(default_factory=dict)
    name: str = ""


Make = Callable[[Speaker], Piece]


def span(low: float | None, high: float | None, unit: str) -> dict[str, Any]:
    return {"min": low, "max": high, "unit": unit}


# --- what is looked for -----------------------------------------------------------------------------------------------

RENT = ("想租", "求租", "要租", "租个", "我要租", "打算租", "准备租", "计划租赁", "需要承租", "租一个", "诚租", "急租")
BUY = ("想买", "求购", "要买", "购买", "我要买", "打算购置", "准备买", "计划购置", "想收购", "买个", "诚购")
SEEK = (
    "找",
    "想找",
    "需要",
    "要",
    "求",
    "有没有",
    "帮忙找",
    "需求",
    "急需",
    "想要",
    "寻",
    "麻烦推荐",
    "我想要",
    "考虑",
)
MU_UNITS = ("亩", "亩地", "亩土地", "亩工业用地")
M2_UNITS = ("平", "平方", "平米", "平方米", "㎡", "m2", "方", "个平方", "m²")


def area_words(speaker: Speaker, unit: str) -> tuple[str, float | None, float | None]:
    low = speaker.pick(
        (500, 800, 1000, 1200, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10_000, 12_000, 15_000, 20_000, 30_000)
    )
    if unit in MU_UNITS:
        low = speaker.pick((8, 10, 15, 20, 25, 30, 35, 40, 50, 60, 80, 100, 120, 150, 200))
    high = low * 2 if speaker.maybe(0.5) else low + low // 2
    n, m = numeral(speaker, low), numeral(speaker, high)
    bounds: tuple[tuple[str, float | None, float | None], ...] = (
        (f"{n}{unit}", low, low), (f"{n}{unit}", low, low), (f"{n}{unit}左右", low, low), (f"大概{n}{unit}", low, low),
        (f"{n}来{unit}" if n[-1] in "十百千万0" else f"约{n}{unit}", low, low), (f"{n}{unit}上下", low, low),
        (f"{low}-{high}{unit}", low, high), (f"{n}到{m}{unit}", low, high), (f"{low}~{high}{unit}", low, high),
        (f"{low}{unit}到{high}{unit}", low, high), (f"{n}{unit}以上", low, None), (f"至少{n}{unit}", low, None),
        (f"{n}{unit}以内", None, low), (f"不超过{n}{unit}", None, low), (f"{n}{unit}起", low, None), (f"最多{n}{unit}", None, low),
        (f"不低于{n}{unit}", low, None), (f"{n}多{unit}" if n[-1] in "十百千万" else f"{n}{unit}多", low, None),
        (f"{n}{unit}以下", None, low), (f"{low}—{high}{unit}", low, high), (f"差不多{n}{unit}", low, low),
    )  # fmt: skip
    return speaker.pick(bounds)


def area(speaker: Speaker) -> Piece:
    unit = speaker.pick(M2_UNITS if speaker.maybe(0.75) else ("亩",))
    words, low, high = area_words(speaker, unit)
    expect: dict[str, Any] = {"area": span(low, high, "mu" if "亩" in unit else "m2")}
    lead = speaker.pick(("", "", "", "面积", "面积大概", "要", "需要", "大概要", "建筑面积", "我们需要", "面积要"))
    return Piece(lead + words, expect, "area")


def need(speaker: Speaker) -> Piece:
    """想租昆山3000平厂房: deal, place, area and property in one breath, in any order."""
    deal = speaker.pick(("rent", "buy", ""))
    verb = speaker.pick({"rent": RENT, "buy": BUY, "": SEEK}[deal])
    word, kind = speaker.pick(banks.ASSETS)
    unit = "亩" if kind == "land" and speaker.maybe(0.9) else speaker.pick(M2_UNITS)
    expect: dict[str, Any] = {"asset": [kind]}
    if deal:
        expect["deal"] = deal
    if word in banks.FIRE_IN_ASSET:
        expect["fire"] = banks.FIRE_IN_ASSET[word]
    size, low, high = area_words(speaker, unit) if speaker.maybe(0.6) else ("", None, None)
    if size:
        expect["area"] = span(low, high, "mu" if unit == "亩" else "m2")
    where, places = (_where(speaker)) if speaker.maybe(0.6) else ("", {})
    expect |= places
    forms = (
        f"{verb}{where}{size}{'的' if size else ''}{word}", f"{verb}{where}{word}{size}", f"{where}{verb}{size}{word}",
        f"想在{where}{verb.removeprefix('想')}{size}{word}" if where else f"{verb}{size}{word}",
        f"{where}附近{verb}个{word}" + (f"，{size}" if size else "") if where else f"{verb}{word}，{size}",
        f"{word}{verb}，{where}{size}" if verb in ("求租", "求购", "需求", "诚租", "急租") else f"{verb}{size}{word}，{where}",
    )  # fmt: skip
    return Piece(speaker.pick(forms).rstrip("，"), expect, "need")


def _where(speaker: Speaker) -> tuple[str, dict[str, Any]]:
    kind = speaker.rng.random()
    if kind < 0.6:
        name, code = speaker.pick(banks.PLACES)
        return name, {"region": [code]}
    if kind < 0.8:
        name, code = speaker.pick(banks.INNER)
        return name, {"region": [code]}
    if kind < 0.9:
        name, zone, codes = speaker.pick(banks.ZONES)
        return name, {"zone": [zone]} | ({"region": list(codes)} if codes else {})
    (one, code_one), (two, code_two) = speaker.some(banks.PLACES, 2)
    if code_one[:4] == code_two[:4]:
        return one, {"region": [code_one]}
    return one + speaker.pick(("或", "或者", "、", "和", "/", "或是")) + two, {"region": [code_one, code_two]}


def region(speaker: Speaker) -> Piece:
    where, expect = _where(speaker)
    forms = (
        "{0}", "{0}", "{0}附近", "想在{0}", "位置{0}", "{0}这边", "最好在{0}", "地点{0}", "目标{0}", "区域{0}", "{0}都可以", "想去{0}发展",
        "意向{0}", "打算落在{0}", "准备搬到{0}", "希望在{0}", "优先{0}", "{0}周边", "选址{0}", "考虑{0}", "{0}有合适的吗", "想放在{0}",
    )  # fmt: skip
    return Piece(speaker.pick(forms).format(where), expect, "region")


def use(speaker: Speaker) -> Piece:
    what = speaker.pick(banks.USES)
    expect = {"use": what}
    if speaker.maybe(0.35):
        forms = (
            "{0}",
            "{0}项目",
            "{0}企业",
            "{0}行业",
            "{0}生产",
            "{0}用",
            "{0}厂",
            "{0}生产线",
            "{0}为主",
            "用途{0}",
            "{0}的",
        )
        return Piece(speaker.pick(forms).format(what), expect, "use")
    tail = speaker.pick(("", "", "", "的", "的企业", "这块", "项目"))
    return Piece(speaker.pick(banks.WEAK_HEADS) + what + tail, expect, "use")


# --- money ------------------------------------------------------------------------------------------------------------


def _wan(speaker: Speaker, amounts: tuple[float, ...]) -> tuple[str, float]:
    wan = speaker.pick(amounts)
    if wan >= 10_000 and speaker.maybe(0.8):
        yi = wan / 10_000
        return speaker.pick(
            (f"{yi:g}亿", f"{yi:g}个亿", f"{yi:g}亿元")
            if yi != int(yi)
            else (f"{yi:g}亿", f"{spoken(int(yi))}个亿", f"{yi:g}亿元")
        ), wan
    said = spoken(int(wan)) if wan < 10_000 else f"{wan:g}"
    words = (f"{wan:g}万", f"{wan:g}万元", f"{wan:g}w", f"{wan:g}W", f"{said}万", f"{wan:g} 万")
    return speaker.pick(words), wan


BOUNDS: tuple[tuple[str, int], ...] = (
    ("{}", 0), ("{}", 0), ("{}左右", 0), ("大概{}", 0), ("约{}", 0), ("预计{}", 0), ("{}以上", 1), ("不低于{}", 1), ("{}以内", -1),
    ("超过{}", 1), ("至少{}", 1), ("不超过{}", -1), ("差不多{}", 0), ("最多{}", -1), ("{}起", 1),
)  # fmt: skip


def _bounded(speaker: Speaker, words: str, number: float, unit: str) -> tuple[str, dict[str, Any]]:
    form, side = speaker.pick(BOUNDS)
    low, high = (None if side < 0 else number), (None if side > 0 else number)
    return form.format(words), span(low, high, unit)


def tax(speaker: Speaker) -> Piece:
    if speaker.maybe(0.3):
        wan = speaker.pick((10, 15, 20, 25, 30, 35, 40, 50))
        forms = (
            "亩均税收{0}万",
            "每亩税收{0}万",
            "税收{0}万/亩",
            "亩均{0}万税收",
            "税收每亩{0}万",
            "亩税{0}万",
            "承诺税收{0}万一亩",
            "亩均纳税{0}万元",
        )
        return Piece(speaker.pick(forms).format(wan), {"tax": span(wan, wan, "wan/mu/yr")}, "tax")
    if speaker.maybe(0.1):
        words = ("目前没有税收", "刚成立还没有税收", "税收暂时为0", "暂无税收", "今年还没交过税")
        return Piece(speaker.pick(words), {"tax": span(0, 0, "wan/yr")}, "tax")
    words, wan = _wan(speaker, (50, 80, 100, 150, 200, 300, 500, 800, 1000, 1500, 2000, 3000, 10_000, 12_000))
    said, value = _bounded(speaker, words, wan, "wan/yr")
    lead = speaker.pick(
        (
            "税收",
            "年税收",
            "年纳税",
            "纳税",
            "一年税收",
            "每年交税",
            "税收贡献",
            "年缴税",
            "去年纳税",
            "税",
            "年税收能做到",
            "一年交税",
            "综合税收",
        )
    )
    return Piece(lead + said, {"tax": value}, "tax")


def budget(speaker: Speaker) -> Piece:
    kind = speaker.pick(("day", "month", "m2month", "year", "mu", "m2", "total", "coins"))
    if kind == "coins":
        words, number = speaker.pick(
            (
                ("一块二", 1.2),
                ("八毛", 0.8),
                ("一块", 1.0),
                ("九毛五", 0.95),
                ("一块五", 1.5),
                ("两块", 2.0),
                ("7毛", 0.7),
                ("1块3", 1.3),
            )
        )
        form = speaker.pick(("{}一平一天", "{}每平每天", "{}/平/天", "{}一天一平", "{}一平米一天"))
        return Piece(
            speaker.pick(("预算", "租金", "价格", "", "最多能接受")) + form.format(words),
            {"budget": span(*_side(number), "CNY/m2/day")},
            "coins",
        )
    return _priced(speaker, kind)


def _side(number: float) -> tuple[float, float]:
    return number, number


PRICES: dict[str, tuple[tuple[float, ...], tuple[str, ...], tuple[str, ...], str]] = {
    "day": ((0.6, 0.8, 1.0, 1.1, 1.2, 1.5, 1.8, 2.5), ("{}元/平/天", "{}元/㎡/天", "{}元每平每天", "每平每天{}元", "{}元/平米/天", "{}元/天/平"), ("预算", "租金", "价格", "", "单价"), "CNY/m2/day"),
    "month": ((10_000, 20_000, 30_000, 50_000, 80_000), ("月租金{w}", "每月{w}", "一个月{w}", "{w}一个月", "{w}/月", "月租{w}"), ("预算", "租金", ""), "CNY/month"),
    "m2month": ((12, 15, 18, 20, 22, 25, 28, 30, 35), ("{}元/平/月", "{}元/㎡/月", "每平每月{}元", "{}块一平一个月", "{}元每平方每月", "{}元/月/平"), ("预算", "租金", "价格", ""), "CNY/m2/month"),
    "year": ((200_000, 300_000, 500_000, 600_000, 800_000, 1_000_000), ("年租金{w}", "一年{w}", "{w}一年", "{w}/年", "每年{w}"), ("预算", "租金", "房租"), "CNY/year"),
    "mu": ((150_000, 200_000, 250_000, 300_000, 400_000), ("{w}/亩", "{w}一亩", "每亩{w}", "{w}每亩"), ("地价", "土地预算", "预算", "土地价格", "单价"), "CNY/mu"),
    "m2": ((2500, 3000, 3500, 4000, 4500, 5000, 6000), ("{}元/平", "{}一平", "{}元/平米", "每平{}元", "{}块一平"), ("单价", "售价", "预算单价", "价格", "均价"), "CNY/m2"),
    "total": ((3_000_000, 5_000_000, 8_000_000, 12_000_000, 20_000_000), ("{w}",), ("总价", "总预算", "预算总价", "预算"), "CNY"),
}  # fmt: skip


def _priced(speaker: Speaker, kind: str) -> Piece:
    amounts, forms, leads, unit = PRICES[kind]
    number = speaker.pick(amounts)
    wan = f"{number / 10_000:g}万" + speaker.pick(("", "元", "块"))
    words = speaker.pick(forms).format(f"{number:g}", w=wan)
    side = speaker.pick(
        (
            ("", "", 0),
            ("", "左右", 0),
            ("", "以内", -1),
            ("不超过", "", -1),
            ("", "以下", -1),
            ("控制在", "以内", -1),
            ("大概", "", 0),
        )
    )
    low, high = (None if side[2] < 0 else number), number
    lead = speaker.pick(leads)
    expect: dict[str, Any] = {"budget": span(low, high, unit)}
    text = lead + side[0] + words + side[1]
    return Piece(text, expect, "budget")


def invest(speaker: Speaker) -> Piece:
    words, wan = _wan(speaker, (500, 1000, 2000, 3000, 5000, 8000, 10_000, 20_000, 30_000, 50_000, 15_000))
    said, value = _bounded(speaker, words, wan, "wan")
    return Piece(
        speaker.pick(("总投资", "投资", "计划投资", "项目投资", "固定资产投资", "投资额", "打算投")) + said,
        {"invest": value},
        "invest",
    )


def output(speaker: Speaker) -> Piece:
    words, wan = _wan(speaker, (1000, 3000, 5000, 8000, 10_000, 20_000, 50_000, 100_000, 25_000))
    said, value = _bounded(speaker, words, wan, "wan")
    return Piece(
        speaker.pick(
            ("年产值", "产值", "年营收", "营收", "销售额", "年销售额", "达产后产值", "年产值预计", "去年营业额")
        )
        + said,
        {"output": value},
        "output",
    )


# --- who --------------------------------------------------------------------------------------------------------------


def company_name(speaker: Speaker) -> str:
    place, stem = speaker.pick(banks.FIRM_PLACES), speaker.pick(banks.FIRM_STEMS)
    trade, end = speaker.pick(banks.FIRM_TRADES), speaker.pick(banks.FIRM_ENDS)
    if place in ("苏州", "上海", "深圳") and speaker.maybe(0.1):
        return f"{stem}{trade}（{place}）{end}"
    return f"{place}{stem}{trade}{end}"


def company(speaker: Speaker) -> Piece:
    name = company_name(speaker)
    forms = (
        "{}",
        "{}",
        "我们是{}",
        "公司是{}",
        "我司{}",
        "公司名称{}",
        "公司叫{}",
        "我这边是{}",
        "{}的",
        "我司为{}",
        "单位：{}",
        "来自{}",
    )
    return Piece(speaker.pick(forms).format(name), {"company": name}, "company")


def person(speaker: Speaker) -> str:
    surname = speaker.pick(banks.SURNAMES)
    kind = speaker.rng.random()
    if kind < 0.65:
        return surname + speaker.pick(banks.TITLES)
    if kind < 0.9:
        return surname + speaker.pick(banks.GIVEN)
    return speaker.pick(banks.LATIN)


def contact(speaker: Speaker) -> Piece:
    name = person(speaker)
    forms = (
        "联系人{}",
        "我是{}",
        "联系人：{}",
        "我叫{}",
        "找{}",
        "叫我{}就行",
        "联系人是{}",
        "称呼{}",
        "对接人{}",
        "负责人{}",
    )
    if name[-1] in "总理生士姐工任长师监板" and len(name) <= 4 and name not in banks.LATIN:
        forms = (*forms, "{}", "{}", "{}")
    return Piece(speaker.pick(forms).format(name), {"contact": name}, "contact")


def mobile_number(speaker: Speaker) -> str:
    return (
        speaker.pick(("138", "139", "136", "186", "159", "177", "198", "152", "188"))
        + "0000"
        + f"{speaker.rng.randint(0, 9999):04d}"
    )


def mobile(speaker: Speaker) -> Piece:
    number = mobile_number(speaker)
    shapes = (
        number, number, number, f"{number[:3]} {number[3:7]} {number[7:]}", f"{number[:3]}-{number[3:7]}-{number[7:]}", f"+86 {number}",
        f"+86{number}", number.translate(str.maketrans("0123456789", "０１２３４５６７８９")), f"{number[:3]}.{number[3:7]}.{number[7:]}",
        number.translate(str.maketrans("0123456789", "零一二三四五六七八九")), f"86-{number}",
    )  # fmt: skip
    lead = speaker.pick(
        ("", "", "电话", "手机", "电话：", "联系电话", "手机号", "打我电话", "我的电话是", "tel:", "联系方式", "Tel ")
    )
    expect: dict[str, Any] = {"mobile": [f"+86{number}"]}
    if speaker.maybe(0.15):
        expect["wechat"] = number
        return Piece(
            lead + number + speaker.pick(("微信同号", "，微信同号", "（微信同号）", " 微信也是这个")), expect, "mobile"
        )
    return Piece(lead + speaker.pick(shapes), expect, "mobile")


def contact_and_mobile(speaker: Speaker) -> Piece:
    name, number = person(speaker), mobile_number(speaker)
    form = speaker.pick(
        (
            "{0}{1}",
            "{0} {1}",
            "{0}，{1}",
            "{0}：{1}",
            "{1} {0}",
            "{1}（{0}）",
            "联系人{0} {1}",
            "{0}电话{1}",
            "{0} 手机{1}",
            "我是{0}，电话{1}",
            "请联系{0}{1}",
        )
    )
    return Piece(form.format(name, number), {"contact": name, "mobile": [f"+86{number}"]}, "who")


def wechat(speaker: Speaker) -> Piece:
    handle = speaker.pick(("wxid_test01", "park_liu88", "kevin2020x", "zhang_gong_01", "factory-li", "suzhou_wang"))
    form = speaker.pick(
        ("微信{}", "微信号{}", "加微信{}", "wx:{}", "vx {}", "加我微信 {} 细聊", "我微信是{}", "V信{}", "微信：{}")
    )
    return Piece(form.format(handle), {"wechat": handle}, "wechat")


def landline(speaker: Speaker) -> Piece:
    code, e164 = speaker.pick(
        (
            ("021-5888", "+86215888"),
            ("0512-6288", "+865126288"),
            ("025-8377", "+86258377"),
            ("0755-8600", "+867558600"),
            ("0571-8811", "+865718811"),
        )
    )
    last = f"{speaker.rng.randint(0, 9999):04d}"
    return Piece(
        speaker.pick(("座机", "电话", "固话", "公司电话", "办公电话"))
        + code
        + last
        + speaker.pick(("", "", "转802", "-8016")),
        {"landline": [e164 + last]},
        "landline",
    )


# --- the building -----------------------------------------------------------------------------------------------------


def height(speaker: Speaker) -> Piece:
    number = speaker.pick((5.5, 6, 7, 8, 9, 10, 12))
    forms = (
        "层高{}米",
        "层高{}米以上",
        "净高{}米",
        "层高不低于{}米",
        "{}米层高",
        "层高{}m",
        "层高要{}米",
        "檐高{}米",
        "高度{}米以上",
        "层高{}",
    )
    return Piece(speaker.pick(forms).format(f"{number:g}"), {"height_m": number}, "height_m")


def crane(speaker: Speaker) -> Piece:
    number = speaker.pick((2, 3, 5, 10, 16, 20, 32))
    forms = (
        "带{}吨行车",
        "要{}吨行车",
        "{}吨行车",
        "行车{}吨",
        "需要{}T行车",
        "有{}吨天车",
        "配{}吨航车",
        "能装{}吨行车",
        "{}t行车",
    )
    return Piece(speaker.pick(forms).format(number), {"crane_t": number}, "crane_t")


def load(speaker: Speaker) -> Piece:
    number = speaker.pick((0.5, 0.8, 1, 1.5, 2, 3, 5))
    forms = (
        "承重{}吨",
        "承重{}吨/平米",
        "荷载{}吨每平",
        "楼板承重{}吨",
        "地面承重{}吨以上",
        "承重要{}吨/㎡",
        "每平承重{}吨",
    )
    return Piece(speaker.pick(forms).format(f"{number:g}"), {"load_t_m2": number}, "load_t_m2")


def power(speaker: Speaker) -> Piece:
    number = speaker.pick((200, 315, 400, 500, 630, 800, 1000, 1250, 2000))
    forms = (
        "配电{}kva",
        "{}KVA",
        "用电{}千伏安",
        "变压器{}kVA",
        "电要{}kva",
        "电量{}KVA以上",
        "需要{}kva的电",
        "配电不低于{}KVA",
    )
    return Piece(speaker.pick(forms).format(number), {"power_kva": number}, "power_kva")


def fire(speaker: Speaker) -> Piece:
    kind = speaker.pick(("甲", "乙", "丙", "丁", "戊"))
    forms = (
        "{}类消防",
        "消防{}类",
        "{}类",
        "{}类厂房消防",
        "消防等级{}类",
        "消防要{}类",
        "需要{}类",
        "{}二类消防" if kind == "丙" else "{}类消防",
    )
    text = speaker.pick(forms).format(kind)
    return Piece(text, {"fire": kind} | ({"asset": ["factory"]} if "厂房" in text else {}), "fire")


def env(speaker: Speaker) -> Piece:
    forms = ("能过环评", "要有环评", "需要环评", "可以做环评", "能办环评", "环评要能过", "有环评要求", "能做环评的")
    return Piece(speaker.pick(forms), {"env": "环评"}, "env")


REFUSED = (
    "二手厂房",
    "顶楼",
    "一楼",
    "地下室",
    "转租的",
    "中介",
    "集体土地",
    "多层",
    "隔断",
    "底商",
    "老旧厂房",
    "小产权",
    "合租",
    "钢棚",
    "简易房",
)


def negation(speaker: Speaker) -> Piece:
    what = speaker.pick(REFUSED)
    name = what.removesuffix("的")
    forms = ("不要{}", "{}不考虑", "不接受{}", "拒绝{}", "不考虑{}", "{}不要", "不想要{}", "{}除外")
    expect: dict[str, Any] = {"negation": [f"{name}|{name}的"]}
    if "厂房" in what:
        expect["asset"] = ["factory"]
    return Piece(speaker.pick(forms).format(what), expect, "negation")


def refused_place(speaker: Speaker) -> Piece:
    name, _ = speaker.pick(banks.PLACES)
    forms = ("不要{}", "{}不考虑", "不考虑{}", "{}太远不去", "不去{}", "{}除外", "除了{}都行")
    return Piece(speaker.pick(forms).format(name), {"negation": [name]}, "negation")


# --- what says nothing about the need ---------------------------------------------------------------------------------


def elsewhere(speaker: Speaker) -> Piece:
    """The place where somebody comes from or is now."""
    name, _ = speaker.pick(banks.PLACES)
    forms = (
        "我是{}的", "我们是{}企业", "我们公司在{}", "现在厂子在{}", "目前在{}", "从{}搬过来", "老厂在{}", "我们是{}人", "总部在{}", "现在{}那边的厂到期了",
        "之前在{}租过", "以前在{}", "去年在{}看过", "公司注册在{}", "人在{}", "客户在{}", "我们{}公司要扩产", "现厂址{}",
    )  # fmt: skip
    return Piece(speaker.pick(forms).format(name), {}, "elsewhere")


def current_area(speaker: Speaker) -> Piece:
    number = speaker.pick((800, 1000, 1500, 2000, 2500, 3000))
    forms = (
        "现在用{}平",
        "目前{}平不够用",
        "现在租的{}平",
        "现有{}平",
        "老厂{}平太小了",
        "现在只有{}平方",
        "目前的厂子{}平",
    )
    return Piece(speaker.pick(forms).format(number), {}, "current")


def idle(speaker: Speaker) -> Piece:
    return Piece(speaker.pick(banks.IDLE), {}, "idle")


def number_of_something(speaker: Speaker) -> Piece:
    digits = "".join(str(speaker.rng.randint(0, 9)) for _ in range(14))
    forms = ("快递单号7{}", "订单号{}", "身份证32058319900101{}", "税号91320{}", "合同编号{}")
    return Piece(speaker.pick(forms).format(digits[:12] if speaker.maybe(0.5) else digits[:10]), {}, "number")


SLOTS: tuple[Make, ...] = (
    area, region, use, tax, budget, invest, output, company, contact, mobile, contact_and_mobile, wechat, landline, height, crane, load,
    power, fire, env, negation, refused_place,
)  # fmt: skip
ASIDES: tuple[Make, ...] = (elsewhere, current_area, idle, idle, number_of_something)
