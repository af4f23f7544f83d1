"""Which chains an article is about, and why."""

from __future__ import annotations

import tomllib

import pytest

from bot.search.topics import PUSHED_FROM, Taxonomy
from config import texts

LONG = "企业介绍了厂房、用工和物流的情况，随后参观了车间。" * 8


def test_the_shipped_taxonomy_is_whole(taxonomy: Taxonomy) -> None:
    keys = [topic.key for topic in taxonomy.topics]
    assert len(keys) >= 30
    assert len(set(keys)) == len(keys)
    assert {topic.parent for topic in taxonomy.topics} - {""} <= set(keys)
    for chain in taxonomy.chains:
        assert len(chain.strong) >= 3, chain.topic.name
        assert not chain.strong & chain.exclude, chain.topic.name


def test_no_name_means_two_topics(taxonomy: Taxonomy) -> None:
    named: dict[str, str] = {}
    for topic in taxonomy.topics:
        for word in (topic.name, *topic.words):
            assert named.setdefault(word, topic.key) == topic.key, word


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("一家光模块厂的搬迁", "optical"),
        ("半导体设备零部件企业", "semiconductor"),
        ("无人机物流开航", "low-altitude"),
        ("AI质检上产线", "ai"),
    ],
)
def test_a_title_is_evidence_enough_to_push(taxonomy: Taxonomy, title: str, key: str) -> None:
    found = {topic: (score, reason) for topic, score, reason in taxonomy.assign(title, f"{title}。")}
    score, reason = found[key]
    assert score >= PUSHED_FROM
    assert "标题" in reason


@pytest.mark.parametrize(
    ("title", "body", "key"),
    [
        ("数字人民币红包来了", "数字人民币。", "xr"),
        ("紫光通信发布年报", "紫光通信。", "optical"),
        ("无人机空袭一座城市", "无人机。" * 9, "low-altitude"),
        ("CHAIN store", "chain", "ai"),
        ("聊天机器人陪你过年", "聊天机器人。", "robot"),
        ("国家电网规划明年投资", "国家电网。", "home"),
        ("市场监管部门约谈7家电商平台", "7家电商平台。", "home"),
        ("防沙治沙和光伏一体化工程开工", "一体化工程。", "chemical"),
        ("俄称控制更多区域 乌称打击俄数据中心", "数据中心。" * 9, "data-center"),
    ],
)
def test_words_that_only_look_alike_are_none(taxonomy: Taxonomy, title: str, body: str, key: str) -> None:
    assert all(topic != key or score < PUSHED_FROM for topic, score, _ in taxonomy.assign(title, body))


def test_what_only_the_body_tells_is_listed_and_not_pushed(taxonomy: Taxonomy) -> None:
    body = LONG + "光伏组件、光伏支架、光伏玻璃都在这里生产，光伏是当地的主业。"
    score = {key: score for key, score, _ in taxonomy.assign("走访一个县", body)}["solar"]
    assert 0 < score < PUSHED_FROM


def test_a_title_the_body_never_comes_back_to_is_not_pushed(taxonomy: Taxonomy) -> None:
    found = {key: score for key, score, _ in taxonomy.assign("像芯片一样珍贵的是人才", LONG)}
    assert found["semiconductor"] < PUSHED_FROM


def test_a_child_brings_its_parent_along(taxonomy: Taxonomy) -> None:
    found = {key: (score, reason) for key, score, reason in taxonomy.assign("充电桩企业落户", "充电桩。")}
    assert found["charging"][0] >= PUSHED_FROM
    assert found["nev"][0] < PUSHED_FROM
    assert "充换电设施" in found["nev"][1]


def test_categories_and_tags_count(taxonomy: Taxonomy) -> None:
    assert {k: s for k, s, _ in taxonomy.assign("企业走访", LONG, "", ("储能",))}["storage"] >= PUSHED_FROM


def test_a_taxonomy_of_ones_own_needs_little() -> None:
    own = tomllib.loads('[[topic]]\nkey = "valve"\nname = "阀门"\n')
    assert Taxonomy.from_toml(own).assign("阀门之乡", "阀门")[0][:2] == ("valve", 1.0)
    assert texts.read()["topics"]["reasons"]
