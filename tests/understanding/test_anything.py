"""Whatever comes in: no crash, no endless reading, nothing shared between threads."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.reader import Reader
from bot.understanding.reading import SURE
from tests.eval.corpus import sample

SLOTS = (
    None,
    "area",
    "region",
    "use",
    "tax",
    "company",
    "contact",
    "mobile",
    "budget",
    "deal",
    "asset",
    "phone",
    "nonsense",
)
WORDS = (
    "昆山", "苏州", "鼓楼", "3000", "一万二", "平", "亩", "元", "块", "一平一天", "不是", "是", "改成", "想", "租", "买", "厂房", "做", "注塑", "有限公司",
    "王总", "138", "00001234", "税收", "万", "亿", "以上", "不超过", "，", "。", "\n", " ", "：", "、", "不要", "现在", "(", "）", "\x00", "😀", "两", "半", "点",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.sampled_from(SLOTS))
def test_any_text_is_read(reader: Reader, text: str, asked: str | None) -> None:
    json.dumps(reader(text, asked).slots())


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map("".join), st.sampled_from(SLOTS))
def test_any_jumble_of_our_words_is_read(reader: Reader, text: str, asked: str | None) -> None:
    reading = reader(text, asked)
    json.dumps(reading.slots())
    assert all(0 <= value.confidence <= 1 for value in reading.values.values())
    doubtful = {name for name, value in reading.values.items() if value.confidence < SURE and not value.value}
    assert not doubtful & reading.slots().keys()


@pytest.mark.parametrize(
    "piece",
    ["一", "1", "1380000123", "昆山", "不是", "做", "，", "元一", "有限公司", "的", "A", "王总", "3000平", "一平", "百", "改成", "人工", "a@", "1 ", "1.", "一个", "138-", "( ", "到", "算了"],
)  # fmt: skip
def test_a_long_message_takes_no_longer_than_its_length(reader: Reader, piece: str) -> None:
    began = time.process_time()
    reader(piece * (5000 // len(piece)))
    assert time.process_time() - began < 3


def test_the_reader_keeps_nothing(reader: Reader) -> None:
    rows = sample()[:200]
    alone = [reader(row["text"], row.get("asked")) for row in rows]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda row: reader(row["text"], row.get("asked")), rows))
    assert together == alone
