"""Only numbers that exist, never a piece of another number."""

from __future__ import annotations

import pytest

from bot.understanding.reader import Reader


@pytest.mark.parametrize(
    "said",
    ["13800001234", "138 0000 1234", "138.0000.1234", "+86 138-0000-1234", "１３８００００１２３４", "一三八零零零零一二三四", "电话是1 3 8 0 0 0 0 1 2 3 4"],
)  # fmt: skip
def test_one_number_in_many_spellings(reader: Reader, said: str) -> None:
    assert reader(said, "mobile").slots()["mobile"] == ["+8613800001234"]


@pytest.mark.parametrize(
    "said",
    ["身份证320583199001011234", "快递单号78123456789012", "税号91320583MA1234567X", "15000-30000个平方", "订单13800001234567"],
)  # fmt: skip
def test_other_numbers_are_no_phones(reader: Reader, said: str) -> None:
    slots = reader(said).slots()
    assert "mobile" not in slots
    assert "landline" not in slots


@pytest.mark.parametrize(
    ("said", "problem"), [("1380000123", "short"), ("138000012345", "long"), ("14100001234", "unknown")]
)
def test_a_number_that_is_none_is_answered_with_what_is_wrong(reader: Reader, said: str, problem: str) -> None:
    reading = reader(said, "mobile")
    assert "mobile" not in reading.values
    assert reading.problems == {"mobile": problem}


def test_two_numbers_are_two(reader: Reader) -> None:
    slots = reader("白天打0512-65550123，晚上打 177 0000 4321").slots()
    assert (slots["mobile"], slots["landline"]) == (["+8617700004321"], ["+8651265550123"])
