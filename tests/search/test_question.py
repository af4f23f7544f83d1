"""What is left of a message, and which time it names."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from bot.search.question import read

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # a Wednesday, noon in Shanghai


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("请问有没有光模块的文章 谢谢", "光模块"),
        ("想了解一下人形机器人", "人形机器人"),
        ("什么是链长制？", "链长制"),
        ("發點產業鏈的資訊", "产业链"),
        ("[微笑]光伏[玫瑰]", "光伏"),
        ("来宾市的产业链", "来宾市的产业链"),
        ("发改委", "发改委"),
        ("1-8月 工业增加值", "1-8月 工业增加值"),
        ("你好", "你好"),
    ],
)
def test_politeness_goes_and_the_rest_stays(message: str, text: str) -> None:
    assert read(message, NOW).text == text


@pytest.mark.parametrize(
    ("message", "start", "end"),
    [
        ("今天的光伏文章", "2026-11-25", "2026-11-26"),
        ("昨天 光伏", "2026-11-24", "2026-11-25"),
        ("本周光伏", "2026-11-23", "2026-11-30"),
        ("上周的光伏", "2026-11-16", "2026-11-23"),
        ("这个月光伏有什么新闻", "2026-11-01", "2026-12-01"),
        ("上个月光伏", "2026-10-01", "2026-11-01"),
        ("9月的光伏", "2026-09-01", "2026-10-01"),
        ("十二月 光伏", "2025-12-01", "2026-01-01"),
        ("去年9月光伏", "2025-09-01", "2025-10-01"),
        ("光伏 2025年3月", "2025-03-01", "2025-04-01"),
        ("今年光伏", "2026-01-01", "2027-01-01"),
        ("去年的光伏", "2025-01-01", "2026-01-01"),
        ("2024年的光伏文章", "2024-01-01", "2025-01-01"),
        ("近三个月光伏", "2026-08-28", "2026-11-26"),
        ("最近两周光伏", "2026-11-12", "2026-11-26"),
        ("最近的光伏文章", "2026-09-27", "2026-11-26"),
    ],
)
def test_a_time_word_at_the_edge_is_a_period(message: str, start: str, end: str) -> None:
    question = read(message, NOW)
    assert question.text == "光伏"
    assert question.period is not None
    assert (f"{question.period.start:%Y-%m-%d}", f"{question.period.end:%Y-%m-%d}") == (start, end)
    assert question.period.start.utcoffset() is not None


@pytest.mark.parametrize(
    "message",
    [
        "1月19日新增项目66个",
        "明朝在哪一年灭亡",
        "13月 光伏",
        "这一篇讲的是去年我们厂搬到昆山以后用工和物流成本怎么变化的",
    ],
)
def test_other_times_are_part_of_what_is_told(message: str) -> None:
    assert read(message, NOW).period is None


def test_new_energy_is_not_new() -> None:
    assert read("新能源汽车", NOW).text == "新能源汽车"
    assert read("人形机器人最新进展", NOW).newest


@pytest.mark.parametrize("message", ["光伏" + "{" * 300 + "a_厂房", "帮我找" + "$" * 200 + "光_伏", "{ " * 150 + "_a"])
def test_rows_of_signs_are_read_at_once(message: str) -> None:
    """Found by `make fuzz`: looked for as a pattern they kept a process busy for ever."""
    began = time.thread_time()
    assert read(message, NOW).said
    assert time.thread_time() - began < 1


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("请问光伏，储能的文章？", "光伏,储能"),
        ("帮我找C++ 和 .NET的文章", "c++ 和 .net"),
        ("有没有{光伏}的文章", "{光伏}"),
    ],
)
def test_marks_inside_stay_as_they_were(message: str, text: str) -> None:
    assert read(message, NOW).text == text
