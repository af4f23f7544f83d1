"""Articles for the tests, written by chance from words of the trade: as many as a test wants, no two alike."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGAN = datetime(2026, 9, 1, 9, 0, 0, tzinfo=SHANGHAI)

_WHO = [
    "园区",
    "企业",
    "链主",
    "龙头企业",
    "中小企业",
    "地方政府",
    "招商团队",
    "研发机构",
    "配套厂商",
    "投资方",
    "行业协会",
    "供应商",
]
_WHAT = [
    "光模块",
    "数控机床",
    "储能电池",
    "机器人",
    "集成电路",
    "生物医药",
    "新材料",
    "低空飞行器",
    "氢能装备",
    "精密模具",
    "传感器",
    "工业软件",
]
_DOES = [
    "正在扩建",
    "计划引进",
    "已经布局",
    "持续升级",
    "联合开发",
    "加快验证",
    "集中展示",
    "重新评估",
    "率先试用",
    "逐步替换",
]
_WHERE = [
    "东部的产业园",
    "沿江的开发区",
    "老工业基地",
    "高新区",
    "临港片区",
    "县城的标准厂房",
    "大学城旁的孵化器",
    "物流枢纽周边",
]
_WHY = [
    "订单排到了明年",
    "层高和承重都合适",
    "上下游就在半小时车程内",
    "双路供电已经到位",
    "人才公寓可以拎包入住",
    "环评指标有了着落",
]
_END = ["业内人士认为，后面还要看市场", "负责人说，今年的目标不变", "不过，成本仍是绕不开的话题", "这也给同行提了个醒"]
_HEADS = ["一、总体情况", "二、主要做法", "三、下一步打算", "市场怎么看", "难点在哪里"]


@dataclass(frozen=True, slots=True)
class Post:
    """`paragraphs` is the truth: what belongs to the article, and nothing else does."""

    id: int
    title: str
    paragraphs: tuple[str, ...]
    category: str = "产业观察"
    posted: datetime = BEGAN
    tags: tuple[str, ...] = ()
    author: str = "编辑部"
    picture: str = ""
    contact: bool = True
    extra: str = ""

    @property
    def body(self) -> str:
        return "\n".join(self.paragraphs)


def post(number: int, **more: object) -> Post:
    """The article of this number; the same every time."""
    chance = random.Random(number)
    what, where = chance.choice(_WHAT), chance.choice(_WHERE)
    facts: dict[str, object] = {
        "id": number,
        "title": f"{what}项目落户{where}：第{number}号观察",
        "paragraphs": tuple(_paragraphs(chance, number)),
        "category": chance.choice(["产业观察", "招商政策", "园区故事"]),
        "posted": BEGAN + timedelta(hours=number),
        "tags": (what, "招商"),
        **more,
    }
    return Post(**facts)  # type: ignore[arg-type]


def posts(count: int, first: int = 1) -> list[Post]:
    return [post(number) for number in range(first, first + count)]


def _paragraphs(chance: random.Random, number: int) -> list[str]:
    found = []
    for place in range(chance.randint(3, 8)):
        if place and chance.random() < 0.25:
            found.append(chance.choice(_HEADS))
        sentences = (_sentence(chance) for _ in range(chance.randint(1, 4)))
        found.append("".join(sentences) + (f"这是第{number}篇的第{place}段。" if place < 2 else ""))
    return found


def _sentence(chance: random.Random) -> str:
    pick = chance.choice
    return f"{pick(_WHERE)}的{pick(_WHO)}{pick(_DOES)}{pick(_WHAT)}，因为{pick(_WHY)}。" + (
        f"{pick(_END)}。" if chance.random() < 0.3 else ""
    )
