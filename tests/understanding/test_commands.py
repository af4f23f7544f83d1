"""Commands in many wordings, and sentences that only look like commands."""

from __future__ import annotations

import pytest

from bot.understanding.reader import Reader
from tests.eval.corpus.wordings import ARTICLES, COMMANDS, NOT_COMMANDS, TALK


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_known_in_thirty_wordings(reader: Reader, name: str) -> None:
    wordings = COMMANDS[name]
    assert len(wordings) >= 30
    missed = [said for said in wordings if reader(said).command != name]
    assert len(missed) <= 1, missed


def test_nothing_else_is_a_command(reader: Reader) -> None:
    assert [said for said, _ in (*NOT_COMMANDS, *TALK) if reader(said).command] == []


@pytest.mark.parametrize(
    ("said", "command"), [("转人公", "human"), ("跳国", "skip"), ("继序填", "resume"), ("删除我的信习", "delete_data"), ("察看我的登记", "show")]
)  # fmt: skip
def test_a_command_may_be_typed_by_sound(reader: Reader, said: str, command: str) -> None:
    assert reader(said, "tax").command == command


def test_a_need_is_no_command(reader: Reader) -> None:
    assert reader("我想继续租厂房").command == ""
    assert reader("算了，还是要3000平吧").command == ""


@pytest.mark.parametrize("said", ARTICLES)
def test_who_asks_for_articles_says_nothing_about_a_need(reader: Reader, said: str) -> None:
    reading = reader(said.format(place="昆山", what="注塑模具"))
    assert reading.article or not reading.values.keys() - {"use", "region", "asset"}


@pytest.mark.parametrize(
    "said",
    [
        "不是苏州，是常州",
        "面积写少了，要一万二",
        "刚报的两千太少，三千吧",
        "我姓程不姓陈",
        "号码按错了",
        "公司要改一下",
    ],
)
def test_a_correction_is_noticed(reader: Reader, said: str) -> None:
    assert reader(said).corrects


@pytest.mark.parametrize("said", ["是不是有昆山的厂房", "想换成本低的地方", "发错群了", "能修改吗"])
def test_not_everything_is_a_correction(reader: Reader, said: str) -> None:
    assert not reader(said).corrects


@pytest.mark.parametrize(
    "text",
    [
        "转人工", "转人公", "能不能找个真人", "转人工，我电话13800001234", "算了，转人工吧", "想在昆山租3000平厂房，转人工",
        "光模块", "跳过", "人工智能的文章", "人工成本", "   ", "", "政策有哪些，转人工",
    ],
)  # fmt: skip
def test_who_asks_for_a_person_is_known_without_reading_the_rest(reader: Reader, text: str) -> None:
    assert reader.wants_human(text) == (reader(text).command == "human")
