"""Simulated prospects who want something, answer what is asked, interrupt, correct and mistype.

`python -m tests.eval.prospects [n]` plays n of them against the routes and prints how many questions too many they were
asked, how often something they had said was asked again, and how many leads equal what they wanted.
They read nothing but the replies; what they say is made from profiles and turns of phrase of our own.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.dialogue.effects import LeadRevised, LeadSubmitted
from bot.dialogue.form import Slot
from tests.eval.walk import real_reader
from tests.intake import plain_reader
from tests.intake.talking import FORM, Follower, Office, Understand, lookups_for, readable

ORDER = ("deal", "asset", "area", "region", "use", "tax", "company", "contact", "phone")
PLACES = {name: code for name, code in plain_reader.PLACES.items() if name != "盐城"}
USES = (
    "汽车零部件", "注塑模具", "精密机械加工", "新能源电池pack", "半导体设备", "五金冲压", "食品加工", "医疗器械", "电商仓储", "电子组装",
    "机器人研发", "光伏组件", "包装印刷", "纺织面料", "家具制造", "钣金", "生物医药", "冷链物流", "3D打印", "阀门铸造",
)  # fmt: skip
ASSETS = {
    "factory": ("厂房", "标准厂房", "独栋厂房"),
    "warehouse": ("仓库", "仓库"),
    "land": ("土地", "工业用地"),
    "office": ("研发楼", "办公楼"),
}
TITLES = ("王总", "李工", "张先生", "陈女士", "刘经理", "周总", "赵主任", "孙小姐", "吴总", "郑工", "欧阳先生", "徐总")
FIRMS = ("恒达", "华晟", "鼎力", "瑞科", "中汇", "博远", "联创", "金石", "明洋", "佳宏")
KINDS = (
    "精密机械有限公司",
    "新材料科技有限公司",
    "电子有限公司",
    "智能装备股份有限公司",
    "物流有限公司",
    "食品有限公司",
    "模具厂",
)
DIGRESSIONS = (
    "发我一篇关于厂房消防验收的文章",
    "有没有光模块产业链的文章",
    "你们公司在哪里？",
    "你好",
    "佣金怎么收的？",
    "光模块",
)
REFUSALS = {"tax": ("不方便说", "跳过", "先不说"), "company": ("跳过", "不方便说", "先跳过")}
HAN = "零一二三四五六七八九"


@dataclass
class Profile:
    """What one prospect wants, as the lead should hold it; None where they will not say."""

    values: dict[str, Any]
    words: dict[str, str]
    """How they say each slot when asked for it alone."""


@dataclass
class Played:
    """How one conversation went."""

    missing: int = 0
    questions: int = 0
    again: list[str] = field(default_factory=list)
    slips: int = 0
    wrong: list[str] = field(default_factory=list)
    done: bool = False
    log: list[str] = field(default_factory=list)

    @property
    def too_many(self) -> int:
        return self.questions - self.missing


def profile(rng: random.Random) -> Profile:
    asset = rng.choices(list(ASSETS), (6, 2, 2, 1))[0]
    deal = "buy" if asset == "land" else rng.choice(("rent", "rent", "buy"))
    area, area_words = _area(rng, asset)
    places = rng.sample(list(PLACES), rng.choices((1, 2), (5, 1))[0])
    tax, tax_words = _tax(rng)
    company = _company(rng)
    phone = f"1{rng.choice(('38', '39', '86', '77'))}0000{rng.randint(0, 9999):04d}"
    use, title = rng.choice(USES), rng.choice(TITLES)
    values = {
        "deal": deal, "asset": [asset], "area": area, "region": [PLACES[place] for place in places], "use": use,
        "tax": tax, "company": company, "contact": title, "mobile": [f"+86{phone}"],
    }  # fmt: skip
    words = {
        "deal": rng.choice(("租", "想租", "租的") if deal == "rent" else ("买", "想买", "购买")),
        "asset": rng.choice(ASSETS[asset]),
        "area": area_words,
        "region": rng.choice(("和", "或者", "、")).join(places),
        "use": rng.choice(("做{}的", "{}", "主要做{}", "我们做{}")).format(use),
        "tax": tax_words or rng.choice(REFUSALS["tax"]),
        "company": company or (rng.choice(("无", "还没注册")) if company == "" else rng.choice(REFUSALS["company"])),
        "contact": rng.choice(("{}", "叫我{}就行", "{}")).format(title),
        "phone": rng.choice(
            (phone, f"{phone[:3]} {phone[3:7]} {phone[7:]}", f"{phone[:3]}-{phone[3:7]}-{phone[7:]}", f"电话{phone}")
        ),
    }
    return Profile(values, words)


def _area(rng: random.Random, asset: str) -> tuple[dict[str, Any], str]:
    if asset == "land":
        low = rng.choice((10, 20, 30, 50, 80, 100))
        return {"min": low, "max": low, "unit": "mu"}, rng.choice((f"{low}亩", f"{low}亩左右", f"大概{low}亩地"))
    low = rng.choice((500, 1000, 1500, 2000, 3000, 5000, 8000, 10000))
    if rng.random() < 0.3:
        high = low * 2
        return {"min": low, "max": high, "unit": "m2"}, rng.choice(
            (f"{low}-{high}平", f"{low}到{high}平方", f"{low}~{high}㎡")
        )
    ways = [f"{low}平", f"{low}平方米", f"{low}方", f"{low}㎡左右", f"大概{low}平"]
    if low % 1000 == 0 and low < 10000:
        ways.append(f"{HAN[low // 1000]}千平")
    if low == 10000:
        ways += ["1万平", "一万方"]
    return {"min": low, "max": low, "unit": "m2"}, rng.choice(ways)


def _tax(rng: random.Random) -> tuple[dict[str, Any] | None, str]:
    kind = rng.random()
    if kind < 0.2:
        return None, ""
    if kind < 0.3:
        return {"min": 0, "max": 0, "unit": "wan/yr"}, rng.choice(("刚成立，暂时没有税收", "暂时没有税收"))
    much = rng.choice((50, 100, 200, 300, 500, 1000))
    if kind < 0.45:
        return {"min": much // 10, "max": much // 10, "unit": "wan/mu/yr"}, f"每亩税收{much // 10}万"
    return {"min": much, "max": much, "unit": "wan/yr"}, rng.choice(
        (f"年税收{much}万", f"税收大概{much}万", f"一年税收{much}万左右")
    )


def _company(rng: random.Random) -> str | None:
    kind = rng.random()
    if kind < 0.2:
        return None
    if kind < 0.3:
        return ""
    return f"{rng.choice(list(PLACES))}{rng.choice(FIRMS)}{rng.choice(KINDS)}"


class Prospect:
    """Plays one profile: `play` runs from the opening message to 已提交, or gives up after 40 replies."""

    def __init__(self, rng: random.Random, understand: Understand) -> None:
        self.rng = rng
        self.profile = profile(rng)
        self.office = Office()
        place = getattr(understand, "place", None)
        self.person = Follower(lookups_for(understand, self.office, place), self.office)
        self.played = Played()
        self.given: set[str] = set()
        self.slip = self._slip()
        self.interrupts = rng.random() < 0.35

    def play(self) -> Played:
        opening = self._opening()
        self.played.missing = sum(self._must_be_asked(name) for name in ORDER)
        reply = self._say(opening)
        for _ in range(40):
            if "已提交" in reply:
                break
            reply = self._say(self._answer(reply))
        self._check()
        return self.played

    def _must_be_asked(self, name: str) -> bool:
        land = name == "deal" and self.profile.values["asset"] == ["land"] and "asset" in self.given
        return name not in self.given and not land

    def _opening(self) -> str:
        rng = self.rng
        style = rng.random()
        if style < 0.15:
            return rng.choice(("我要找厂房土地", "登记需求"))
        names = ["asset", *rng.sample(("area", "region", "use"), rng.randint(0, 3))]
        for name, chance in (("deal", 0.6), ("tax", 0.25), ("company", 0.25), ("contact", 0.25), ("phone", 0.25)):
            if rng.random() < chance and self.profile.values.get("mobile" if name == "phone" else name):
                names.append(name)
        self.given |= set(names)
        return self._form_style(names) if style < 0.3 else self._told(names)

    def _form_style(self, names: list[str]) -> str:
        labels = {
            "deal": "需求",
            "asset": "类型",
            "area": "面积",
            "region": "区域",
            "use": "用途",
            "tax": "税收",
            "company": "公司",
            "contact": "联系人",
            "phone": "手机号",
        }
        return "\n".join(f"{labels[name]}：{self._bare(name)}" for name in ORDER if name in names)

    def _bare(self, name: str) -> str:
        profile = self.profile
        return {
            "use": str(profile.values["use"]),
            "contact": str(profile.values["contact"]),
            "phone": profile.values["mobile"][0][3:],
        }.get(name, profile.words[name])

    def _told(self, names: list[str]) -> str:
        verb = (
            {"rent": "租", "buy": "买"}[self.profile.values["deal"]]
            if "deal" in names
            else self.rng.choice(("找", "需要"))
        )
        place = f"在{self.profile.words['region']}" if "region" in names else ""
        area = self._plain_area() if "area" in names else ""
        head = (
            self.rng.choice(("想", "我们想", "打算", ""))
            + f"{place}{verb}{area}{'的' if area and self.rng.random() < 0.3 else ''}{self.profile.words['asset']}"
        )
        rest = [
            self._bare(name) if name != "use" else f"做{self.profile.values['use']}"
            for name in ORDER
            if name in names and name not in ("deal", "asset", "area", "region")
        ]
        return "，".join([head, *rest])

    def _plain_area(self) -> str:
        area = self.profile.values["area"]
        unit = "亩" if area["unit"] == "mu" else "平"
        return f"{area['min']}{unit}" if area["min"] == area["max"] else f"{area['min']}-{area['max']}{unit}"

    def _answer(self, reply: str) -> str:
        slot = asked_in(reply)
        if "回复 1 同意并提交" in reply or "回复 1" in reply.splitlines()[-1]:
            return self._at_card()
        if re.search(r"^1\. ", reply, re.M) and (slot is None or not slot.choices):
            self.played.questions += 1
            return self._choice(reply)
        if slot is None:
            return "继续"
        return self._asked(slot)

    def _asked(self, slot: Slot) -> str:
        name = slot.name
        if self.interrupts and self.rng.random() < 0.3:
            self.interrupts = False
            return self.rng.choice(DIGRESSIONS)
        if name in self.given:
            self.played.again.append(name)
        self.played.questions += 1
        if self.slip == name:
            self.slip = f"correct {name}"
            self.played.slips += 1
            return self._slipped(name)
        self.given.add(name)
        return self._answered(name)

    def _answered(self, name: str) -> str:
        """Sometimes more than was asked."""
        following = [other for other in ("area", "region", "use") if other not in self.given and other != name]
        if name in ("deal", "asset", "area", "region") and following and self.rng.random() < 0.2:
            extra = following[0]
            self.given.add(extra)
            self.played.missing -= 1
            words = f"做{self.profile.values['use']}" if extra == "use" else self.profile.words[extra]
            return f"{self.profile.words[name]}，{words}"
        if self.slip.startswith("correct "):
            return self._corrected(name)
        return self.profile.words[name]

    def _corrected(self, name: str) -> str:
        wrong = self.slip.removeprefix("correct ")
        self.slip = ""
        if wrong in ("phone",) or wrong == name:
            return self.profile.words[name]
        self.given.add(wrong)
        self.given.discard(name)
        self.played.missing += 1
        return self._correction(wrong)

    def _correction(self, name: str) -> str:
        if name == "area":
            return self.rng.choice(("面积改成{}", "不对，面积应该是{}", "面积说错了，是{}")).format(self._plain_area())
        return self.rng.choice(("区域改成{}", "说错了，应该是{}", "地方改一下，改成{}")).format(
            self.profile.words["region"]
        )

    def _slip(self) -> str:
        return self.rng.choice(("area", "region", "phone")) if self.rng.random() < 0.35 else ""

    def _slipped(self, name: str) -> str:
        if name == "phone":
            self.slip = ""
            number = self.profile.values["mobile"][0][3:]
            return number[:-1]
        if name == "area":
            self.given.add(name)
            return (
                "30亩"
                if self.profile.values["area"]["unit"] == "mu" and self.profile.values["area"]["min"] != 30
                else "1200平"
            )
        self.given.add(name)
        return "盐城"

    def _at_card(self) -> str:
        if self.slip.startswith("correct "):
            name = self.slip.removeprefix("correct ")
            self.slip = ""
            return self._correction(name)
        return self.rng.choice(("1", "同意并提交", "确认提交"))

    def _choice(self, reply: str) -> str:
        """Of the numbered choices the one that fits what they want."""
        options = re.findall(r"^(\d)\. (.+)$", reply, re.M)
        wanted = [
            *self.profile.words.values(),
            self._plain_area(),
            *(n for n, c in PLACES.items() if c in self.profile.values["region"]),
        ]
        for number, label in options:
            if "不" not in label and any(word and word in label for word in wanted):
                return str(number)
        return str(options[-1][0])

    def _say(self, text: str) -> str:
        reply = readable(self.person.say(text))
        self.played.log += [f"> {text}", f"< {reply}"]
        return reply

    def _check(self) -> None:
        made = [effect for effect in self.person.effects if isinstance(effect, LeadSubmitted | LeadRevised)]
        self.played.done = bool(made)
        slots = dict(made[-1].slots) if made else {}
        self.played.wrong = [
            f"{name}: {slots.get(name)!r} for {value!r}"
            for name, value in self._wanted()
            if not equal(name, slots.get(name), value)
        ]

    def _wanted(self) -> Iterator[tuple[str, Any]]:
        return ((name, value) for name, value in self.profile.values.items())


def equal(name: str, found: Any, wanted: Any) -> bool:
    if wanted is None:
        return found is None
    if name == "use":
        return found is not None and (found in wanted or wanted in found)
    if isinstance(wanted, list):
        return found is not None and sorted(found) == sorted(wanted)
    return bool(found == wanted)


def asked_in(reply: str) -> Slot | None:
    """The slot whose question, in any of its wordings, ends the reply."""
    plain = re.sub(r"\{\w+\}", "", reply)
    for slot in FORM.slots:
        for wording in (slot.question, slot.again, slot.refused):
            if slot.asked and wording and wording.split("{skip}")[0][:10] in plain:
                return slot
    return next((slot for slot in FORM.slots if f"「{slot.label}」现在记的是" in plain), None)


@dataclass
class Tally:
    played: list[Played]

    def lines(self) -> Iterator[str]:
        extra = sorted(one.too_many for one in self.played)
        right = sum(one.done and not one.wrong for one in self.played)
        yield f"{len(self.played)} prospects, {sum(one.done for one in self.played)} leads"
        yield f"questions asked minus slots truly missing: median {statistics.median(extra):g}, p90 {quantile(extra, 0.9):g}, worst {extra[-1]}"
        yield f"asked again though given: {sum(len(one.again) for one in self.played)}"
        yield f"final lead equal to the profile: {right / len(self.played):.1%}"
        kinds = Counter(entry.split(":")[0] for one in self.played for entry in one.wrong)
        if kinds:
            yield "differing: " + ", ".join(f"{name} {count}" for name, count in kinds.most_common())


def quantile(values: list[int], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def play(count: int, understand: Understand, *, seed: int = 1) -> Tally:
    return Tally([Prospect(random.Random(f"{seed}-{number}"), understand).play() for number in range(count)])


def main(arguments: list[str]) -> int:
    count = int(next((word for word in arguments if word.isdigit()), "300"))
    plain = "--plain" in arguments
    tally = play(count, plain_reader.read if plain else real_reader())
    print("\n".join(tally.lines()))
    if "--bad" in arguments:
        bad = [one for one in tally.played if one.wrong or one.again or one.too_many > 1]
        print(
            "\n\n".join(
                "\n".join([*one.log, f"!! {one.wrong} again {one.again} extra {one.too_many}"]) for one in bad[:15]
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
