"""What followers get for what they write, over the sample site's articles."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.search.articles import IndexedArticles
from bot.search.document import Document
from bot.search.index import Index
from tests.search.conftest import NOW, Shelve, article, others


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("硅光", "硅光来了"),
        ("链长制是什么", "链长制是什么"),
        ("請問有沒有集成電路產業鏈的文章？謝謝", "集成电路产业链怎么分"),
        ("ＡＩ 车间😂", "人工智能走进车间"),
        ("帮我找找租厂房合同的资料", "租厂房合同里"),
        ("工业母机", "数控机床为什么叫工业母机"),
        ("新能源车零部件", "跟着整车厂搬家"),
        ("大语言模型 工厂", "大模型落地工厂"),
    ],
)
def test_the_right_article_comes_first(sample: IndexedArticles, message: str, title: str) -> None:
    found = sample.search(message)
    assert found.answered
    assert title in found.articles[0].title


@pytest.mark.parametrize(
    ("message", "read_as"),
    [
        ("光膜块", "光模块"),
        ("数空机床", "数控机床"),
        ("guangmokuai", "光模块"),
        ("xin neng yuan qiche", "新能源汽车"),
        ("lianzhangzhi", "链长制"),
        ("光mo块", "光模块"),
    ],
)
def test_slips_and_pinyin_are_read_as_they_were_meant(sample: IndexedArticles, message: str, read_as: str) -> None:
    found = sample.search(message)
    assert found.answered
    assert found.read_as == read_as
    assert read_as in found.articles[0].title


@pytest.mark.parametrize(
    "message", ["你叫什么名字", "给我唱首歌吧", "哈哈哈哈", "健康证怎么办理", "今天股价多少", "红烧肉怎么做"]
)
def test_what_the_articles_cannot_answer_gets_none(sample: IndexedArticles, message: str) -> None:
    assert not sample.search(message).answered


def test_a_topics_name_lists_the_topic_with_the_very_word_first(sample: IndexedArticles) -> None:
    found = sample.search("无人机")
    assert found.topic == "low-altitude"
    assert "无人机" in found.articles[0].title
    assert any("低空经济" in one.title for one in found.articles)


def test_broad_words_are_answered_newest_first(shelve: Shelve) -> None:
    ages = [40, 3, 300, 12, 77, 150, 9, 30, 210, 60]
    shelf = shelve(article(n, f"特种阀门走访记之{n}", "特种阀门" * n, days) for n, days in enumerate(ages, 1))
    found = shelf.search("特种阀门")
    assert [one.published for one in found.articles] == sorted((one.published for one in found.articles), reverse=True)


def test_a_broad_list_is_as_long_as_there_are_articles(shelve: Shelve) -> None:
    many = [article(n, f"特种阀门走访记之{n}", f"走访第{n}家。" * (60 - n), days_ago=n) for n in range(1, 51)]
    shelf = shelve([*many, *others()])
    found = shelf.search("特种阀门的文章有哪些")
    assert found.answered  # however little a word tells that half of the articles have
    assert (*(one.id for one in found.articles), *found.more) == tuple(range(1, 31))


def test_a_search_tells_the_first_articles_and_names_the_others(shelve: Shelve) -> None:
    shelf = shelve([article(n, f"特种阀门走访记之{n}", f"走访第{n}家。" * 9, days_ago=n) for n in range(1, 13)])
    found, whole = shelf.search("特种阀门"), shelf.told(shelf.find("特种阀门"))
    assert (len(found.articles), len(found.more)) == (5, 7)
    assert (*found.articles, *shelf.get(found.more)) == whole.articles
    assert replace(found, articles=(), more=()) == replace(whole, articles=())


def test_time_words_keep_to_their_time(shelve: Shelve) -> None:
    shelf = shelve([article(1, "轴承企业扩产", days_ago=2), article(2, "轴承企业搬家", days_ago=40), *others()])
    assert [one.id for one in shelf.search("本周的轴承文章").articles] == [1]
    found = shelf.search("上个月轴承企业")
    assert [one.id for one in found.articles] == [2]
    assert found.period == "上个月"
    assert not found.missed_period


def test_where_nothing_is_of_that_time_others_are_offered_and_said_to_be(shelve: Shelve) -> None:
    shelf = shelve([article(1, "轴承企业扩产", days_ago=200), *others()])
    found = shelf.search("昨天的轴承企业")
    assert found.answered
    assert found.missed_period
    assert [one.id for one in found.articles] == [1]


def test_a_time_alone_lists_what_was_published_then(shelve: Shelve) -> None:
    shelf = shelve([article(1, "轴承", days_ago=0), article(2, "齿轮", days_ago=35)])
    assert [one.id for one in shelf.search("有没有本周的文章").articles] == [1]


def test_a_story_told_twice_is_shown_once(shelve: Shelve) -> None:
    body = "苏州一家阀门企业在新厂房投产，年内还要再租一层。"
    shelf = shelve([article(1, "阀门企业投产", body), article(2, "阀门企业投产了", body, duplicate_of=1)])
    assert [one.id for one in shelf.search("阀门企业投产").articles] == [1]
    assert [one.id for one in shelf.newest()] == [1]


def test_related_articles_are_others(sample: IndexedArticles) -> None:
    first = sample.search("光模块产业链入门").articles[0]
    related = sample.related(first.id)
    assert related
    assert first.id not in {one.id for one in related}


def test_an_article_without_a_picture_has_that_of_its_topic(tmp_path: Path) -> None:
    own, none = (replace(article(n, f"特种阀门{n}"), topics=("other", "valves")) for n in (1, 2))
    index = Index(tmp_path)
    _put(index, replace(own, picture="https://site.example/own.png"), none)
    shelf = IndexedArticles(index, pictures={"valves": "https://site.example/valves.png"})
    pictures = {one.id: one.picture for one in shelf.newest()}
    assert pictures == {1: "https://site.example/own.png", 2: "https://site.example/valves.png"}


def test_a_synonym_finds_but_the_word_itself_ranks_higher(shelve: Shelve) -> None:
    shelf = shelve([article(1, "集成电路企业选址"), article(2, "芯片企业选址")])
    assert [one.id for one in shelf.search("芯片企业").articles][:2] == [2, 1]
    assert {one.id for one in shelf.search("集成电路企业").articles} == {1, 2}


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("宁王", "宁德时代扩产"),
        ("绿牌", "新能源汽车号牌申领"),
        ("HBM", "高带宽存储器产能"),
        ("存准率", "存款准备金率下调"),
        ("SAF", "可持续航空燃料试点"),
        ("两桶油", "中石化业绩"),
        ("WIPO", "世界知识产权组织报告"),
        ("鹅厂", "腾讯招聘"),
    ],
)
def test_what_followers_call_it_finds_what_editors_call_it(shelve: Shelve, message: str, title: str) -> None:
    found = shelve([*others(), article(1, title)]).search(message)
    assert found.articles[0].title == title


def test_an_empty_index_answers_nothing(shelve: Shelve) -> None:
    shelf = shelve([])
    assert not shelf.search("光模块").answered
    assert shelf.newest() == ()
    assert shelf.related(1) == ()


@pytest.mark.parametrize(
    "message",
    [
        "",
        "   ",
        "？？",
        "😂😂",
        "a",
        "的",
        "\x00",
        "<script>",
        "AND OR NOT",
        '+-&&|| ! ( ) { } [ ] ^ " ~ * ? : \\',
        "光" * 5000,
        "x" * 5000,
        "xi'an " * 300,
    ],
)
def test_no_message_breaks_the_search(sample: IndexedArticles, message: str) -> None:
    sample.search(message)


def test_what_was_found_is_remembered_until_the_index_or_the_day_changes(tmp_path: Path) -> None:
    index, now = Index(tmp_path), [NOW]
    shelf = IndexedArticles(index, now=lambda: now[0])
    _put(index, article(1, "轴承企业扩产", days_ago=0), *others())
    assert [one.id for one in shelf.search("今天的轴承企业").articles] == [1]
    assert shelf.search("今天的轴承企业") is shelf.search("今天的轴承企业 ")
    _put(index, article(2, "轴承企业搬家", days_ago=0))
    assert {one.id for one in shelf.search("今天的轴承企业").articles} == {1, 2}
    now[0] += timedelta(days=1)
    assert shelf.search("今天的轴承企业").missed_period


def _put(index: Index, *documents: Document) -> None:
    writer = index.writer()
    for document in documents:
        writer.put(document)
    writer.commit()
    writer.close()
    index.reload()


def test_a_change_replaces_the_article(shelve: Shelve) -> None:
    shelf = shelve([article(1, "阀门企业投产")])
    _put(shelf.index, article(1, "泵业企业投产"))
    assert [one.title for one in shelf.search("泵业").articles] == ["泵业企业投产"]
    assert not shelf.search("阀门").answered
    assert len(shelf.index) == 1
    assert shelf.now() == NOW
