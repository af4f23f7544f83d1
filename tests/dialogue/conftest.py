"""Lookups made of plain data, for the handlers' own tests."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from bot.dialogue.lookups import Advisor, Article, Found, KeywordRule, Lookups, Topic, WaitingNews
from bot.dialogue.message import Message, Text
from bot.dialogue.wording import Heard, Wording
from bot.understanding.reading import Reading
from config import texts

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def article(number: int, title: str) -> Article:
    return Article(
        number,
        title,
        f"{title}的摘要。",
        f"https://site.example/post/{number}.html",
        "https://site.example/p.png",
        datetime(2026, 9, 21, 2, 3, tzinfo=UTC),
        ("optical",),
    )


@dataclass
class Shelf:
    """Articles by substring of their title."""

    articles: tuple[Article, ...]

    def search(self, text: str, limit: int = 30) -> Found:
        found = tuple(a for a in self.articles if text in a.title)[:limit]
        return Found(found, answered=bool(found))

    def get(self, ids: tuple[int, ...]) -> tuple[Article, ...]:
        known = {a.id: a for a in self.articles}
        return tuple(known[i] for i in ids if i in known)

    def related(self, article_id: int, limit: int = 5) -> tuple[Article, ...]:
        return tuple(a for a in self.articles if a.id != article_id)[:limit]

    def newest(self, topic: str = "", limit: int = 10) -> tuple[Article, ...]:
        return self.articles[:limit]


@pytest.fixture
def lookups() -> Lookups:
    files = {
        name: tomllib.loads((texts.HERE / f"{name}.toml").read_text(encoding="utf-8")) for name in ("replies", "menu")
    }
    phrases = files["replies"]["phrases"]
    facts = {
        "firm": "测试园区",
        "name": "李顾问",
        "phone": "400-000-0000",
        "wechat": "park-li",
        "hours": "",
        "topic_taps": "光模块",
    }
    topics = (
        Topic("optical", "光模块", ("硅光",)),
        Topic("chain", "链长制"),
        Topic("nev", "新能源汽车", ("新能源车",)),
    )
    return Lookups(
        say=Wording(phrases, facts),
        heard=Heard.of(files["replies"]["heard"]),
        understand=lambda text, asked=None: Reading(),
        wants_human=lambda _text: False,
        articles=Shelf((*tuple(article(n, f"光模块第{n}篇") for n in range(1, 13)), article(99, "什么是链长制"))),
        topics=topics,
        advisor=Advisor("李顾问", "400-000-0000", "park-li"),
        keywords=(KeywordRule(("营业时间",), "九点到六点"),),
        menu=files["menu"]["says"],
        form=None,
        latest_broadcast=lambda: 0,
        waiting_news=lambda openid: WaitingNews((), ()),
        open_lead=lambda openid: None,
    )


def said(text: str, key: str = "k1") -> Message:
    return Message("oSim_follower_1", "gh_sim", NOW, key, Text(text))
