"""Any number of made-up articles about industrial parks, and questions for them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.store.articles import Article, Content, Counter, upsert
from bot.store.base import Sessions

CHAINS = (
    "光模块",
    "低空经济",
    "钙钛矿",
    "固态电池",
    "人形机器人",
    "碳化硅",
    "合成生物",
    "商业航天",
    "算力中心",
    "氢燃料电池",
)
THINGS = (
    "产能扩张",
    "龙头出海",
    "上市募资",
    "价格走势",
    "技术路线",
    "政策补贴",
    "招商图谱",
    "人才缺口",
    "设备国产化",
    "标准发布",
)
SAYS = ("订单饱满", "良率提升", "资本开支上调", "地方配套到位", "客户验证通过", "产线爬坡", "出口增长", "成本下降")
BODY = "{chain}{thing}引发关注。第{number}号简报显示，{say}，上下游企业加快布局，多个园区出台专项扶持办法。" * 6


def title(number: int) -> str:
    chain, thing = CHAINS[number % 10], THINGS[number // 10 % 10]
    return f"{chain}{thing}：{SAYS[number // 100 % 8]}，第{number}号简报"


def fill(sessions: Sessions, count: int) -> None:
    """One goes the usual way, to learn what a row looks like; the others are copied from it, 1000 a statement."""
    now = datetime.now(UTC)
    with sessions.begin() as session:
        content = Content("https://site.example/post/0.html", title(0), _body(0), now, summary=title(0))
        first, _ = upsert(session, content, now)
        row = session.execute(sa.select(Article.__table__).where(Article.id == first)).mappings().one()
    for start in range(1, count, 1000):
        with sessions.begin() as session:
            rows = [_row(dict(row), first, number, now) for number in range(start, min(start + 1000, count))]
            session.execute(sa.insert(Article.__table__), rows)  # type: ignore[arg-type]
            last = rows[-1]["index_seq"]
            session.execute(sa.update(Counter).where(Counter.name == "index_seq").values(value=last))


def _row(like: dict[str, object], first: int, number: int, now: datetime) -> dict[str, object]:
    own = {
        "id": first + number,
        "url": f"https://site.example/post/{number}.html",
        "title": title(number),
        "body": _body(number),
        "summary": title(number),
        "index_seq": int(str(like["index_seq"])) + number,
        "published_at": now - timedelta(minutes=number),
    }
    unique = {"content_hash": f"{number:064x}", "hash": f"{number:064x}"}
    return {**like, **own, **{name: value for name, value in unique.items() if name in like}}


def _body(number: int) -> str:
    chain, thing = CHAINS[number % 10], THINGS[number // 10 % 10]
    return BODY.format(chain=chain, thing=thing, number=number, say=SAYS[number // 100 % 8])


ANSWERED = "https://site.example/post/"
"""What every answer holds that names an article; the words of the question come back in a refusal as well."""


def question(chance: random.Random, *, in_a_form: bool) -> str:
    """One of some two thousand, so that what was understood a moment ago helps little. In the middle of a form only
    what is unmistakably no answer to it: 光模块产能扩张 could be what a firm makes."""
    chain, thing, say = chance.choice(CHAINS), chance.choice(THINGS), chance.choice(SAYS)
    asked = (f"{chain}的{thing}怎么样", f"{chain}{thing}{say}了吗", f"有没有{chain}的文章")
    return chance.choice(asked if in_a_form else (f"{chain}{thing}", f"{chain} {say}", *asked))
